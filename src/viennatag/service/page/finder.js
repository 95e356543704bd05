/**
 * Search the classification by words or by code, or browse it from the categories.
 *
 * The first rows are those that the model finds likeliest for the mark at hand, so that few letters are enough; what else
 * the service finds (synonyms, other languages, forgiven typos) follows below them.
 */

import * as api from "./api.js";
import { byId, fill, h, isForeign, say, toast } from "./dom.js";
import { decisionOf } from "./mark.js";
import { categoryOf, isLeaf, isVienna, levelOf, pathOf } from "./tree.js";

const DEBOUNCE_MS = 150;
const LIKELY = 12; // rows of the model
const LEAST_SCORE = 0.005; // below it the shortest heading comes first
const NUMBERED = 9; // rows that a digit adds
const WORDS = /^(?!a[\s.]*$)[^\d]*\p{L}[^\d]*$/iu; // a digit after words is the number of a row; after A it begins a code
const A_CODE = /^(A\s*)?(\d{1,2}([.\s,/-]+\d{1,2}){0,2}\.?|\d{4}|\d{6})$/i; // as registers write it: 3.1.6, 03 01 06, A3.1.16

export class Finder {
  #asked = 0;
  #timer = 0;
  #parent = null; // the code whose children are shown, null for the categories
  #rows = [];
  #drawn = []; // the rows on screen, which may be those of the words before
  #ranking = []; // all codes with their scores for the mark at hand
  #stale = false; // whether the list is older than the words

  /** @param add called with (code, heading, mark); @param leave called when Enter adds one. */
  constructor(session, add, leave) {
    this.session = session;
    Object.assign(this, { add, leave });
    byId("search").oninput = () => this.#type();
    byId("search").onkeydown = (event) => {
      if (isForeign(event)) return;
      if (event.key === "Enter") {
        event.preventDefault();
        this.#enter();
      } else if (/^[1-9]$/.test(event.key) && WORDS.test(byId("search").value) && this.#isAtEnd() && !this.#goesOn(event.key)) {
        event.preventDefault();
        const row = this.#drawn[Number(event.key) - 1];
        if (row) this.#enter(row);
        else say(`No row has the number ${event.key}.`);
      } else if (event.key === "ArrowDown") {
        event.preventDefault();
        byId("nodes").querySelector(".main")?.focus();
      } else if (event.key === "Escape" && byId("search").value) {
        event.preventDefault(); // the first Esc clears the search, the next one leaves it
        byId("search").value = "";
        this.refresh();
      }
    };
    byId("nodes").onkeydown = (event) => this.#walk(event);
    session.addEventListener("mark", () => !byId("finder").hidden && this.#draw());
    session.addEventListener("shown", () => this.#forget());
  }

  /** Return whether a key would be typed behind the words, and would not replace them. */
  #isAtEnd() {
    const { selectionStart, selectionEnd, value } = byId("search");
    return selectionStart === selectionEnd && selectionEnd === value.length;
  }

  /** Return whether a label goes on with this key, so that it is typed. */
  #goesOn(key) {
    const wanted = `${byId("search").value}${key}`.toLowerCase();
    return [...this.#ranking, ...this.#drawn].some(({ code, heading }) => `${code} ${heading}`.toLowerCase().includes(wanted));
  }

  /** Add a row that is seen, or the first one, also if the list is still on its way; without words go to the list. */
  async #enter(seen = null) {
    const { current: mark } = this.session;
    if (!byId("search").value.trim()) return byId("nodes").querySelector(".main")?.focus();
    const words = byId("search").value.trim();
    this.leave(); // so that the next key acts on the mark and is not typed
    const { rows, failure } = !seen && this.#stale && !this.#rows.length ? await this.refresh() : { rows: [seen ?? this.#rows[0]] };
    if (rows[0] && mark) this.add(rows[0].code, rows[0].heading, mark);
    else toast(failure ?? `Nothing was found for ${words}.`);
  }

