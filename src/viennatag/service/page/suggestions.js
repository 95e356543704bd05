/** The suggestions by category with their decisions, and the accepted codes. */

import { byId, fill, h, say, toast } from "./dom.js";
import { about, accepted, compareCodes, decide, openSuggestions, setDone, undo, decisionOf, spell } from "./mark.js";

const PERCENT = (score) => (score < 0.01 ? "<1 %" : `${Math.round(score * 100)} %`);
const DECISION_WORDS = { accepted: "accepted", rejected: "rejected", refined: "replaced by a code below it", open: "" };

export class Suggestions {
  constructor(session, padded) {
    this.session = session;
    this.padded = padded; // how the register spells codes
    session.addEventListener("mark", () => this.draw());
    session.addEventListener("shown", () => (byId("suggestions").scrollTop = 0));
    session.addEventListener("choice", () => this.#markSelected());
  }

  /** Return the listed codes from top to bottom. */
  get codes() {
    return [...byId("suggestions").querySelectorAll("[data-code]")].map((row) => row.dataset.code);
  }

  draw() {
    const mark = this.session.current;
    const panel = byId("suggestions");
    panel.setAttribute("aria-busy", String(mark?.status === "waiting" || mark?.status === "reading"));
    if (!mark) fill(panel);
    else if (mark.status === "failed") fill(panel, this.#failure(mark));
    else if (mark.status !== "read") fill(panel, h("p", { class: "muted wait" }, "The image is being read …"));
    else fill(panel, this.#lowScoreNote(mark), groups(mark).map((group) => this.#group(mark, group)));
    this.#drawTray(mark);
    this.#markSelected();
  }

  #failure(mark) {
    const again = () => this.session.retry([mark]);
    return h(
      "div",
      { class: "failure" },
      h("h3", {}, mark.problem.title),
      h("p", {}, mark.problem.detail),
      h("button", { type: "button", onclick: again }, "Try again"),
    );
  }

  #lowScoreNote(mark) {
    const sure = mark.suggestions.some((suggestion) => suggestion.above_threshold);
    return !sure && h("p", { class: "low-scores" }, "No code is above its threshold. These are the codes with the highest scores.");
  }

  #group(mark, [category, suggestions]) {
    const heading = this.session.categories.get(category);
    const title = suggestions[0].level === "label" ? "Labels" : [h("span", { class: "code" }, category), heading ?? ""];
    return h(
      "section",
      { class: "group", "aria-label": heading ? `${category} ${heading}` : category },
      h("h3", {}, title),
      h("ul", {}, suggestions.map((suggestion) => this.#row(mark, suggestion, true))),
    );
  }

  #row(mark, suggestion, top) {
    const { code, heading, score, level } = suggestion;
    const state = decisionOf(mark, code);
    const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", {}));
    bar.firstChild.style.width = `${Math.max(1, score * 100)}%`;
    const uncertain = top && (level === "division" || level === "category");
    return h(
      "li",
      { class: `suggestion ${state}`, "data-code": code },
      h(
        "button",
        { type: "button", class: "main", "data-key": code, onclick: () => this.session.choose(code) },
        h("span", { class: "code" }, code),
        h("span", { class: "heading" }, heading),
        bar,
        h("span", { class: "level small" }, level),
        h("span", { class: "score" }, PERCENT(score)),
        h("span", { class: "sr" }, DECISION_WORDS[state]),
      ),
      this.#decisionButton(code, "accepted", "Accept", "✓", state, heading),
      this.#decisionButton(code, "rejected", "Reject", "✕", state, heading),
      uncertain && this.#childRows(mark, suggestion),
    );
  }

  #decisionButton(code, wanted, word, sign, state, heading) {
    return h(
      "button",
      {
        type: "button",
        class: `icon decide ${wanted}`,
        "data-key": `${wanted} ${code}`,
        "aria-label": `${word} ${code}, ${heading}`,
        "aria-pressed": String(state === wanted),
        title: word,
        onclick: () => this.decide(code, wanted),
      },
      h("span", { "aria-hidden": "true" }, sign),
    );
  }

