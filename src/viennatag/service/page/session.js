/**
 * The images: predicted one after the other, stored in the browser, with an event for every change.
 */

import * as api from "./api.js";
import { newMark } from "./mark.js";

const READERS = 2; // the service batches requests; more would only wait there
const THUMBNAIL = 96;
const MAX_CACHED = 60;

/** Return the address of a picture that fits a list, or null for a format that this browser does not draw (TIFF). */
async function thumbnail(blob) {
  try {
    const picture = await createImageBitmap(blob);
    const scale = Math.min(1, THUMBNAIL / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    return canvas.toDataURL();
  } catch {
    return null;
  }
}

/** Return a path that names a file below a folder and nothing above it. */
const relativePath = (text) =>
  text
    .split(/[\\/]/)
    .map((part) => part.trim())
    .filter((part) => part && part !== "." && part !== "..")
    .join("/") || "image";

const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (number) => number.toString(36)).join("");

export class Session extends EventTarget {
  marks = [];
  current = null;
  selected = null; // the code whose heat map is shown
  categories = new Map(); // code to heading
  #cache = new Map();
  #noIndex = null;
  #adding = Promise.resolve();
  #reading = 0;

  constructor(store) {
    super();
    this.store = store;
  }

  /** Emit an event: "queue" (which images, and their state), "mark" (the current one), "choice" (its selected code). */
  emit(what) {
    this.dispatchEvent(new Event(what));
  }

  async load() {
    this.marks = (await this.store.all("marks")).sort((a, b) => a.order - b.order);
    for (const mark of this.marks) if (mark.status === "reading") mark.status = "waiting"; // cut off by a reload
    const last = await this.store.get("settings", "current");
    this.show(this.marks.find((mark) => mark.id === last) ?? this.marks[0] ?? null);
    this.#read();
  }

  /** Add [path, file] pairs, one batch after the other; returns the number of duplicates. */
  add(files) {
    const added = this.#adding.then(() => this.#addAll(files));
    this.#adding = added.catch(() => {});
    return added;
  }

  async #addAll(files) {
    let duplicates = 0;
    for (const [path, file] of files) {
      const wanted = relativePath(path);
      const same = (mark) => mark.size === file.size && mark.modified === file.lastModified;
      if (this.marks.some((mark) => mark.name === wanted && same(mark))) {
        duplicates++;
        continue;
      }
      const order = (this.marks.at(-1)?.order ?? 0) + 1;
      const mark = newMark(newId(), order, this.#freeName(wanted), file);
      mark.thumbnail = await thumbnail(file);
      await this.#keep("images", mark.id, file);
      this.marks.push(mark);
      await this.save(mark);
      if (!this.current) this.show(mark);
      this.emit("queue");
      this.#read();
    }
    return duplicates;
  }

