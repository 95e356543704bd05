/**
 * Elements made without markup: text goes in as text only, so no file name and no heading can become code.
 */

export const byId = (id) => document.getElementById(id);

/** Return a new element; attributes that are null or false are left out, `on…` are listeners. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replace what a container holds; the focus stays on the element of the same `data-key`. */
export function fill(container, ...children) {
  const active = document.activeElement;
  const key = container.contains(active) ? active.dataset.key : undefined;
  container.replaceChildren(...children.flat().filter(Boolean));
  if (key !== undefined) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Return whether a key press is not the page's: of the browser, or of a method that composes signs. */
export const isForeign = (event) => event.ctrlKey || event.metaKey || event.altKey || event.isComposing;

/** Keep the focus in the page: where what had it is removed, hidden or disabled, another element takes it. */
export function keepFocus(other) {
  let last = null;
  const isLost = (element) => !element.isConnected || element.disabled || !element.checkVisibility();
  document.addEventListener("focusin", ({ target }) => (last = target));
  document.addEventListener("pointerdown", () => (last = null)); // a person may leave what has the focus
  new MutationObserver(() => {
    if (!last || !isLost(last) || ![document.body, last].includes(document.activeElement)) return;
    last = null;
    other().focus({ preventScroll: true });
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["disabled", "hidden"] });
}

/** Announce a text to screen readers. */
export function say(text) {
  const live = byId("live");
  live.textContent = "";
  setTimeout(() => (live.textContent = text), 50); // the same words twice are read twice
}

let hiding = 0;

/** Show a short message for some seconds, with one action. */
export function toast(text, action = null) {
  byId("toast-text").textContent = text;
  const button = byId("toast-action");
  button.hidden = !action;
  button.onclick = () => {
    hideToast();
    action();
  };
  byId("toast").hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(hideToast, action ? 10_000 : 4_000);
  say(text);
}

export const hideToast = () => (byId("toast").hidden = true);

const TOPICS = ["tab", "token", "service", "storage"]; // what stands first is shown first
const notices = new Map();

/** Show a message on a topic that stays, with one [words, action]; without a text, end it. */
export function notice(topic, message = "", act = null) {
  notices.set(topic, [message, act]);
  const [text, action] = TOPICS.map((each) => notices.get(each)).find((each) => each?.[0]) ?? ["", null];
  if (byId("notice-text").textContent === text) return;
  byId("notice-text").textContent = text;
  byId("notice").title = text;
  byId("notice").hidden = !text;
  byId("notice-action").hidden = !action;
  if (action) [byId("notice-action").textContent, byId("notice-action").onclick] = action;
}

/** Hand a file to the browser's downloads. */
export function download(name, blob) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Copy text to the clipboard; pages without TLS need the old API. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = h("textarea", { "aria-hidden": "true", class: "sr" });
  const focused = document.activeElement;
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  if (!copied) throw new Error("the browser refused");
}