  #childRows(mark, suggestion) {
    if (decisionOf(mark, suggestion.code) === "rejected") return null;
    const level = suggestion.level === "division" ? "Division" : "Category";
    const words = `${level} ${suggestion.score >= 0.5 ? "likely" : "possible"}, section uncertain.`;
    const children = mark.children[suggestion.code];
    const box = h("div", { class: "children" }, h("p", { class: "uncertain small" }, words, children?.length > 0 && " The most likely sections:"));
    if (children?.length) box.append(h("ul", {}, children.map((child) => this.#row(mark, child, false))));
    else if (children) box.append(h("p", { class: "muted small" }, "The model has no section of it."));
    else this.#fetchChildren(mark, suggestion, box);
    return box;
  }

  async #fetchChildren(mark, suggestion, box) {
    try {
      await this.session.children(mark, suggestion);
      if (mark === this.session.current) this.draw();
    } catch (problem) {
      box.append(h("p", { class: "muted small" }, problem.message));
    }
  }

  #markSelected() {
    for (const row of byId("suggestions").querySelectorAll("[data-code]")) {
      const selected = row.dataset.code === this.session.selected;
      row.classList.toggle("selected", selected);
      row.querySelector(".main").ariaCurrent = selected ? "true" : null;
    }
  }

  #drawTray(mark) {
    const codes = mark ? accepted(mark) : [];
    const chip = (code) => {
      const name = spell(code, this.padded());
      const { heading } = about(mark, code);
      const drop = () => this.decide(code, "accepted");
      return h(
        "li",
        { class: "chip" },
        h("span", { class: "code", title: heading }, name),
        h("button", { type: "button", class: "icon", "data-key": `drop ${code}`, "aria-label": `Remove ${name}`, onclick: drop }, "×"),
      );
    };
    fill(byId("accepted-codes"), codes.length ? codes.map(chip) : h("li", { class: "muted small" }, "None yet."));
    byId("copy").disabled = !codes.length;
    byId("undo").disabled = !mark?.history.length;
    byId("done").disabled = mark?.status !== "read";
    byId("done").firstChild.textContent = mark?.done ? "Next " : "Done, next ";
    byId("tray").classList.toggle("decided", Boolean(mark?.done));
  }

  /** Select the row some positions further down, and show it. */
  move(by) {
    const { codes } = this;
    if (!codes.length) return;
    const at = codes.indexOf(this.session.selected);
    const code = codes[at < 0 ? (by > 0 ? 0 : codes.length - 1) : Math.min(codes.length - 1, Math.max(0, at + by))];
    this.session.choose(code);
    byId("suggestions").querySelector(`[data-key="${CSS.escape(code)}"]`).focus();
  }

  /** Set or remove a decision; a code that was not suggested comes with its heading. */
  decide(code, wanted, heading = null) {
    const mark = this.session.current;
    if (!mark) return;
    if (heading !== null) mark.headings[code] = heading;
    decide(mark, code, wanted, new Date().toISOString());
    this.session.changed(mark);
    const left = openSuggestions(mark).length;
    say(`${code} ${mark.decisions[code] ?? "open again"}. ${left ? `${left} open` : "All decided"}.`);
  }

  /** Accept a code of the classification or of a reference mark. */
  add(code, heading) {
    const mark = this.session.current;
    if (!mark) return;
    if (mark.decisions[code] === "accepted") return toast(`${code} is already accepted.`);
    this.decide(code, "accepted", heading);
    toast(`Added ${code}, ${heading}.`, () => this.undo());
  }

  undo() {
    const mark = this.session.current;
    const code = mark && undo(mark);
    if (code === undefined || !mark) return say("Nothing to undo.");
    this.session.changed(mark);
    if (code && this.codes.includes(code)) this.session.choose(code);
    say(code ? `Undone: ${code} is ${DECISION_WORDS[decisionOf(mark, code)] || "open"}.` : "Undone.");
  }

  /** Mark as done, and go to the next open mark. */
  finish() {
    const { session } = this;
    const mark = session.current;
    if (mark?.status !== "read") return;
    if (!mark.done) {
      setDone(mark, new Date().toISOString());
      session.changed(mark);
    }
    const next = session.nextOpen();
    if (next && next !== mark) session.show(next);
    else toast("All images are done. Export the codes or the decision log.");
  }
}

/** Return [category, suggestions] pairs, the most likely category first. */
function groups(mark) {
  const found = new Map();
  for (const suggestion of mark.suggestions) {
    const category = suggestion.level === "label" ? "labels" : suggestion.path[0];
    found.set(category, [...(found.get(category) ?? []), suggestion]);
  }
  const best = (suggestions) => Math.max(...suggestions.map((suggestion) => suggestion.score));
  return [...found].sort((a, b) => best(b[1]) - best(a[1]) || compareCodes(a[0], b[0]));
}
