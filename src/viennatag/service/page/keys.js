/** Keyboard shortcuts: one table for the page and the help. */

import { byId, h } from "./dom.js";

/** Listen for keys. Each action is { keys, description, run }; single letters can be switched off in the help. */
export function listen(actions) {
  const byKey = new Map(actions.flatMap((action) => action.keys.map((key) => [key, action])));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const { target } = event;
    const typing = target.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    const action = byKey.get(event.key);
    if (!action || (typing && event.key !== "Escape")) return;
    if (event.key.length === 1 && !byId("single-keys").checked) return;
    if (event.key.startsWith("Arrow") && target !== document.body && !target.closest("#suggestions, #codes")) return;
    if (event.key.startsWith("Arrow") && target.closest("[role=tablist], #finder")) return;
    event.preventDefault();
    action.run();
  });
  const name = (key) => ({ ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc" })[key] ?? key;
  byId("keys").tBodies[0].replaceChildren(
    ...actions.map(({ keys, description }) =>
      h("tr", {}, h("th", { scope: "row" }, keys.map((key) => h("kbd", {}, name(key)))), h("td", {}, description)),
    ),
  );
}
