/** The classification: search it by words or by code, or walk down from the categories. */

import * as api from "./api.js";
import { byId, fill, h } from "./dom.js";
import { verdict } from "./mark.js";

const TYPING_MS = 150;
const A_CODE = /^(\d{1,2}(\.\d{1,2}){0,2}\.?|\d{4}|\d{6})$/;

export class Finder {
  #asked = 0;
  #timer = 0;
  #place = null; // the code whose children are shown, null for the categories
  #rows = [];

  /** @param add called with (code, heading). */
  constructor(session, add) {
    this.session = session;
    this.add = add;
    byId("search").oninput = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.refresh(), TYPING_MS);
    };
    byId("search").onkeydown = (event) => {
      if (event.key === "ArrowDown" || event.key === "Enter") {
        event.preventDefault();
        byId("nodes").querySelector(".main")?.focus();
      }
    };
    byId("nodes").onkeydown = (event) => this.#walk(event);
    session.addEventListener("mark", () => !byId("finder").hidden && this.#draw());
  }

  /** Show what the words find, or the place in the tree where there are none. */
  async refresh() {
    const asked = ++this.#asked;
    const words = byId("search").value.trim();
    let shown;
    try {
      shown = words ? await this.#search(words) : await this.#browse(this.#place);
    } catch (problem) {
      shown = { rows: [], trail: [], note: problem.message };
    }
    if (asked !== this.#asked) return; // a later question was faster
    this.#rows = shown.rows;
    byId("found").textContent = shown.note;
    this.#drawTrail(shown.trail);
    this.#draw();
  }

  async #search(words) {
    if (A_CODE.test(words)) {
      try {
        const found = await api.node(words);
        const note = found.known_to_model ? "" : `The model has not learned ${found.code}; it can be added all the same.`;
        return { rows: [found, ...found.children], trail: found.path.slice(0, -1), note };
      } catch (problem) {
        if (problem.status !== 404) throw problem;
        return { rows: [], trail: [], note: `The classification has no code ${words}.` };
      }
    }
    const rows = await api.searchCodes(words);
    return { rows, trail: [], note: rows.length ? `${rows.length} found` : "Nothing found. Try a shorter or a more general word." };
  }

  async #browse(code) {
    if (code === null) return { rows: await api.categories(), trail: [], note: "" };
    const found = await api.node(code);
    return { rows: found.children, trail: found.path, note: found.children.length ? "" : "There is nothing below this code." };
  }

  /** Show what stands below a code; the first row gets the focus. */
  async open(code) {
    this.#place = code;
    byId("search").value = "";
    await this.refresh();
    (byId("nodes").querySelector(".main") ?? byId("search")).focus();
  }

  #drawTrail(trail) {
    if (!trail.length) return fill(byId("trail"));
    const step = (code, words, last) =>
      h("li", {}, h("button", { type: "button", class: "quiet", "aria-current": last && "location", onclick: () => this.open(code) }, words));
    const steps = trail.map(({ code, heading }, at) => step(code, `${code} ${heading}`, at === trail.length - 1));
    fill(byId("trail"), h("ol", {}, step(null, "All categories", false), steps));
  }

  #draw() {
    fill(byId("nodes"), this.#rows.map((row) => this.#row(row)));
  }

  #row({ code, heading, level = depth(code) }) {
    const { current: mark } = this.session;
    const taken = mark && verdict(mark, code) === "accepted";
    const category = code.split(".")[0];
    const above = level !== "category" && byId("search").value.trim() ? this.session.categories.get(category) : null;
    return h(
      "li",
      { class: taken ? "node accepted" : "node" },
      h(
        "button",
        { type: "button", class: "main", "data-key": code, "data-leaf": leaf(level), onclick: () => this.add(code, heading) },
        h("span", { class: "code" }, h("span", { class: "sr" }, "Add "), code),
        h("span", { class: "heading" }, heading, above && h("span", { class: "soft small" }, ` in ${above}`)),
        h("span", { class: "level small" }, taken ? "added" : level),
      ),
      !leaf(level) &&
        h(
          "button",
          { type: "button", class: "icon", "aria-label": `Show what stands below ${code}`, onclick: () => this.open(code) },
          h("span", { "aria-hidden": "true" }, "›"),
        ),
    );
  }

  /** Arrow keys on the list: up and down along it, right and left through the levels. */
  #walk(event) {
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
    if (this.#place === null && !byId("search").value) return;
    this.open(this.#place?.includes(".") ? this.#place.replace(/\.[^.]*$/, "") : null);
  }
}

const depth = (code) => ["category", "division", "section"][code.split(".").length - 1] ?? "section";
const leaf = (level) => level === "section" || level === "label";
