/** The list of images with their status. */

import { byId, fill, h } from "./dom.js";
import { accepted, openSuggestions } from "./mark.js";

function picture(mark) {
  if (!mark.thumbnail) return h("span", { class: "thumb blank", "aria-hidden": "true" });
  return h("span", { class: "thumb", "aria-hidden": "true" }, h("img", { src: mark.thumbnail, alt: "" }));
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** Return the CSS class and the text of the status of an image. */
export function describeStatus(mark) {
  if (mark.status === "waiting") return ["waiting", "waits"];
  if (mark.status === "reading") return ["waiting", "being read …"];
  if (mark.status === "failed") return ["failed", mark.problem?.title ?? "failed"];
  const codes = accepted(mark).length;
  if (mark.done) return ["done", codes ? `done, ${plural(codes, "code")}` : "done, no codes"];
  const open = openSuggestions(mark).length;
  return ["open", codes ? `${plural(codes, "code")}, ${open} open` : `${open} to decide`];
}

function item(session, mark) {
  const [kind, words] = describeStatus(mark);
  const current = mark === session.current;
  return h(
    "button",
    { type: "button", class: `image ${kind}`, "data-key": mark.id, "aria-current": current && "true", onclick: () => session.show(mark) },
    picture(mark),
    h("span", { class: "about" }, h("span", { class: "file", title: mark.name }, mark.name), h("span", { class: "state small" }, words)),
  );
}

export function showQueue(session) {
  const rows = new Map(); // by mark: its row and what it showed; most changes touch one row of many
  let pending = false;
  const draw = () => {
    pending = false;
    const { marks, current } = session;
    const list = byId("images");
    for (const mark of marks) {
      const shown = [...describeStatus(mark), mark === current, Boolean(mark.thumbnail)].join("|");
      if (!rows.has(mark)) rows.set(mark, { row: h("li", {}), shown: "" });
      const entry = rows.get(mark);
      if (entry.shown !== shown) fill(entry.row, item(session, mark));
      entry.shown = shown;
    }
    for (const mark of [...rows.keys()]) if (!marks.includes(mark)) rows.delete(mark);
    const wanted = marks.map((mark) => rows.get(mark).row);
    if (wanted.length !== list.children.length || wanted.some((row, at) => row !== list.children[at])) list.replaceChildren(...wanted);

    const read = marks.filter((mark) => mark.status === "read" || mark.status === "failed").length;
    const failed = marks.filter((mark) => mark.status === "failed").length;
    const done = marks.filter((mark) => mark.done).length;
    const progress = byId("progress");
    progress.max = Math.max(1, marks.length);
    progress.value = read;
    progress.hidden = read === marks.length;
    byId("count").textContent = read < marks.length ? `${read} of ${marks.length} read` : `${done} of ${marks.length} done`;
    byId("retry").hidden = !failed;
    document.body.classList.toggle("empty", !marks.length);
  };
  session.addEventListener("queue", () => {
    if (!pending) requestAnimationFrame(draw);
    pending = true;
  });
  session.addEventListener("shown", () => {
    requestAnimationFrame(() => rows.get(session.current)?.row.scrollIntoView({ block: "nearest", inline: "nearest" }));
  });
  byId("retry").onclick = () => session.retry(session.marks.filter((mark) => mark.status === "failed"));
}
