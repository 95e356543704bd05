/**
 * The images: predicted one after the other, stored in the browser, with an event for every change.
 */

import * as api from "./api.js";
import { mayDecide, newMark } from "./mark.js";
import { drawable, inspect, onDark, readable, region } from "./pictures.js";

const READERS = 2; // the service batches requests; more would only wait there
const MAX_CACHED = 60;
const CANDIDATES = 60;
const MORE_CANDIDATES = 250;
const EVERYTHING = 1000; // the most that the service ranks
const STORED_AT_ONCE = 40;
const MOST_CUTS = 2;
const CUT_OFF = { title: "The connection was cut twice", detail: "The service answers otherwise. This image may be too large for it, or for a proxy before it.", passes: false, status: 0 };
const PATIENCE_MS = [2_000, 4_000, 8_000, 15_000, 30_000]; // between attempts to reach a service that is away

/** Return a path that names a file below a folder and nothing above it. */
const relativePath = (text) =>
  text
    .split(/[\\/]/)
    .map((part) => part.trim())
    .filter((part) => part && part !== "." && part !== "..")
    .join("/") || "image";

const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (number) => number.toString(36)).join("");

const fingerprint = (name, size, modified) => `${name}|${size}|${modified}`;

export class Session extends EventTarget {
  marks = [];
  current = null;
  selected = null; // the code whose evidence is shown
  region = null; // { box, suggestions, candidates } of a part of the current image that was asked about
  listed = () => this.marks; // in the order of the queue
  all = false; // whether all candidates of the current mark are listed
  readOnly = false; // another tab works
  away = false; // the service cannot be reached
  categories = new Map(); // code to heading
  auxiliary = new Set(); // sections that WIPO calls so, if its file was imported
  team = null; // those who share a store of the service
  #cache = new Map();
  #held = new Map(); // by mark: images that are not stored yet, or never as the storage is full
  #names = new Set();
  #known = new Set();
  #noIndex = null;
  #adding = Promise.resolve();
  #reading = 0;
  #outages = 0;
  #refused = false; // whether the browser refused to store something

  constructor(store) {
    super();
    this.store = store;
  }

  /** Emit an event: "queue" (which images, and their state), "mark" (the current one), "choice" (its selected code). */
  emit(what) {
    this.dispatchEvent(new Event(what));
  }

