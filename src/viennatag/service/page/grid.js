/** All listed images side by side, with decisions for many at once. */

import * as api from "./api.js";
import { byId, h, isForeign, toast } from "./dom.js";
import { accepted, decide, mayDecide, setDone, undo } from "./mark.js";
import { describeState, picture, Rows } from "./queue.js";
import { titled } from "./tree.js";

const SUGGESTED = 3; // suggestions on a cell without codes

/**
 * @param listed gives the marks in their order.
 * @param acceptAbove accepts the sure codes of a mark and returns their number.
 */
export function showGrid(session, listed, acceptAbove) {
  const chosen = new Set();
  const rows = new Rows(byId("cells"), cell);
  let last = null; // the cell from which Shift selects

  function cell(mark) {
    const [kind, words] = describeState(mark);
    const codes = accepted(mark);
    const hints = mark.suggestions.slice(0, SUGGESTED).map(({ code, heading }) => (heading === code ? code : `${code} ${heading}`));
    return [
      h(
        "label",
        { class: `cell ${kind}` },
        h("input", { type: "checkbox", "data-key": mark.id, checked: chosen.has(mark), onclick: (event) => select(mark, event) }),
        picture(mark),
        h("span", { class: "file small", dir: "auto", title: mark.name }, mark.name),
        h("span", { class: "state small" }, codes.length || mark.done ? words : hints.join(" · ") || words),
      ),
      h("button", { type: "button", class: "quiet small", "aria-label": `Show ${mark.name}`, onclick: () => open(mark) }, "Show"),
    ];
  }

  function select(mark, event) {
    const on = event.target.checked;
    const marks = listed();
    const ends = [marks.indexOf(last), marks.indexOf(mark)].sort((a, b) => a - b);
    const range = event.shiftKey && ends[0] >= 0 ? marks.slice(ends[0], ends[1] + 1) : [mark];
    for (const each of range) on ? chosen.add(each) : chosen.delete(each);
    last = mark;
    draw();
  }

  function draw() {
    if (byId("grid").hidden) return;
    const marks = listed();
    const present = new Set(marks);
    for (const mark of chosen) if (!present.has(mark)) chosen.delete(mark);
    rows.draw(marks, (mark) => [...describeState(mark), mark.thumbnail?.length].join("|"));
    for (const mark of marks) {
      const box = rows.of(mark).querySelector("input");
      if (box.checked !== chosen.has(mark)) box.checked = chosen.has(mark);
    }
    byId("grid-count").textContent = `${chosen.size} of ${marks.length} selected`;
    for (const id of ["grid-none", "grid-accept", "grid-add", "grid-done", "grid-reopen"]) byId(id).disabled = !chosen.size;
  }

  function open(mark) {
    toggle(false);
    session.show(mark);
    byId("name").focus({ preventScroll: true });
  }

  function toggle(on = byId("grid").hidden) {
    byId("grid").hidden = !on || !session.marks.length;
    document.body.classList.toggle("gridded", !byId("grid").hidden);
    draw();
    (byId("grid").hidden ? byId("open-grid") : byId("grid-all")).focus({ preventScroll: true });
  }

  /** Change all selected marks that are read, to be undone together; `words` gets what the actions returned. */
  function change(action, words) {
    const marks = [...chosen].filter((mark) => mark.status === "read" && mayDecide(mark));
    const before = new Map(marks.map((mark) => [mark, mark.history.length]));
    const results = marks.map(action);
    const changed = new Map(marks.filter((mark) => mark.history.length > before.get(mark)).map((mark) => [mark, mark.history.length]));
    for (const mark of changed.keys()) session.changed(mark);
    toast(words(results), changed.size ? () => takeBack(changed) : null);
  }

  /** Undo the last change of marks; what was decided on since stays. */
  function takeBack(changed) {
    for (const [mark, length] of changed) {
      if (mark.history.length !== length) continue;
      undo(mark);
      session.changed(mark);
    }
  }

  async function add() {
    const text = byId("grid-code").value.trim();
    try {
      const { code, heading } = await api.node(text);
      change((mark) => {
        if (mark.decisions[code] === "accepted") return;
        mark.headings[code] = heading;
        decide(mark, code, "accepted", new Date().toISOString());
      }, ({ length }) => `${length} have ${titled(code, heading)}.`);
      byId("grid-code").value = "";
    } catch (problem) {
      toast(`${text || "No code"}: ${problem.message}`);
    }
  }

  byId("open-grid").onclick = () => toggle(true);
  byId("close-grid").onclick = () => toggle(false);
  byId("grid-all").onclick = () => {
    for (const mark of listed()) chosen.add(mark);
    draw();
  };
  byId("grid-none").onclick = () => {
    chosen.clear();
    draw();
  };
  byId("grid-accept").onclick = () => change(acceptAbove, (counts) => `${counts.reduce((sum, count) => sum + count, 0)} codes accepted.`);
  byId("grid-add").onclick = add;
  byId("grid-code").onkeydown = (event) => event.key === "Enter" && !isForeign(event) && chosen.size && add();
  byId("grid-done").onclick = () => change((mark) => mark.done || setDone(mark, new Date().toISOString()), ({ length }) => `${length} are done.`);
  byId("grid-reopen").onclick = () => change((mark) => mark.done && setDone(mark, null), ({ length }) => `${length} are open again.`);
  let pending = false;
  session.addEventListener("queue", () => {
    if (!pending) {
      requestAnimationFrame(() => {
        pending = false;
        draw();
      });
    }
    pending = true;
  });
  return toggle;
}
