/** What the model suggests, by category, with verdicts; and the codes that come of it. */

import { byId, fill, h, say, toast } from "./dom.js";
import { about, accepted, compareCodes, decide, openSuggestions, setDone, undo, verdict, spell } from "./mark.js";

const PERCENT = (score) => (score < 0.01 ? "<1 %" : `${Math.round(score * 100)} %`);
const VERDICTS = { accepted: "accepted", rejected: "rejected", refined: "made finer", open: "" };

export class Suggestions {
  constructor(session, padded) {
    this.session = session;
    this.padded = padded; // how the register spells codes
    session.addEventListener("mark", () => this.draw());
    session.addEventListener("shown", () => (byId("suggestions").scrollTop = 0));
    session.addEventListener("choice", () => this.#markChosen());
  }

  /** Return the codes on the list, as they stand from top to bottom. */
  get codes() {
    return [...byId("suggestions").querySelectorAll("[data-code]")].map((row) => row.dataset.code);
  }

  draw() {
    const mark = this.session.current;
    const panel = byId("suggestions");
    panel.setAttribute("aria-busy", String(mark?.status === "waiting" || mark?.status === "reading"));
    if (!mark) fill(panel);
    else if (mark.status === "failed") fill(panel, this.#failure(mark));
    else if (mark.status !== "read") fill(panel, h("p", { class: "soft wait" }, "The image is being read …"));
    else fill(panel, this.#doubt(mark), groups(mark).map((group) => this.#group(mark, group)));
    this.#drawTray(mark);
    this.#markChosen();
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

  #doubt(mark) {
    const sure = mark.suggestions.some((suggestion) => suggestion.above_threshold);
    return !sure && h("p", { class: "doubt" }, "No code is above its threshold. What follows is only the best of what is left.");
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
    const state = verdict(mark, code);
    const bar = h("span", { class: "bar", "aria-hidden": "true" }, h("span", {}));
    bar.firstChild.style.width = `${Math.max(1, score * 100)}%`;
    const unsure = top && (level === "division" || level === "category");
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
        h("span", { class: "sr" }, VERDICTS[state]),
      ),
      this.#judge(code, "accepted", "Accept", "✓", state, heading),
      this.#judge(code, "rejected", "Reject", "✕", state, heading),
      unsure && this.#offers(mark, suggestion),
    );
  }

  #judge(code, wanted, word, sign, state, heading) {
    return h(
      "button",
      {
        type: "button",
        class: `icon judge ${wanted}`,
        "data-key": `${wanted} ${code}`,
        "aria-label": `${word} ${code}, ${heading}`,
        "aria-pressed": String(state === wanted),
        title: word,
        onclick: () => this.decide(code, wanted),
      },
      h("span", { "aria-hidden": "true" }, sign),
    );
  }

  #offers(mark, suggestion) {
    if (verdict(mark, suggestion.code) === "rejected") return null;
    const level = suggestion.level === "division" ? "Division" : "Category";
    const words = `${level} ${suggestion.score >= 0.5 ? "sure" : "possible"}, section unsure.`;
    const offers = mark.offers[suggestion.code];
    const box = h("div", { class: "offers" }, h("p", { class: "unsure small" }, words, offers?.length > 0 && " The likeliest sections:"));
    if (offers?.length) box.append(h("ul", {}, offers.map((offer) => this.#row(mark, offer, false))));
    else if (offers) box.append(h("p", { class: "soft small" }, "The model knows no section here."));
    else this.#fetchOffers(mark, suggestion, box);
    return box;
  }

  async #fetchOffers(mark, suggestion, box) {
    try {
      await this.session.offers(mark, suggestion);
      if (mark === this.session.current) this.draw();
    } catch (problem) {
      box.append(h("p", { class: "soft small" }, problem.message));
    }
  }

  #markChosen() {
    for (const row of byId("suggestions").querySelectorAll("[data-code]")) {
      const chosen = row.dataset.code === this.session.chosen;
      row.classList.toggle("chosen", chosen);
      row.querySelector(".main").ariaCurrent = chosen ? "true" : null;
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
        h("button", { type: "button", class: "icon", "data-key": `drop ${code}`, "aria-label": `Take ${name} back`, onclick: drop }, "×"),
      );
    };
    fill(byId("chosen"), codes.length ? codes.map(chip) : h("li", { class: "soft small" }, "None yet."));
    byId("copy").disabled = !codes.length;
    byId("undo").disabled = !mark?.past.length;
    byId("done").disabled = mark?.status !== "read";
    byId("done").firstChild.textContent = mark?.done ? "Next " : "Done, next ";
    byId("tray").classList.toggle("decided", Boolean(mark?.done));
  }

  /** Choose the row some places further down, and show it. */
  move(by) {
    const { codes } = this;
    if (!codes.length) return;
    const at = codes.indexOf(this.session.chosen);
    const code = codes[at < 0 ? (by > 0 ? 0 : codes.length - 1) : Math.min(codes.length - 1, Math.max(0, at + by))];
    this.session.choose(code);
    byId("suggestions").querySelector(`[data-key="${CSS.escape(code)}"]`).focus();
  }

  /** Set or take back a verdict; a code that was not suggested comes with its heading. */
  decide(code, wanted, heading = null) {
    const mark = this.session.current;
    if (!mark) return;
    if (heading !== null) mark.headings[code] = heading;
    decide(mark, code, wanted, new Date().toISOString());
    this.session.changed(mark);
    const left = openSuggestions(mark).length;
    say(`${code} ${mark.verdicts[code] ?? "open again"}. ${left ? `${left} open` : "All decided"}.`);
  }

  /** Accept a code from elsewhere: the tree, or a known mark. */
  add(code, heading) {
    const mark = this.session.current;
    if (!mark) return;
    if (mark.verdicts[code] === "accepted") return toast(`${code} is among the codes already.`);
    this.decide(code, "accepted", heading);
    toast(`Added ${code}, ${heading}.`, () => this.undo());
  }

  undo() {
    const mark = this.session.current;
    const code = mark && undo(mark);
    if (code === undefined || !mark) return say("Nothing to undo.");
    this.session.changed(mark);
    if (code && this.codes.includes(code)) this.session.choose(code);
    say(code ? `Undone: ${code} is ${VERDICTS[verdict(mark, code)] || "open"}.` : "Undone.");
  }

  /** Say that the mark is done, and go to the next one that is not. */
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
    else toast("All images are done. Export the codes or the log of decisions.");
  }
}

/** Return [category, suggestions] pairs, the likeliest category first. */
function groups(mark) {
  const found = new Map();
  for (const suggestion of mark.suggestions) {
    const category = suggestion.level === "label" ? "labels" : suggestion.path[0];
    found.set(category, [...(found.get(category) ?? []), suggestion]);
  }
  const best = (suggestions) => Math.max(...suggestions.map((suggestion) => suggestion.score));
  return [...found].sort((a, b) => best(b[1]) - best(a[1]) || compareCodes(a[0], b[0]));
}
