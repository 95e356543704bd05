/** The list of images with their state, filtered and in order. */

import { byId, fill, h } from "./dom.js";
import { expectedErrors } from "./listing.js";
import { accepted, openSuggestions } from "./mark.js";

const UNSURE = 1; // expected wrong decisions

const unsure = (mark) => mark.status === "read" && !mark.done && expectedErrors(mark) >= UNSURE;
const FILTERS = {
  all: ["All", () => true],
  open: ["Open", (mark) => !mark.done && mark.status !== "failed" && (!mark.team || Boolean(mark.team.stage))],
  unsure: ["Unsure", unsure],
  failed: ["Failed", (mark) => mark.status === "failed"],
  disputed: ["Disputed", ({ team }) => Boolean(team?.conflict) || team?.state === "disagreed"],
  done: ["Done", (mark) => Boolean(mark.done)],
};

export function picture(mark) {
  if (!mark.thumbnail) return h("span", { class: "thumb blank", "aria-hidden": "true" });
  return h("span", { class: "thumb", "data-ground": mark.ground, "aria-hidden": "true" }, h("img", { src: mark.thumbnail, alt: "", loading: "lazy", draggable: "false" }));
}

/** Return the CSS class and the text of the state of an image. */
export function describeState(mark) {
  if (mark.status === "waiting") return ["waiting", "waits"];
  if (mark.status === "reading") return ["waiting", "being read …"];
  if (mark.status === "failed") return ["failed", mark.problem?.title ?? "failed"];
  const codes = accepted(mark);
  const others = teamWords(mark);
  if (others) return [mark.done ? "done" : "open", codes.length ? `${others}: ${codes.join(", ")}` : others];
  if (mark.status === "absent") return ["open", "image not here"];
  if (mark.done) return ["done", codes.length ? codes.join(", ") : "no codes"];
  if (mark.note && !codes.length) return ["open", "no suggestions"];
  const open = openSuggestions(mark).length;
  return ["open", codes.length ? `${codes.join(", ")}, ${open} open` : `${open} to decide`];
}

/** Return what a team must know of a mark at first sight; nothing of one's own work. */
function teamWords({ team }) {
  if (!team) return "";
  const { first, review } = team.examinations;
  if (team.conflict) return "changed by another";
  if (team.state === "disagreed") return "disagreed";
  if (team.stage === "review" && !review?.done) return "to review";
  if (team.stage) return "";
  if (!first.done) return `work of ${first.assigned_to}`;
  return team.state === "in review" ? "in review" : `by ${first.examiner}`;
}

/** Keep an element for each mark and draw it again only when what it shows has changed. */
export class Rows {
  #rows = new Map();
  #shown = new Map();

  constructor(list, make) {
    this.list = list;
    this.make = make;
  }

  /** Show marks; `key` returns what a mark's row depends on. */
  draw(marks, key) {
    const wanted = marks.map((mark) => {
      const shown = key(mark);
      if (this.#shown.get(mark) !== shown) {
        const row = this.#rows.get(mark) ?? h("li", {});
        fill(row, this.make(mark));
        this.#rows.set(mark, row);
        this.#shown.set(mark, shown);
      }
      return this.#rows.get(mark);
    });
    const present = this.list.children;
    if (wanted.length !== present.length || wanted.some((row, at) => row !== present[at])) {
      const start = wanted.findIndex((row, at) => row !== present[at]);
      if (wanted.length > present.length && start === present.length) this.list.append(...wanted.slice(start));
      else this.list.replaceChildren(...wanted);
    }
    if (this.#rows.size > marks.length * 2 + 100) this.#forget(new Set(marks));
  }

  #forget(kept) {
    for (const mark of [...this.#rows.keys()].filter((each) => !kept.has(each))) {
      this.#rows.delete(mark);
      this.#shown.delete(mark);
    }
  }

  of(mark) {
    return this.#rows.get(mark);
  }
}

/** Show the queue; returns a function that gives the marks that are listed, in order. */
export function showQueue(session) {
  let order = []; // frozen until it is asked for anew: no row moves because of a decision or an answer
  let pending = false;
  const rows = new Rows(byId("images"), (mark) => item(session, mark));

  function arrange() {
    const [, wanted] = FILTERS[byId("filter").value];
    const found = session.marks.filter(wanted);
    if (byId("unsure-first").checked) {
      const errors = new Map(found.map((mark) => [mark, mark.status === "read" && !mark.done ? expectedErrors(mark) : -1]));
      found.sort((a, b) => errors.get(b) - errors.get(a));
    }
    order = found;
  }

  /** Removed images leave the list, new ones come to its end, and one that comes back to its place. */
  function follow() {
    const places = new Map(session.marks.map((mark, at) => [mark, at]));
    const listed = new Set(order);
    const [, wanted] = FILTERS[byId("filter").value];
    const added = session.marks.filter((mark) => !listed.has(mark) && wanted(mark));
    if (!added.length && order.every((mark) => places.has(mark))) return;
    order = [...order.filter((mark) => places.has(mark)), ...added];
    if (!byId("unsure-first").checked) order.sort((a, b) => places.get(a) - places.get(b));
  }

  function draw() {
    pending = false;
    const { marks, current } = session;
    follow();
    rows.draw(order, (mark) => [...describeState(mark), mark === current, mark.thumbnail?.length].join("|"));
    const count = Object.fromEntries(Object.entries(FILTERS).map(([name, [, wanted]]) => [name, marks.filter(wanted).length]));
    for (const option of byId("filter").options) {
      option.textContent = `${FILTERS[option.value][0]} (${count[option.value]})`;
      option.hidden = option.value === "disputed" && !session.team;
    }
    const left = marks.filter(({ status }) => status === "waiting" || status === "reading").length;
    const progress = byId("progress");
    progress.max = Math.max(1, marks.length);
    progress.value = marks.length - left;
    progress.classList.toggle("complete", !left);
    const failed = count.failed ? `, ${count.failed} failed` : "";
    byId("count").textContent = (left ? `${marks.length - left} of ${marks.length} read` : `${count.done} of ${marks.length} done`) + failed;
    byId("retry").disabled = !count.failed;
    document.body.classList.toggle("empty", !marks.length);
  }

  function again() {
    arrange();
    draw();
  }

  fill(byId("filter"), Object.entries(FILTERS).map(([value, [words]]) => h("option", { value }, words)));
  session.addEventListener("queue", () => {
    if (!pending) requestAnimationFrame(draw);
    pending = true;
  });
  session.addEventListener("idle", () => byId("queue").matches(":hover") || again());
  session.addEventListener("shown", () => {
    requestAnimationFrame(() => rows.of(session.current)?.scrollIntoView({ block: "nearest", inline: "nearest" }));
  });
  byId("retry").onclick = () => session.retry(session.failed);
  byId("filter").addEventListener("change", again);
  byId("unsure-first").addEventListener("change", again);
  arrange();
  return () => order;
}

function item(session, mark) {
  const [kind, words] = describeState(mark);
  const current = mark === session.current;
  return h(
    "button",
    { type: "button", class: `image ${kind}`, "data-key": mark.id, "aria-current": current && "true", onclick: () => session.show(mark) },
    picture(mark),
    h(
      "span",
      { class: "about" },
      h("span", { class: "file", dir: "auto", title: mark.name }, mark.name),
      h("span", { class: "state small", title: words }, kind === "done" && h("span", { class: "sr" }, "done, "), words),
    ),
  );
}
