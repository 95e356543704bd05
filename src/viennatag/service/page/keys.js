/** Keyboard shortcuts: one table for the page and the help, in which each key can be changed. */

import { byId, fill, h, isForeign } from "./dom.js";

const NAMES = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", Shift: "Shift", " ": "Space" };
const FIXED = /^(Arrow|Escape|Tab|Enter| $)/;

/** Return the sign that a key types, as if Caps Lock were off. */
function typed(event) {
  if (event.key.length > 1 || !event.getModifierState("CapsLock")) return event.key;
  return event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase();
}

/**
 * Listen for keys.
 *
 * @param actions each { id, keys, range, description, run, rows, repeats, fixed }; `range` shows many keys by the first and the last,
 *   `rows` marks what acts on the list of suggestions, `repeats` what goes on while the key is held down, and `fixed`
 *   keys stay as they are. `run` gets the key.
 * @param store keeps changed keys.
 * @param may tells whether keys act at all.
 */
export async function listen(actions, store, may) {
  const changed = (await store.get("settings", "keys")) ?? {};
  let waiting = null; // the action whose key is being changed
  const keysOf = (action) => (changed[action.id] ? [changed[action.id], ...action.keys.filter((key) => FIXED.test(key))] : action.keys);
  const owner = (key) => actions.find((action) => keysOf(action).includes(key));

  /** Return what a key press means: the sign that is typed if it has an action, else the digit on the key. */
  function read(event) {
    const { code, shiftKey } = event;
    const key = typed(event);
    if (!/^Digit\d$/.test(code) || (owner(key) && !/^\d$/.test(key))) return key; // a German / is Shift+7
    return shiftKey ? `Shift+${code.at(-1)}` : code.at(-1);
  }

  document.addEventListener("keydown", (event) => {
    if (waiting) return change(event);
    if (isForeign(event) || event.defaultPrevented || !may()) return;
    if (document.querySelector("dialog[open]")) return;
    const { target } = event;
    const typing = target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    const key = read(event);
    const action = owner(key);
    if (!action || (typing && key !== "Escape")) return;
    if (!FIXED.test(key) && !byId("single-keys").checked) return;
    const gridded = document.body.classList.contains("gridded");
    if (gridded && action.id !== "grid" && action.id !== "help") return;
    if (action.rows && byId("suggestions").hidden) return; // no row that is out of sight is decided
    if (key.startsWith("Arrow") && target !== document.body && !target.closest("#suggestions, #codes, #name")) return;
    if (key.startsWith("Arrow") && target.closest("[role=tablist], #finder")) return;
    event.preventDefault();
    if (!event.repeat || action.repeats) action.run(key); // a key held down decides once
  });

  function change(event) {
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const action = waiting;
    const key = typed(event);
    waiting = null;
    const other = owner(key);
    if (key === "Escape") note("Nothing was changed.");
    else if (FIXED.test(key) || key.length > 1) note(`${NAMES[key] ?? key} cannot be used; choose a letter, a number or a sign.`);
    else if (other && other !== action) note(`${key} already means: ${other.description}.`);
    else {
      changed[action.id] = key;
      keep();
      note(`${key} now means: ${action.description}.`);
    }
    draw();
  }

  const note = (text) => (byId("keys-note").textContent = text);
  const keep = () => store.put("settings", "keys", changed).catch(() => {});

  function draw() {
    const label = (key) => key.split("+").map((part) => h("kbd", {}, NAMES[part] ?? part));
    const caps = (action) => (action.range ? [label(action.range[0]), " to ", label(action.range[1])] : keysOf(action).map(label)).flat();
    const cell = (action) => {
      const ask = () => {
        waiting = action;
        note(`Press the new key for: ${action.description}. Esc keeps the old one.`);
      };
      if (action.fixed) return caps(action);
      return h("button", { type: "button", class: "quiet", "data-key": action.id, "aria-label": `Change the key ${keysOf(action).join(", ")} for: ${action.description}`, onclick: ask }, caps(action));
    };
    fill(byId("keys").tBodies[0], actions.map((action) => h("tr", {}, h("th", { scope: "row" }, cell(action)), h("td", {}, action.description))));
    for (const action of actions) {
      for (const cap of document.querySelectorAll(`[data-action="${action.id}"]`)) cap.textContent = keysOf(action)[0];
    }
  }

  byId("keys-reset").onclick = () => {
    for (const id of Object.keys(changed)) delete changed[id];
    keep();
    note("The standard keys are back.");
    draw();
  };
  byId("help").addEventListener("close", () => (waiting = null));
  draw();
}