  /** Return the likeliest codes for the mark at hand with words that begin as the given ones. */
  #likely(words) {
    const wanted = words.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    const parts = ({ code, heading }) => (isVienna() ? heading : `${code} ${heading}`).toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    const fits = (code) => wanted.every((word) => parts(code).some((part) => part.startsWith(word)));
    const weight = ({ score }) => (score < LEAST_SCORE ? 0 : score);
    const found = wanted.length ? this.#ranking.filter(fits) : [];
    return found.sort((a, b) => weight(b) - weight(a) || a.heading.length - b.heading.length).slice(0, LIKELY);
  }

  /** Get the scores of all codes for the mark at hand. */
  async #rank() {
    const { current: mark } = this.session;
    this.#ranking = [];
    if (mark?.status !== "read") return;
    const { codes } = await this.session.ranking(mark).catch(() => ({ codes: [] }));
    if (mark !== this.session.current) return;
    this.#ranking = codes;
    if (this.#stale) this.#showLikely();
  }

  /** Show what is known at once while a request is on its way. */
  #type() {
    clearTimeout(this.#timer);
    this.#asked++; // what is on its way belongs to other words
    this.#stale = true;
    this.#timer = setTimeout(() => this.refresh(), DEBOUNCE_MS);
    this.#showLikely();
  }

  #showLikely() {
    const words = byId("search").value.trim();
    this.#rows = isVienna() && A_CODE.test(words) ? [] : this.#likely(words);
    if (words && this.#rows.length) {
      this.#drawBreadcrumbs([]);
      this.#draw();
    }
  }

  /** Forget what was looked for with another image. */
  #forget() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.#stale = false;
    this.#parent = null;
    this.#rows = [];
    byId("search").value = "";
    this.#draw();
  }

  /** Show the list for the mark at hand. */
  start() {
    this.#rank();
    this.refresh();
  }

  /** Show and return the search results, or without words the children of the current code. */
  async refresh() {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const words = byId("search").value.trim();
    let shown;
    if (!this.#rows.length) byId("found").textContent = "Looking …";
    try {
      shown = words ? await this.#search(words) : await this.#browse(this.#parent);
    } catch (problem) {
      shown = { rows: [], breadcrumbs: [], note: problem.message, failure: problem.message };
    }
    if (asked !== this.#asked) return shown; // a later request was faster
    this.#stale = Boolean(shown.failure);
    const held = byId("nodes").contains(document.activeElement) || byId("breadcrumbs").contains(document.activeElement);
    this.#rows = shown.rows;
    byId("found").textContent = shown.note;
    byId("note").textContent = shown.about ?? "";
    byId("note").hidden = !shown.about;
    this.#drawBreadcrumbs(shown.breadcrumbs);
    this.#draw();
    if (held && document.activeElement === document.body) byId("search").focus();
    return shown;
  }

  async #search(words) {
    if (isVienna() && A_CODE.test(words)) {
      try {
        const found = await api.node(words.replace(/^A\s*/i, "").replace(/[\s,/-]+/g, "."));
        const note = found.known_to_model ? "" : `The model does not know ${found.code}; it can be added anyway.`;
        return { rows: [found, ...found.children], breadcrumbs: found.path.slice(0, -1), note, about: found.note };
      } catch (problem) {
        if (problem.status !== 404) throw problem;
        return { rows: [], breadcrumbs: [], note: `The classification has no code ${words}.` };
      }
    }
    const likely = this.#likely(words);
    const known = new Set(likely.map(({ code }) => code));
    const others = (await api.searchCodes(words)).filter(({ code }) => !known.has(code));
    const rows = [...likely, ...others];
    return { rows, breadcrumbs: [], note: rows.length ? `${rows.length} found` : "Nothing found. Try a shorter or a more general word." };
  }

  async #browse(code) {
    if (code === null) return { rows: await api.categories(), breadcrumbs: [], note: "" };
    const found = await api.node(code);
    const rows = found.children.length ? found.children : [found];
    return { rows, breadcrumbs: found.path, note: found.children.length ? "" : "This code has no children.", about: found.note };
  }

  /** Show the children of a code; the first row gets the focus. */
  async open(code) {
    this.#parent = code;
    byId("search").value = "";
    this.#rank(); // the list does not wait for it
    await this.refresh();
    (byId("nodes").querySelector(".main") ?? byId("search")).focus();
  }

  #drawBreadcrumbs(breadcrumbs) {
    if (!breadcrumbs.length) return fill(byId("breadcrumbs"));
    const step = (code, words, last) =>
      h("li", {}, h("button", { type: "button", class: "quiet", "aria-current": last && "location", onclick: () => this.open(code) }, words));
    const steps = breadcrumbs.map(({ code, heading }, at) => step(code, heading === code ? code : `${code} ${heading}`, at === breadcrumbs.length - 1));
    fill(byId("breadcrumbs"), h("ol", {}, step(null, "All categories", false), steps));
  }

  #draw() {
    this.#drawn = this.#rows;
    const numbered = WORDS.test(byId("search").value);
    fill(byId("nodes"), this.#rows.map((row, at) => this.#row(row, numbered ? (at < NUMBERED ? String(at + 1) : "") : null)));
  }

  #row({ code, heading, level = levelOf(code), auxiliary = false, matched = "" }, number) {
    const { current: mark } = this.session;
    const added = mark && decisionOf(mark, code) === "accepted";
    const category = categoryOf(code);
    const above = category !== code && byId("search").value.trim() ? this.session.categories.get(category) : null;
    return h(
      "li",
      { class: added ? "node accepted" : "node" },
      h(
        "button",
        { type: "button", class: "main", "data-key": code, "data-leaf": isLeaf(code), onclick: () => this.add(code, heading) },
        number !== null && h("kbd", { class: "number", "aria-hidden": "true" }, number),
        h("span", { class: "code" }, h("span", { class: "sr" }, "Add "), code),
        h(
          "span",
          { class: "heading", dir: "auto" },
          heading === code ? "" : heading,
          matched && h("span", { class: "muted small" }, ` (${matched})`),
          above && h("span", { class: "muted small" }, ` in ${above}`),
        ),
        h("span", { class: "level small" }, added ? "added" : auxiliary ? "auxiliary" : level),
      ),
      !isLeaf(code) &&
        h(
          "button",
          { type: "button", class: "icon", "aria-label": `Show the children of ${code}`, onclick: () => this.open(code) },
          h("span", { "aria-hidden": "true" }, "›"),
        ),
    );
  }

  /** Arrow keys on the list: up and down along it, right and left through the levels. */
  #walk(event) {
    if (isForeign(event)) return;
    const row = document.activeElement.closest("li");
    const go = {
      ArrowDown: () => row.nextElementSibling?.querySelector(".main").focus(),
      ArrowUp: () => (row.previousElementSibling?.querySelector(".main") ?? byId("search")).focus(),
      ArrowRight: () => !row.querySelector(".main").hasAttribute("data-leaf") && this.open(row.querySelector(".main").dataset.key),
      ArrowLeft: () => this.#up(),
    }[event.key];
    if (!row || !go) return;
    event.preventDefault();
    go();
  }

  #up() {
    if (this.#parent === null && !byId("search").value) return;
    this.open(this.#parent === null ? null : (pathOf(this.#parent).at(-2) ?? null));
  }
}