  async load() {
    const kept = await this.store.all("marks");
    this.marks = kept.map((mark) => ({ source: mark.name, candidates: [], ...mark })).sort((a, b) => a.order - b.order);
    for (const mark of this.marks) {
      if (mark.status === "reading" || mark.problem?.passes) Object.assign(mark, { status: "waiting", problem: null }); // cut off
      this.#names.add(mark.name);
      this.#known.add(fingerprint(mark.source, mark.size, mark.modified));
    }
    this.team?.look();
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
    const added = [];
    const again = []; // marks whose images this browser had lost
    for (const [path, file] of files) {
      const source = relativePath(path);
      const print = fingerprint(source, file.size, file.lastModified);
      if (this.#known.has(print)) {
        const mark = this.marks.find((each) => fingerprint(each.source, each.size, each.modified) === print);
        if (!mark || !(await this.#isMissing(mark))) continue;
        this.#held.set(mark, (await readable(source, file))[1]);
        if (mark.status === "failed") Object.assign(mark, { status: "waiting", problem: null });
        again.push(mark);
        continue;
      }
      this.#known.add(print);
      const [name, image] = await readable(source, file);
      const mark = newMark(newId(), this.#nextOrder(), this.#freeName(name), file);
      mark.source = source;
      this.#held.set(mark, image);
      this.marks.push(mark);
      added.push(mark);
    }
    if (again.includes(this.current)) this.show(this.current);
    else if (!this.current && this.marks.length) this.show(this.marks[0]);
    this.emit("queue");
    this.#read();
    const fresh = [...added, ...again];
    for (let at = 0; at < fresh.length; at += STORED_AT_ONCE) await this.#store(fresh.slice(at, at + STORED_AT_ONCE));
    return files.length - fresh.length;
  }

  async #isMissing(mark) {
    return mark.status !== "absent" && !this.#held.has(mark) && !(await this.store.get("images", mark.id));
  }

  /** Store new marks and their images; what the browser cannot keep stays in memory. */
  async #store(marks) {
    const present = marks.filter((mark) => this.#held.has(mark));
    await this.#try(() => this.store.putAll("marks", present.map((mark) => [mark.id, mark])));
    if (await this.#try(() => this.store.putAll("images", present.map((mark) => [mark.id, this.#held.get(mark)])))) {
      for (const mark of present) this.#held.delete(mark);
      return;
    }
    for (const mark of present) {
      if (await this.#try(() => this.store.put("images", mark.id, this.#held.get(mark)))) this.#held.delete(mark);
    }
  }

  /** Return the images that are lost when the tab is closed. */
  get unsaved() {
    return [...this.#held.keys()];
  }

  /** Store what the browser refused before, as there may be room now. */
  async #keepRefused() {
    if (!this.#refused) return;
    this.#refused = false;
    await this.#store(this.unsaved);
    await this.#try(() => this.store.putAll("marks", this.marks.map((mark) => [mark.id, mark])));
    if (!this.#refused) this.emit("kept");
  }

  #freeName(wanted) {
    const [, stem, ending] = wanted.match(/^(.*?)(\.[^./]*)?$/s);
    for (let count = 1; ; count++) {
      const name = count === 1 ? wanted : `${stem} (${count})${ending ?? ""}`;
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      return name;
    }
  }

  async #try(write) {
    try {
      await write();
      return true;
    } catch (error) {
      this.#refused = true;
      this.dispatchEvent(new CustomEvent("lost", { detail: error }));
      return false;
    }
  }

  #keep(table, key, value) {
    return this.#try(() => this.store.put(table, key, value));
  }

  /** Store a mark in the browser. */
  keep(mark) {
    return this.#keep("marks", mark.id, mark);
  }

  /** Store a mark in the browser and, in a team, what was decided on it in the service. */
  save(mark) {
    this.team?.changed(mark);
    return this.keep(mark);
  }

  /** List a mark that came without its image. */
  insert(mark) {
    Object.assign(mark, { id: newId(), order: this.#nextOrder(), name: this.#freeName(mark.name) });
    this.marks.push(mark);
    this.keep(mark);
    if (this.current) this.emit("queue");
    else this.show(mark);
  }

  #nextOrder() {
    return (this.marks.at(-1)?.order ?? 0) + 1;
  }

  /** Store a changed mark and emit its events. */
  changed(mark) {
    this.save(mark);
    this.emit("queue");
    if (mark === this.current) this.emit("mark");
  }

  show(mark) {
    Object.assign(this, { current: mark, selected: null, region: null, all: false });
    if (mark) this.#keep("settings", "current", mark.id);
    this.emit("queue");
    this.emit("shown");
    this.emit("mark");
    this.emit("choice");
  }

  /** Stop for good: another tab works with these images. */
  stop() {
    this.readOnly = true;
  }

  choose(code) {
    this.selected = code;
    this.emit("choice");
  }

  /** Show the image some positions further; false at the end. */
  step(by) {
    const marks = this.listed();
    const next = marks[marks.indexOf(this.current) + by];
    if (next) this.show(next);
    return Boolean(next);
  }

  /** Return the next image that is not done: after the current one in the list, from its start, or anywhere. */
  nextOpen() {
    const marks = this.listed();
    const at = marks.indexOf(this.current) + 1;
    const open = (mark) => !mark.done && mark.status !== "failed" && mayDecide(mark);
    return [...marks.slice(at), ...marks.slice(0, at)].find(open) ?? this.marks.find(open);
  }

  async image(mark) {
    if (mark.status === "absent") throw new api.Problem("The image is not in this browser", `Add ${mark.source} or its folder; it will be recognised.`, 410);
    const image = this.#held.get(mark) ?? (await this.store.get("images", mark.id));
    if (!image) throw new api.Problem("This browser no longer has the image", `Add ${mark.source} or its folder again; it will be recognised.`, 410);
    return image;
  }

  /** Return what the service is asked about: the image, a white drawing on transparency on a dark ground. */
  async #question(mark) {
    const image = await this.image(mark);
    return mark.ground === "dark" ? onDark(image) : image;
  }

  /** Return the address of a picture of the mark that this browser draws. */
  picture(mark) {
    return this.#once(`${mark.id} picture`, async () => URL.createObjectURL(await drawable(await this.image(mark))));
  }

  get failed() {
    return this.marks.filter((mark) => mark.status === "failed");
  }

  retry(marks, { asked = true } = {}) {
    if (asked) api.askAgain();
    for (const mark of marks) Object.assign(mark, { status: "waiting", problem: null });
    if (this.away) this.emit("back");
    this.away = false;
    this.emit("queue");
    this.emit("mark");
    this.#read();
  }

  /** Wait until the service answers, then read what failed while it was away. */
  async #comeBack() {
    if (this.away) return;
    this.away = true;
    this.emit("away");
    const outage = ++this.#outages;
    const waits = () => this.away && outage === this.#outages && !this.readOnly;
    for (let attempt = 0; waits(); attempt++) {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS[Math.min(attempt, PATIENCE_MS.length - 1)]));
      if (waits() && (await api.alive()) && waits()) this.retry(this.failed.filter((mark) => mark.problem.passes), { asked: false });
    }
  }

  /** Remove an image; returns a function that brings it back. */
  async remove(mark) {
    const at = this.marks.indexOf(mark);
    const image = await this.image(mark).catch(() => null);
    this.marks.splice(at, 1);
    this.#forgetNames(mark);
    await Promise.all([this.store.delete("marks", mark.id), this.store.delete("images", mark.id)]);
    this.show(this.marks[Math.min(at, this.marks.length - 1)] ?? null);
    this.#keepRefused();
    return async () => {
      if (image && !(await this.#keep("images", mark.id, image))) this.#held.set(mark, image);
      this.#names.add(mark.name);
      this.#known.add(fingerprint(mark.source, mark.size, mark.modified));
      this.marks.splice(at, 0, mark);
      await this.save(mark);
      this.show(mark);
      this.#read();
    };
  }

  #forgetNames(mark) {
    this.#held.delete(mark);
    this.#names.delete(mark.name);
    this.#known.delete(fingerprint(mark.source, mark.size, mark.modified));
  }

  async clear() {
    this.marks.forEach((mark) => this.#forgetNames(mark));
    this.marks = [];
    await Promise.all([this.store.clear("marks"), this.store.clear("images")]);
    this.show(null);
    this.#keepRefused();
  }

  #read() {
    while (this.#reading < READERS && !this.away && !this.readOnly) {
      const mark = this.current?.status === "waiting" ? this.current : this.marks.find(({ status }) => status === "waiting");
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
    let twin = null;
    try {
      Object.assign(mark, await inspect(await this.image(mark)));
      Object.assign(mark, await this.#ask(await this.#question(mark), mark.name));
      if (this.team) twin = await this.#share(mark);
      mark.status = "read";
      mark.cuts = 0;
    } catch (error) {
      const { title, detail, passes, status } = error instanceof api.Problem ? error : new api.Problem("The image cannot be read", String(error), 422);
      mark.cuts = status === 0 && (await api.alive()) ? (mark.cuts ?? 0) + 1 : 0;
      mark.problem = mark.cuts < MOST_CUTS ? { title, detail, passes, status } : CUT_OFF; // which must not look like an outage
      mark.status = "failed";
    }
    if (this.readOnly || !this.marks.includes(mark)) return; // removed meanwhile
    if (twin) await this.#join(mark, twin);
    else this.changed(mark);
    if (mark.problem?.status === 401) this.emit("locked");
    else if (mark.problem?.passes) this.#comeBack();
    else if (!this.marks.some(({ status }) => status === "waiting" || status === "reading")) this.emit("idle");
  }

  /** Tell the team's store of an image, and take over what it knows; returns the mark that is listed with it already. */
  async #share(mark) {
    const found = await api.keepMark(await this.image(mark), mark.name);
    const twin = this.marks.find((other) => other !== mark && other.team?.id === found.id);
    if (!twin) this.team.adopt(mark, found);
    return twin;
  }

  /** Give an image to the mark that waited for it; one that has its image stays as it is. */
  async #join(mark, twin) {
    const shown = this.current === mark || this.current === twin;
    const image = await this.image(mark);
    await this.#adding; // what is being stored is removed below
    this.marks.splice(this.marks.indexOf(mark), 1);
    if (twin.status === "absent") {
      const { id, order, name, team, decisions, history, done, headings } = twin;
      Object.assign(twin, mark, { id, order, name, team, decisions, history, done, headings });
      if (!(await this.#keep("images", id, image))) this.#held.set(twin, image);
      this.keep(twin);
      this.#names.delete(mark.name);
      this.#held.delete(mark);
    } else {
      this.#forgetNames(mark);
      this.dispatchEvent(new CustomEvent("double", { detail: [mark, twin] }));
    }
    await Promise.all([this.store.delete("marks", mark.id), this.store.delete("images", mark.id)]);
    if (shown) this.show(twin);
    this.emit("queue");
  }

  /** Return the suggestions for an image, and the codes that come next, whatever their thresholds. */
  async #ask(image, name, top = CANDIDATES) {
    const [{ model, result }, more] = await Promise.all([api.predict(image, name), api.predict(image, name, { top })]);
    const { width, height, suggestions, note = "" } = result;
    const candidates = more.result.suggestions.map(({ code, heading, score, level, group }) => ({ code, heading, score, level, group }));
    return { model: `${model.name} ${model.digest}`, width, height, note, suggestions, candidates };
  }

  /** List all candidates of the current mark, and get further ones. */
  async more() {
    const mark = this.current;
    if (mark.candidates.length < MORE_CANDIDATES && !mark.note) {
      const { candidates } = await this.#ask(await this.#question(mark), mark.name, MORE_CANDIDATES);
      if (mark !== this.current) return;
      mark.candidates = candidates;
      this.save(mark);
    }
    this.all = true;
    this.emit("mark");
  }

  /** Return all codes of the last level with their scores for a mark, best first. */
  ranking(mark) {
    return this.#once(`${mark.id} ranking`, async () => {
      const { result } = await api.predict(await this.#question(mark), mark.name, { top: EVERYTHING });
      return { codes: result.suggestions };
    });
  }

  /** Ask about a region of the current image; null for the whole mark again. */
  async ask(box) {
    const mark = this.current;
    const answer = box && (await this.#ask(await region(await drawable(await this.#question(mark)), box), mark.name));
    if (mark !== this.current) return;
    this.region = answer && { ...answer, box };
    this.selected = null;
    this.emit("mark");
    this.emit("choice");
  }

  /** Return the evidence for a code: rows of numbers from 0 to 1 over the image, or over the region. */
  evidence(mark, code) {
    const { region: part } = this;
    return this.#once(`${mark.id} ${code} ${part?.box ?? ""}`, async () => {
      const whole = await this.#question(mark);
      return (await api.explain(part ? await region(await drawable(whole), part.box) : whole, code)).heat;
    });
  }

  /** Return the reference marks most similar to this one; a missing index is requested only once. */
  similar(mark) {
    if (this.#noIndex) return Promise.reject(this.#noIndex);
    return this.#once(mark.id, async () => {
      const marks = await api.similar(await this.#question(mark)).catch((problem) => {
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
      if (typeof address === "string") URL.revokeObjectURL(address);
    }
  }
}
