/** The codes of the current mark, as every export holds them. */

import { byId, fill, h } from "./dom.js";
import { about, accepted, isBare, mayDecide, mayFinish, spell } from "./mark.js";

/** @param padded how the register spells codes; @param drop called with a code that is removed. */
export function showTray(session, padded, drop) {
  let places = []; // codes in the order they came; a removed one leaves its place empty, so that no other moves

  const settle = () => (places = session.current ? accepted(session.current) : []);

  function chip(code, present) {
    const name = spell(code, padded());
    if (!present) return h("li", { class: "chip empty", "aria-hidden": "true" }, h("span", { class: "mono" }, name), h("span", { class: "icon" }));
    const { heading } = about(session.current, code);
    return h(
      "li",
      { class: "chip", title: heading },
      h("span", { class: "code" }, name),
      isBare(code) && h("span", { class: "small muted" }, " category only"),
      h("button", { type: "button", class: "icon", "data-key": `drop ${code}`, "aria-label": `Remove ${name}`, onclick: () => drop(code) }, "×"),
    );
  }

  function draw() {
    const mark = session.current;
    const codes = mark ? accepted(mark) : [];
    places.push(...codes.filter((code) => !places.includes(code)));
    const chips = places.map((code) => chip(code, codes.includes(code)));
    fill(byId("accepted-codes"), codes.length ? chips : h("li", { class: "muted small" }, "None yet."));
    byId("tray-state").textContent = mark?.status === "read" ? (mark.done ? "done" : "open") : "";
    byId("copy").disabled = !codes.length;
    byId("undo").disabled = !mark?.history.length || !mayDecide(mark);
    byId("done").disabled = !mayFinish(mark);
  }

  session.addEventListener("shown", settle);
  session.addEventListener("mark", draw);
  byId("tray").addEventListener("pointerleave", () => {
    settle();
    draw();
  });
}