  #freeName(wanted) {
    const names = new Set(this.marks.map((mark) => mark.name));
    const [, stem, ending] = wanted.match(/^(.*?)(\.[^./]*)?$/s);
    for (let count = 1; ; count++) {
      const name = count === 1 ? wanted : `${stem} (${count})${ending ?? ""}`;
      if (!names.has(name)) return name;
    }
  }

  async #keep(table, key, value) {
    try {
      await this.store.put(table, key, value);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("lost", { detail: error }));
    }
  }

  save(mark) {
    return this.#keep("marks", mark.id, mark);
  }

  /** Store a changed mark and emit its events. */
  changed(mark) {
    this.save(mark);
    this.emit("queue");
    if (mark === this.current) this.emit("mark");
  }

  show(mark) {
    this.current = mark;
    this.selected = null;
    if (mark) this.#keep("settings", "current", mark.id);
    this.emit("queue");
    this.emit("shown");
    this.emit("mark");
    this.emit("choice");
  }

  choose(code) {
    this.selected = code;
    this.emit("choice");
  }

  /** Show the image some positions further; false at the end. */
  step(by) {
    const next = this.marks[this.marks.indexOf(this.current) + by];
    if (next) this.show(next);
    return Boolean(next);
  }

  /** Return the next image that is not done, after the current one or from the start. */
  nextOpen() {
    const at = this.marks.indexOf(this.current) + 1;
    return [...this.marks.slice(at), ...this.marks.slice(0, at)].find((mark) => !mark.done && mark.status !== "failed");
  }

  image(mark) {
    return this.store.get("images", mark.id);
  }

  retry(marks) {
    for (const mark of marks) Object.assign(mark, { status: "waiting", problem: null });
    this.emit("queue");
    this.emit("mark");
    this.#read();
  }

  /** Remove an image; returns a function that brings it back. */
  async remove(mark) {
    const at = this.marks.indexOf(mark);
    const image = await this.image(mark);
    this.marks.splice(at, 1);
    await Promise.all([this.store.delete("marks", mark.id), this.store.delete("images", mark.id)]);
    this.show(this.marks[Math.min(at, this.marks.length - 1)] ?? null);
    return async () => {
      await this.#keep("images", mark.id, image);
      this.marks.splice(at, 0, mark);
      await this.save(mark);
      this.show(mark);
      this.#read();
    };
  }

  async clear() {
    this.marks = [];
    await Promise.all([this.store.clear("marks"), this.store.clear("images")]);
    this.show(null);
  }

  async #read() {
    while (this.#reading < READERS) {
      const waiting = this.marks.filter((mark) => mark.status === "waiting");
      const mark = waiting.find((mark) => mark === this.current) ?? waiting[0];
      if (!mark) return;
      mark.status = "reading";
      this.#reading++;
      this.#readOne(mark).finally(() => {
        this.#reading--;
        this.#read();
      });
    }
  }

  async #readOne(mark) {
    this.emit("queue");
    try {
      const { model, result } = await api.predict(await this.image(mark), mark.name);
      const { width, height, suggestions } = result;
      Object.assign(mark, { status: "read", model: `${model.name} ${model.digest}`, width, height, suggestions });
    } catch (error) {
      const problem = error instanceof api.Problem ? error : new api.Problem("The image cannot be read", String(error));
      mark.status = "failed";
      mark.problem = { title: problem.title, detail: problem.detail };
    }
    if (this.marks.includes(mark)) this.changed(mark); // it may have been removed meanwhile
    if (!this.marks.some(({ status }) => status === "waiting" || status === "reading")) this.emit("idle");
  }

  /** Return the scored codes below an uncertain suggestion, best first. */
  async children(mark, suggestion) {
    if (!mark.children[suggestion.code]) {
      const options = { level: "section", threshold: 0, exclude: this.otherCategories(suggestion.path[0]) };
      const { result } = await api.predict(await this.image(mark), mark.name, options);
      const start = `${suggestion.code}.`;
      mark.children[suggestion.code] = result.suggestions.filter(({ code }) => code.startsWith(start)).slice(0, 5);
      await this.save(mark);
    }
    return mark.children[suggestion.code];
  }

  otherCategories(category) {
    return [...this.categories.keys()].filter((code) => code !== category).join(",");
  }

  /** Return the address of a code's heat map over the image. */
  heatMap(mark, code) {
    return this.#once(`${mark.id} ${code}`, async () => URL.createObjectURL(await api.explain(await this.image(mark), code)));
  }

  /** Return the reference marks most similar to this one; a missing index is requested only once. */
  similar(mark) {
    if (this.#noIndex) return Promise.reject(this.#noIndex);
    return this.#once(mark.id, async () => {
      const marks = await api.similar(await this.image(mark)).catch((problem) => {
        if (problem.status === 404) this.#noIndex = problem;
        throw problem;
      });
      const draw = async (address) => URL.createObjectURL(await api.thumbnail(address));
      const pictures = marks.map(({ thumbnail: address }) => (address ? draw(address).catch(() => null) : null));
      return Promise.all(marks.map(async (found, at) => ({ ...found, picture: await pictures[at] })));
    });
  }

  #once(key, make) {
    if (!this.#cache.has(key)) {
      const made = make();
      this.#cache.set(key, made);
      made.catch(() => this.#cache.delete(key));
      if (this.#cache.size > MAX_CACHED) this.#forget(this.#cache.keys().next().value);
    }
    return this.#cache.get(key);
  }

  async #forget(key) {
    const old = this.#cache.get(key);
    this.#cache.delete(key);
    const found = await old.catch(() => null);
    for (const address of Array.isArray(found) ? found.map(({ picture }) => picture) : [found]) {
      if (address) URL.revokeObjectURL(address);
    }
  }
}
