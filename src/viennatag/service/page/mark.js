/**
 * One image with what the model suggests and what the examiner decides. No screen, no network.
 *
 * A verdict is "accepted" or "rejected"; every change is kept, so that all of them can be undone.
 */

export function newMark(id, order, name, file) {
  return {
    id,
    order,
    name,
    type: file.type,
    size: file.size,
    modified: file.lastModified ?? 0,
    thumbnail: null,
    status: "waiting", // reading, read, failed
    problem: null,
    model: "",
    width: 0,
    height: 0,
    suggestions: [],
    offers: {}, // by code: the children of an unsure suggestion, with scores
    headings: {}, // of codes that were not suggested
    verdicts: {},
    past: [],
    done: null,
  };
}

export const compareCodes = (a, b) => a.localeCompare(b, "en", { numeric: true });

const below = (code, ancestor) => code.startsWith(`${ancestor}.`);

/** Return "accepted", "rejected", "refined" (a code below it was accepted) or "open". */
export function verdict(mark, code) {
  if (mark.verdicts[code]) return mark.verdicts[code];
  return accepted(mark).some((other) => below(other, code)) ? "refined" : "open";
}

/** Return the accepted codes in order; a code gives way to an accepted code below it. */
export function accepted(mark) {
  const codes = Object.keys(mark.verdicts).filter((code) => mark.verdicts[code] === "accepted");
  return codes.filter((code) => !codes.some((other) => below(other, code))).sort(compareCodes);
}

export const rejected = (mark) =>
  Object.keys(mark.verdicts)
    .filter((code) => mark.verdicts[code] === "rejected")
    .sort(compareCodes);

/** Return the accepted codes that the model did not suggest. */
export function addedCodes(mark) {
  const suggested = new Set(mark.suggestions.map((suggestion) => suggestion.code));
  return accepted(mark).filter((code) => !suggested.has(code));
}

export const openSuggestions = (mark) =>
  mark.suggestions.filter((suggestion) => verdict(mark, suggestion.code) === "open").map((suggestion) => suggestion.code);

/** Set a verdict, or take it back where it is set already; a mark with nothing left open is done. */
export function decide(mark, code, wanted, now) {
  const before = mark.verdicts[code] ?? null;
  mark.past.push({ code, before, done: mark.done });
  if (before === wanted) delete mark.verdicts[code];
  else mark.verdicts[code] = wanted;
  if (!openSuggestions(mark).length) mark.done ??= now;
  else if (before === wanted) mark.done = null;
}

/** Say that a mark is done though suggestions are open, or that it is not. */
export function setDone(mark, done) {
  mark.past.push({ code: null, before: null, done: mark.done });
  mark.done = done;
}

/** Take the last change back and return its code, null for a change of `done`, undefined if there was none. */
export function undo(mark) {
  const step = mark.past.pop();
  if (!step) return undefined;
  if (step.before) mark.verdicts[step.code] = step.before;
  else if (step.code) delete mark.verdicts[step.code];
  mark.done = step.done;
  return step.code;
}

/** Return what is known of a code on this mark: heading and, if the model gave one, score. */
export function about(mark, code) {
  const offered = Object.values(mark.offers).flat();
  const found = [...mark.suggestions, ...offered].find((suggestion) => suggestion.code === code);
  return found ?? { code, heading: mark.headings[code] ?? "", score: null };
}

/** Return a code as a register writes it: 3.1.6, or 03.01.06 if padded; flat labels stay as they are. */
export function spell(code, padded) {
  if (!padded || !/^\d+(\.\d+)*$/.test(code)) return code;
  return code
    .split(".")
    .map((number) => number.padStart(2, "0"))
    .join(".");
}
