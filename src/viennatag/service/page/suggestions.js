/** The list of suggestions and candidates with their decisions. */

import { byId, fill, h, say, toast } from "./dom.js";
import { listing } from "./listing.js";
import { about, accepted, decide, decisionOf, mayDecide, mayFinish, newGroup, openSuggestions, setDone, undo } from "./mark.js";
import { categoryOf, isBelow, isLeaf, pathOf, titled } from "./tree.js";

const PERCENT = (score) => (score < 0.01 ? "<1 %" : `${Math.round(score * 100)} %`);
const DECISION_WORDS = { accepted: "accepted", rejected: "rejected", refined: "replaced by a code below it", open: "" };
const NUMBERED = 9;
const SAID = 4; // other codes that are named when a decision changes them too

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}.`;

export class Suggestions {
  #offset = 0; // of the row that the key 1 accepts

  constructor(session, settings) {
    this.session = session;
    this.settings = settings;
    session.addEventListener("mark", () => this.draw());
    session.addEventListener("shown", () => {
      byId("list").scrollTop = 0;
      this.#offset = 0;
    });
    session.addEventListener("choice", () => this.#markSelected());
    byId("more").onclick = () => this.more();
    byId("whole").onclick = () => session.ask(null);
    byId("accept-above").onclick = () => this.acceptAbove();
  }

  /** Return the listed codes from top to bottom. */
  get codes() {
    return [...byId("suggestions").querySelectorAll("[data-code]")].map((row) => row.dataset.code);
  }

  /** Return what is listed: of the whole mark, or of a region. */
  get shown() {
    const { current, region, all } = this.session;
    return listing(region ?? current, { ...this.settings.listing, all });
  }

  draw() {
    const mark = this.session.current;
    const list = byId("list");
    const readable = mark?.status === "read";
    byId("suggestions").setAttribute("aria-busy", String(mark?.status === "waiting" || mark?.status === "reading"));
    byId("more").disabled = !readable || Boolean(mark.note);
    byId("accept-above").disabled = !readable || !mayDecide(mark);
    byId("whole").hidden = !this.session.region;
    if (!readable) {
      fill(byId("colours"));
      byId("list-note").textContent = "";
      if (!mark) fill(list);
      else if (mark.status === "failed") fill(list, this.#failure(mark));
      else if (mark.status === "absent") fill(list, h("p", { class: "muted wait" }, `The image is not in this browser. Add ${mark.source} or its folder; it will be recognised.`));
      else fill(list, h("p", { class: "muted wait" }, "The image is being read …"));
      return;
    }
    const { rows, colours, candidates } = this.shown;
    fill(list, mark.note && !this.session.region ? h("p", { class: "muted wait" }, sentence(mark.note)) : h("ul", {}, rows.map((row, at) => this.#row(mark, row, at))));
    fill(byId("colours"), colours.map((row) => this.#chip(mark, row)));
    byId("list-note").textContent = this.#note(mark, rows, candidates);
    this.#markSelected();
  }

  #note(mark, rows, candidates) {
    const left = candidates ? `, ${candidates} more` : "";
    if (this.session.region) return `In the region: ${rows.length} codes${left}`;
    if (mark.note) return "No codes";
    const sure = mark.suggestions.some((suggestion) => suggestion.above_threshold);
    const suggested = rows.filter(({ kind }) => kind === "suggested").length;
    if (!sure) return `No code is above its threshold; best scores first${left}`;
    return `${suggested} suggested, ${rows.length - suggested} candidates${left}`;
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

  #row(mark, { code, heading, score, level, group, kind, indent }, at) {
    const state = decisionOf(mark, code);
    const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", {}));
    bar.firstChild.style.width = `${Math.max(1, score * 100)}%`;
    const key = at - this.#offset + 1;
    const isAuxiliary = this.session.auxiliary.has(code);
    const category = this.session.categories.get(categoryOf(code));
    return h(
      "li",
      { class: `suggestion ${state} ${kind}${indent ? " below" : ""}`, "data-code": code },
      h(
        "button",
        { type: "button", class: "main", "data-key": code, title: category && category !== heading ? `${heading} (${category})` : heading, onclick: () => this.session.choose(code) },
        h("kbd", { class: "number", "aria-hidden": "true" }, key >= 1 && key <= NUMBERED ? String(key) : ""),
        h("span", { class: "code" }, code),
        h("span", { class: "heading", dir: "auto" }, heading === code ? "" : heading),
        isAuxiliary && h("span", { class: "level small", title: "auxiliary section" }, "A", h("span", { class: "sr" }, "uxiliary")),
        group && h("span", { class: "level small", title: "group of exclusive labels" }, group),
        h("span", { class: isLeaf(code) ? "level sr" : "level small" }, level),
        bar,
        h("span", { class: "score" }, PERCENT(score)),
        h("span", { class: "sr" }, DECISION_WORDS[state]),
      ),
      this.#decisionButton(code, "accepted", "Accept", "✓", state, heading),
      this.#decisionButton(code, "rejected", "Reject", "✕", state, heading),
    );
  }

  #decisionButton(code, wanted, word, sign, state, heading) {
    return h(
      "button",
      {
        type: "button",
        class: `icon decide ${wanted}`,
        "data-key": `${wanted} ${code}`,
        "aria-label": `${word} ${titled(code, heading)}`,
        "aria-pressed": String(state === wanted),
        title: word,
        onclick: () => this.decide(code, wanted),
      },
      h("span", { "aria-hidden": "true" }, sign),
    );
  }

  /** A colour takes little space: a press accepts it, the next one rejects it, the third opens it again. */
  #chip(mark, { code, heading, score, kind }) {
    const state = decisionOf(mark, code);
    const next = { open: "accepted", accepted: "rejected" }[state] ?? "rejected";
    const words = DECISION_WORDS[state] || "open";
    return h(
      "button",
      {
        type: "button",
        class: `colour ${state} ${kind}`,
        "data-code": code,
        "data-key": code,
        title: `${code} ${heading}, ${PERCENT(score)}: ${words}`,
        "aria-label": `${code}, ${heading}, ${PERCENT(score)}: ${words}`,
        onclick: () => this.decide(code, next),
      },
      h("span", { class: "sign", "aria-hidden": "true" }, { accepted: "✓", rejected: "✕" }[state] ?? "·"),
      heading.replace(/,.*| or .*/, ""),
    );
  }

  #markSelected() {
    for (const row of byId("list").querySelectorAll("[data-code]")) {
      const selected = row.dataset.code === this.session.selected;
      row.classList.toggle("selected", selected);
      row.querySelector(".main").ariaCurrent = selected ? "true" : null;
    }
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

  /** Accept the row of a number key, or take that back; tells whether there is such a row. */
  acceptNumber(key) {
    const row = this.session.current?.status === "read" && this.shown.rows[this.#offset + key - 1];
    if (row) this.decide(row.code, "accepted");
    else say(`No row has the number ${key}.`);
    return Boolean(row);
  }

  /** Give the number keys to the next nine rows; after the last ones to the first again. */
  nextNumbers() {
    if (this.session.current?.status !== "read") return;
    const { rows } = this.shown;
    this.#offset = this.#offset + NUMBERED < rows.length ? this.#offset + NUMBERED : 0;
    this.draw();
    byId("list").querySelectorAll(".suggestion")[this.#offset]?.scrollIntoView({ block: "nearest" });
    byId("list").querySelectorAll(".suggestion")[Math.min(this.#offset + NUMBERED, rows.length) - 1]?.scrollIntoView({ block: "nearest" });
    say(`The number keys start at ${rows[this.#offset]?.code}.`);
  }

  async more() {
    try {
      await this.session.more();
      say(byId("list-note").textContent);
    } catch (problem) {
      toast(problem.message);
    }
  }

  /** Accept all listed codes from the office's score on that are not decided yet. */
  acceptAbove(mark = this.session.current, { quiet = false } = {}) {
    if (mark?.status !== "read" || !mayDecide(mark)) return 0;
    const from = this.settings.acceptFrom;
    const source = mark === this.session.current ? this.session.region ?? mark : mark;
    const { rows, colours } = listing(source, { ...this.settings.listing, all: false });
    const sure = [...rows, ...colours].filter(({ score }) => score >= from).sort((a, b) => b.score - a.score); // the best of a group wins
    const count = this.#acceptAll(mark, sure);
    const words = `${count} ${count === 1 ? "code" : "codes"} accepted from ${Math.round(from * 100)} %`;
    if (!quiet) toast(words, count ? () => this.undo() : null);
    return count;
  }

  /** Accept codes that are not decided yet, to be undone together; returns their number. */
  #acceptAll(mark, rows) {
    const group = newGroup();
    let count = 0;
    for (const { code, heading } of rows) {
      if (decisionOf(mark, code) !== "open") continue; // one that was accepted before may exclude it
      this.#decide(mark, code, "accepted", heading, group);
      count++;
    }
    if (count) this.session.changed(mark);
    return count;
  }

  /** Accept a code with all above it and the likeliest code below it on each level. */
  acceptChain(code) {
    const mark = this.session.current;
    if (mark?.status !== "read" || !code) return;
    if (!mayDecide(mark)) return this.decide(code, "accepted"); // which says why not
    const { suggestions, candidates } = this.session.region ?? mark;
    const listed = new Map([...candidates, ...suggestions].map((each) => [each.code, each]));
    const below = [...listed.values()].filter((each) => isLeaf(each.code) && isBelow(each.code, code) && decisionOf(mark, each.code) !== "rejected");
    const last = below.sort((a, b) => b.score - a.score)[0]?.code ?? code;
    const chain = pathOf(last).map((each) => listed.get(each) ?? { code: each, heading: this.session.categories.get(each) ?? "" });
    if (!this.#acceptAll(mark, chain)) return say(`${last} is already decided.`);
    const without = isLeaf(last) ? "" : `; no code below ${last} is listed`;
    toast(`Accepted ${chain.map((each) => each.code).join(" › ")}${without}.`, () => this.undo());
  }

  #decide(mark, code, wanted, heading, group) {
    if (heading !== null) mark.headings[code] = heading;
    return decide(mark, code, wanted, new Date().toISOString(), group);
  }

  /** Set or remove a decision; a code that was not suggested comes with its heading. */
  decide(code, wanted, heading = null, mark = this.session.current) {
    if (!mark || this.session.readOnly) return;
    if (mark.status === "absent") return toast(`Add the image of ${mark.name} first.`);
    if (!mayDecide(mark)) return toast(`${mark.name} is not yours to decide; the line below the codes says why.`);
    const listed = this.session.region?.candidates.find((each) => each.code === code);
    const others = this.#decide(mark, code, wanted, heading ?? (about(mark, code).heading || listed?.heading || ""));
    this.session.changed(mark);
    const left = openSuggestions(mark).length;
    const words = [code, ...others.slice(0, SAID)].map((each) => `${each} ${mark.decisions[each] ?? "open again"}`);
    if (others.length > SAID) words.push(`${others.length - SAID} more`);
    say(`${words.join(", ")}. ${left ? `${left} open` : "All decided"}.`);
  }

  /** Accept a code of the classification or of a reference mark. */
  add(code, heading, mark = this.session.current) {
    if (!this.session.marks.includes(mark)) return;
    if (!mayDecide(mark)) return this.decide(code, "accepted", heading, mark); // which says why not
    if (mark.decisions[code] === "accepted") return toast(`${code} is already accepted.`);
    this.decide(code, "accepted", heading, mark);
    toast(`Added ${titled(code, heading)}.`, mark === this.session.current ? () => this.undo() : null);
  }

  undo() {
    const mark = this.session.current;
    const code = mark && mayDecide(mark) ? undo(mark) : undefined;
    if (code === undefined || !mark) return say("Nothing to undo.");
    this.session.changed(mark);
    if (code && this.codes.includes(code)) this.session.choose(code);
    say(code ? `Undone: ${code} is ${DECISION_WORDS[decisionOf(mark, code)] || "open"}.` : "Undone.");
  }

  /** Mark as done, and go to the next open mark. */
  finish() {
    const { session } = this;
    const mark = session.current;
    if (!mayFinish(mark) || session.readOnly) return;
    if (!mark.done && mayDecide(mark)) {
      setDone(mark, new Date().toISOString());
      session.changed(mark);
    }
    const codes = accepted(mark).length;
    const done = mark.done ? `${mark.name} is done with ${codes} ${codes === 1 ? "code" : "codes"}.` : `${mark.name} stays open.`;
    const next = session.nextOpen();
    if (!next || next === mark) return toast("All images are done. Export the codes or the decision log.");
    const inList = byId("suggestions").contains(document.activeElement);
    session.show(next);
    if (inList || document.activeElement === document.body) byId("name").focus({ preventScroll: true });
    say(`${done} Next: ${next.name}, ${session.marks.indexOf(next) + 1} of ${session.marks.length}.`);
  }
}
