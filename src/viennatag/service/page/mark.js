/**
 * An image with the suggestions of the model and the decisions of the examiner: the data, without views or network.
 *
 * A decision is "accepted" or "rejected"; every change is kept in a history, so that it can be undone.
 */

import { categoryOf, isBelow, isVienna, pathOf, rivalsOf } from "./tree.js";

let hidden = []; // categories that the office does not show

/** Set the categories that are not shown: no decision is waited for in them. */
export const hideCategories = (categories) => (hidden = categories);

const awaited = ({ suggestions }) => suggestions.filter(({ code }) => !hidden.includes(categoryOf(code)));

export function newMark(id, order, name, file) {
  return {
    id,
    order,
    name,
    source: name, // as the file was called
    type: file.type,
    size: file.size,
    modified: file.lastModified ?? 0,
    thumbnail: null,
    status: "waiting", // reading, read, failed
    problem: null,
    model: "",
    width: 0,
    height: 0,
    ground: "white", // on which the picture shows: white, checker or dark
    note: "", // why the service suggests nothing
    suggestions: [],
    candidates: [], // the codes with the highest scores, whatever their thresholds
    headings: {}, // of codes that were not suggested
    decisions: {},
    history: [],
    done: null,
  };
}

/** Return whether this person decides on a mark: in a team only if an examination is theirs, and not while two differ. */
export const mayDecide = ({ status, team }) => status !== "absent" && (!team || Boolean(team.stage && !team.conflict));

/** Return whether a mark may be called done: it was read, or it cannot be read and has codes all the same. */
export const mayFinish = (mark) => mark?.status === "read" || (mark?.status === "failed" && accepted(mark).length > 0);

/** Return whether the codes of a mark are final: in a team also for the store, or before it has been asked. */
export const isFinal = ({ done, team }) => Boolean(done) && (!team || team.unsaved || team.codes !== null);

export const compareCodes = (a, b) => a.localeCompare(b, "en", { numeric: true });

/** Return "accepted", "rejected", "refined" (a code below it was accepted) or "open". */
export function decisionOf(mark, code) {
  if (mark.decisions[code] === "rejected") return "rejected";
  if (accepted(mark).some((other) => isBelow(other, code))) return "refined";
  return mark.decisions[code] ?? "open";
}

/** Return whether a code is too coarse for a register: a category of the Vienna Classification. */
export const isBare = (code) => isVienna() && pathOf(code).length === 1;

/** Return the accepted codes in order, without ancestors of accepted codes. */
export function accepted(mark) {
  const codes = Object.keys(mark.decisions).filter((code) => mark.decisions[code] === "accepted");
  return codes.filter((code) => !codes.some((other) => isBelow(other, code))).sort(compareCodes);
}

export const rejected = (mark) =>
  Object.keys(mark.decisions)
    .filter((code) => mark.decisions[code] === "rejected")
    .sort(compareCodes);

/** Return the accepted codes that the model did not suggest. */
export function addedCodes(mark) {
  const suggested = new Set(mark.suggestions.map((suggestion) => suggestion.code));
  return accepted(mark).filter((code) => !suggested.has(code));
}

export const openSuggestions = (mark) =>
  awaited(mark).filter((suggestion) => decisionOf(mark, suggestion.code) === "open").map((suggestion) => suggestion.code);

/** Return a number by which decisions are undone together. */
export const newGroup = () => crypto.getRandomValues(new Uint32Array(1))[0];

/**
 * Set a decision, or remove it if it is set already; a mark is done when all that was suggested is decided.
 *
 * What it implies is decided with it, and open again when it is taken back. Decisions of one `group` are undone together.
 * Returns the other codes that changed.
 */
export function decide(mark, code, wanted, now, group = newGroup()) {
  const before = mark.decisions[code] ?? null;
  const after = before === wanted ? null : wanted;
  const back = before ? implied(mark, code) : [];
  const change = ([each, decision]) => {
    mark.history.push({ code: each, before: mark.decisions[each] ?? null, after: decision, done: mark.done, group, by: code });
    if (decision) mark.decisions[each] = decision;
    else delete mark.decisions[each];
    return each;
  };
  change([code, after]);
  const others = [...back.map(change), ...implications(mark, code, after).map(change)];
  if (awaited(mark).length && !openSuggestions(mark).length) mark.done ??= now;
  else if (!after) mark.done = null;
  return [...new Set(others)];
}

/** Return [code, decision] for what was decided only because of a code, as it was before. */
function implied(mark, code) {
  const { group } = mark.history.findLast((step) => step.by === code && step.code === code) ?? {};
  const steps = mark.history.filter((step) => group && step.group === group && step.by === code && step.code !== code);
  return steps.filter((step) => (mark.decisions[step.code] ?? null) === step.after).map((step) => [step.code, step.before]);
}

/**
 * Return [code, decision] for what follows from a decision: an accepted code excludes its rivals with all that is known
 * below them, and no code above it is rejected; below a rejected one none is accepted.
 */
function implications(mark, code, decision) {
  const decided = Object.keys(mark.decisions);
  if (decision === "rejected") return decided.filter((each) => isBelow(each, code) && mark.decisions[each] === "accepted").map((each) => [each, "rejected"]);
  if (decision !== "accepted") return [];
  const rivals = rivalsOf(code);
  const known = [...[...mark.suggestions, ...(mark.candidates ?? [])].map((each) => each.code), ...decided];
  const below = known.filter((each) => rivals.some((rival) => isBelow(each, rival)));
  const excluded = [...new Set([...rivals, ...below])].filter((each) => mark.decisions[each] !== "rejected");
  const above = pathOf(code).filter((each) => each !== code && mark.decisions[each] === "rejected");
  return [...excluded.map((each) => [each, "rejected"]), ...above.map((each) => [each, null])];
}

/** Mark as done although suggestions are open, or as not done. */
export function setDone(mark, done) {
  mark.history.push({ code: null, before: null, done: mark.done });
  mark.done = done;
}

/** Undo the last change and return its code, null for a change of `done`, undefined if there was none. */
export function undo(mark) {
  const step = mark.history.pop();
  if (!step) return undefined;
  if (step.before) mark.decisions[step.code] = step.before;
  else if (step.code) delete mark.decisions[step.code];
  mark.done = step.done;
  const more = step.group && mark.history.at(-1)?.group === step.group;
  return more ? undo(mark) : step.code;
}

/** Return the heading of a code and its score, which is null without one. */
export function about(mark, code) {
  const found = [...mark.suggestions, ...(mark.candidates ?? [])].find((suggestion) => suggestion.code === code);
  return found ?? { code, heading: mark.headings[code] ?? "", score: null };
}

/** Return a code in the spelling of a register: 3.1.6, or 03.01.06 if padded; flat labels stay as they are. */
export function spell(code, padded) {
  if (!padded || !isVienna()) return code;
  return code
    .split(".")
    .map((number) => number.padStart(2, "0"))
    .join(".");
}
