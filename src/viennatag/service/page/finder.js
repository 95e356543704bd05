/** Search the classification by words or by code, or browse it from the categories. */

import * as api from "./api.js";
import { byId, fill, h } from "./dom.js";
import { decisionOf } from "./mark.js";

const DEBOUNCE_MS = 150;
const A_CODE = /^(\d{1,2}(\.\d{1,2}){0,2}\.?|\d{4}|\d{6})$/;

export class Finder {
  #asked = 0;
  #timer = 0;
  #parent = null; // the code whose children are shown, null for the categories
  #rows = [];

  /** @param add called with (code, heading). */
  constructor(session, add) {
    this.session = session;
    this.add = add;
    byId("search").oninput = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.refresh(), DEBOUNCE_MS);
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

  /** Show the search results, or without words the children of the current code. */
  async refresh() {
    const asked = ++this.#asked;
    const words = byId("search").value.trim();
    let shown;
    try {
      shown = words ? await this.#search(words) : await this.#browse(this.#parent);
    } catch (problem) {
      shown = { rows: [], breadcrumbs: [], note: problem.message };
    }
    if (asked !== this.#asked) return; // a later request was faster
    this.#rows = shown.rows;
    byId("found").textContent = shown.note;
    this.#drawBreadcrumbs(shown.breadcrumbs);
    this.#draw();
  }

  async #search(words) {
    if (A_CODE.test(words)) {
      try {
        const found = await api.node(words);
        const note = found.known_to_model ? "" : `The model does not know ${found.code}; it can be added anyway.`;
        return { rows: [found, ...found.children], breadcrumbs: found.path.slice(0, -1), note };
      } catch (problem) {
        if (problem.status !== 404) throw problem;
        return { rows: [], breadcrumbs: [], note: `The classification has no code ${words}.` };
      }
    }
    const rows = await api.searchCodes(words);
    return { rows, breadcrumbs: [], note: rows.length ? `${rows.length} found` : "Nothing found. Try a shorter or a more general word." };
  }

  async #browse(code) {
    if (code === null) return { rows: await api.categories(), breadcrumbs: [], note: "" };
    const found = await api.node(code);
    return { rows: found.children, breadcrumbs: found.path, note: found.children.length ? "" : "This code has no children." };
  }

  /** Show the children of a code; the first row gets the focus. */
  async open(code) {
    this.#parent = code;
    byId("search").value = "";
    await this.refresh();
    (byId("nodes").querySelector(".main") ?? byId("search")).focus();
  }

  #drawBreadcrumbs(breadcrumbs) {
    if (!breadcrumbs.length) return fill(byId("breadcrumbs"));
    const step = (code, words, last) =>
      h("li", {}, h("button", { type: "button", class: "quiet", "aria-current": last && "location", onclick: () => this.open(code) }, words));
    const steps = breadcrumbs.map(({ code, heading }, at) => step(code, `${code} ${heading}`, at === breadcrumbs.length - 1));
    fill(byId("breadcrumbs"), h("ol", {}, step(null, "All categories", false), steps));
  }

  #draw() {
    fill(byId("nodes"), this.#rows.map((row) => this.#row(row)));
  }

  #row({ code, heading, level = depth(code) }) {
    const { current: mark } = this.session;
    const added = mark && decisionOf(mark, code) === "accepted";
    const category = code.split(".")[0];
    const above = level !== "category" && byId("search").value.trim() ? this.session.categories.get(category) : null;
    return h(
      "li",
      { class: added ? "node accepted" : "node" },
      h(
        "button",
        { type: "button", class: "main", "data-key": code, "data-leaf": leaf(level), onclick: () => this.add(code, heading) },
        h("span", { class: "code" }, h("span", { class: "sr" }, "Add "), code),
        h("span", { class: "heading" }, heading, above && h("span", { class: "muted small" }, ` in ${above}`)),
        h("span", { class: "level small" }, added ? "added" : level),
      ),
      !leaf(level) &&
        h(
          "button",
          { type: "button", class: "icon", "aria-label": `Show the children of ${code}`, onclick: () => this.open(code) },
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
    if (this.#parent === null && !byId("search").value) return;
    this.open(this.#parent?.includes(".") ? this.#parent.replace(/\.[^.]*$/, "") : null);
  }
}

const depth = (code) => ["category", "division", "section"][code.split(".").length - 1] ?? "section";
const leaf = (level) => level === "section" || level === "label";
