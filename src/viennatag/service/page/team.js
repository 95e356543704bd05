/**
 * A team at one store: decisions are saved there as they are made, and those of others come in.
 *
 * A mark of the store has `team`: what the store said of it last (id, state, codes, disagreement, examinations), and
 * `stage`, the examination that is this person's, or null; `version` of what is shown; `said`, what the store knows of
 * it; `sent`, what it was told since, whether it answered or not; `unsaved`; and `conflict`, the mark as another has
 * decided it since.
 */

import * as api from "./api.js";
import { say, toast } from "./dom.js";
import { newMark } from "./mark.js";

const LOOK_EVERY_MS = 15_000;
const AGAIN_AFTER_MS = 5_000;
const AT_ONCE = 1000; // the most that the service lists
const OVERLAP = 50; // events may be committed in another order than they are numbered

export const STAGE_WORDS = { first: "first examination", review: "review", settlement: "settlement" };

/** Return the work on a mark as text, so that two states of it can be compared. */
const workOf = ({ decisions, done }) => JSON.stringify([Object.entries(decisions).sort(), Boolean(done)]);

/** Return a mark of the store without what the page keeps elsewhere. */
const facts = ({ suggestions, ...found }) => found;

const both = ({ first, review }) => Object.entries(first.decisions).filter(([code, decision]) => review?.decisions[code] === decision);

export class Team {
  #saving = new Set();
  #cursor = null; // the event from which on changes are looked up
  #seen = new Set();
  #looking = null;
  #timer = 0;

  /** @param user the signed-in { name, role }. */
  constructor(session, user) {
    this.session = session;
    this.user = user;
    session.team = this;
    addEventListener("focus", () => this.look());
    addEventListener("online", () => this.saveAll());
    setInterval(() => document.hidden || this.look(), LOOK_EVERY_MS);
  }

  get isLead() {
    return this.user.role === "lead";
  }

  /** Return which examination of a mark is this person's, null if none. */
  stageOf({ state, examinations: { first, review } }) {
    const { name } = this.user;
    const mine = (each) => each?.assigned_to === name || each?.examiner === name;
    if (!first.done) return !first.assigned_to || first.assigned_to === name || this.isLead ? "first" : null;
    if (this.isLead && (state === "disagreed" || state === "settled")) return "settlement";
    if (state === "settled") return null;
    if (mine(review)) return "review";
    return mine(first) ? "first" : null;
  }

  get unsaved() {
    return this.session.marks.filter((mark) => mark.team?.unsaved);
  }

  /** Take over what the store says of a mark; what is shown is replaced if it is of another version. */
  adopt(mark, found, { force = false } = {}) {
    const stage = this.stageOf(found);
    const shown = found.examinations[stage ?? (found.state === "settled" ? "settlement" : "first")];
    const version = shown?.version ?? 0;
    const { team: before } = mark;
    const same = before && before.stage === stage && before.version === version && !force;
    mark.team = { ...facts(found), stage, version, said: before?.said, sent: (same && before.sent) || [], unsaved: same && before.unsaved, conflict: null };
    if (same) return;
    if (!before && stage && Object.keys(mark.decisions).length) return this.#keepEarly(mark, found);
    mark.decisions = shown ? { ...shown.decisions } : Object.fromEntries(stage === "settlement" ? both(found.examinations) : []);
    mark.done = shown?.done ?? null;
    mark.history = [];
    mark.team.said = workOf(mark);
    this.#nameCodes(mark);
  }

  /** Keep what was decided before the store was asked; if it has other decisions, that is a conflict. */
  #keepEarly(mark, found) {
    mark.team.said = workOf({ decisions: {}, done: null });
    if (mark.team.version) Object.assign(mark.team, { conflict: facts(found), unsaved: true });
  }

  /** Get the headings of codes that others added. */
  async #nameCodes(mark) {
    const known = new Set([...mark.suggestions, ...mark.candidates].map(({ code }) => code));
    const unknown = Object.keys(mark.decisions).filter((code) => !known.has(code) && !mark.headings[code]);
    for (const code of unknown) mark.headings[code] = (await api.node(code).catch(() => ({ heading: "" }))).heading;
    if (unknown.length) this.#keep(mark);
  }

  /** Store a mark in the browser, and show it. */
  #keep(mark) {
    this.session.keep(mark);
    this.session.emit("queue");
    if (mark === this.session.current) this.session.emit("mark");
  }

  /** Save what was decided on a mark. */
  changed(mark) {
    if (!mark.team?.stage || mark.team.conflict || workOf(mark) === mark.team.said) return;
    mark.team.unsaved = true;
    this.#save(mark);
  }

  saveAll() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    for (const mark of this.unsaved) if (!mark.team.conflict) this.#save(mark);
  }

  async #save(mark) {
    if (this.#saving.has(mark) || this.session.readOnly) return; // the loop below sees the change
    this.#saving.add(mark);
    try {
      while (mark.team.unsaved) {
        const { id, stage, version } = mark.team;
        const said = workOf(mark);
        mark.team.sent = [...new Set([...(mark.team.sent ?? []), said])]; // none in a mark that an older page stored
        const found = await api.decide(id, stage, { version, decisions: mark.decisions, done: Boolean(mark.done) });
        Object.assign(mark.team, facts(found), { version: found.examinations[stage].version, said, sent: [], unsaved: workOf(mark) !== said });
      }
      this.session.emit("saved");
    } catch (problem) {
      await this.#refused(mark, problem);
    } finally {
      this.#saving.delete(mark);
      this.#keep(mark);
    }
  }

  async #refused(mark, problem) {
    const other = problem.mark?.examinations[mark.team.stage];
    if (problem.status === 409 && other?.examiner === this.user.name && mark.team.sent.includes(workOf(other))) {
      mark.team.version = other.version; // an answer was lost: it is this person's own
      this.#timer ||= setTimeout(() => this.saveAll());
    } else if (problem.status === 409 && problem.mark) {
      mark.team.conflict = problem.mark;
      say(`${mark.name} was decided by another meanwhile. Choose which decisions to keep.`);
    } else if (!(problem instanceof api.Problem) || problem.passes) {
      if (problem.status === 401) this.session.emit("locked");
      this.#timer ||= setTimeout(() => this.saveAll(), AGAIN_AFTER_MS);
      this.session.emit("saved");
    } else {
      toast(`${mark.name} was not saved: ${problem.message}`);
      mark.team.unsaved = false;
      await this.#fetch(mark, { force: true });
    }
  }

  /** End a conflict: my decisions replace those of the other, or theirs are shown. */
  resolve(mark, mine) {
    const { conflict, stage } = mark.team;
    if (mine && this.stageOf(conflict) === stage) {
      Object.assign(mark.team, facts(conflict), { version: conflict.examinations[stage].version, conflict: null, unsaved: true });
      this.#save(mark);
    } else this.adopt(mark, conflict, { force: true });
    this.#keep(mark);
  }

  async #fetch(mark, options) {
    const found = await api.readMark(mark.team.id).catch(() => null);
    if (!found || (!options && (mark.team.unsaved || this.#saving.has(mark)))) return;
    const before = mark.team.version;
    this.adopt(mark, found, options);
    this.#keep(mark);
    if (mark === this.session.current && mark.team.version !== before && !options) say(`${mark.name} was changed by another.`);
  }

  /** Give work to a user, null for anybody; what this person takes is listed. */
  async assign(ids, stage, to) {
    for (const found of await api.assign(ids, stage, to)) this.#meet(found, { add: to === this.user.name });
  }

  /** Take over a mark of the store, or list it: its image may still come. */
  #meet(found, { add = false } = {}) {
    const mark = this.session.marks.find(({ team }) => team?.id === found.id);
    if (mark) {
      if (!mark.team.unsaved && !this.#saving.has(mark)) this.adopt(mark, found);
      this.#keep(mark);
    } else if (add) this.list(found);
  }

  /** List a mark whose image is not in this browser; returns it. */
  list(found) {
    const known = this.session.marks.find(({ team }) => team?.id === found.id);
    if (known) return known;
    const mark = newMark("", 0, found.name, { type: "", size: 0, lastModified: 0 });
    mark.status = "absent";
    this.adopt(mark, found);
    this.session.insert(mark);
    return mark;
  }

  /** Find out what changed; at first what is assigned to this person, and how the marks of this browser are. */
  look() {
    this.#looking ??= (this.#cursor === null ? this.#begin() : this.#follow())
      .catch((problem) => problem.status === 401 && this.session.emit("locked"))
      .finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #begin() {
    const recent = await api.events({ newest: true, count: OVERLAP });
    for (const wanted of [{ assigned_to: this.user.name }, ...(this.isLead ? [{ state: "disagreed" }] : [])]) {
      for (let after = 0, found; ; after = found.at(-1).id) {
        found = await api.listMarks({ ...wanted, after, count: AT_ONCE });
        for (const each of found) this.#meet(each, { add: true });
        if (found.length < AT_ONCE) break;
      }
    }
    const present = this.session.marks.filter(({ team }) => team?.image_hash);
    for (let at = 0; at < present.length; at += 100) {
      const hashes = present.slice(at, at + 100).map(({ team }) => team.image_hash);
      for (const each of await api.listMarks({ image_hash: hashes.join(","), count: 100 })) this.#meet(each);
    }
    for (const { id } of recent) this.#seen.add(id);
    this.#cursor = recent.at(-1)?.id ?? 0;
    this.saveAll();
  }

  async #follow() {
    for (let events = null; !events || events.length === AT_ONCE; ) {
      const from = events ? this.#cursor : Math.max(0, this.#cursor - OVERLAP);
      events = await api.events({ after: from, count: AT_ONCE });
      const fresh = events.filter(({ id }) => !this.#seen.has(id));
      this.#cursor = Math.max(this.#cursor, events.at(-1)?.id ?? 0);
      for (const { id } of events) this.#seen.add(id);
      const ids = new Set(fresh.filter(({ mark_id: id }) => id).map(({ mark_id: id }) => id));
      const mine = new Set(fresh.filter(({ action, details }) => action === "assigned" && details.to === this.user.name).map(({ mark_id: id }) => id));
      for (const id of ids) {
        const mark = this.session.marks.find(({ team }) => team?.id === id);
        if (mark) await this.#fetch(mark);
        else if (mine.has(id)) this.#meet(await api.readMark(id), { add: true });
      }
    }
    this.saveAll();
  }
}
