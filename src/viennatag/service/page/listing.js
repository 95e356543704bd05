/**
 * Which codes are listed for a mark, and in which order: what it pictures first, then its form, colours last.
 *
 * The order depends on scores and settings only, so no decision moves a row.
 */

import { categoryOf, isBelow, isLeaf, isVienna } from "./tree.js";

const FIRST_FORM = 25;
const COLOURS = 29;
const CHILDREN = 3; // sections shown below a division that was suggested without any
const FIRST_CANDIDATES = 24;

const isColour = ({ code }) => isVienna() && Number(categoryOf(code)) === COLOURS;
const isForm = ({ code }) => isVienna() && Number(categoryOf(code)) >= FIRST_FORM;

/** Return { rows, colours, candidates }: rows are suggestions with `kind`, `indent`; candidates counts those left out. */
export function listing({ suggestions, candidates }, { hidden, floor, all }) {
  const shown = ({ code }) => !hidden.includes(categoryOf(code));
  const [sure, rest] = split(suggestions.filter(shown), candidates.filter(shown), floor);
  const taken = new Set(sure.map(({ code }) => code));
  const below = (parent) =>
    rest.filter(({ code }) => isBelow(code, parent.code) && !taken.has(code)).slice(0, CHILDREN);
  const withChildren = (suggestion) => {
    const row = { ...suggestion, kind: "suggested", indent: false };
    if (isLeaf(suggestion.code)) return [row];
    const children = below(suggestion).map((child) => ({ ...child, kind: "candidate", indent: true }));
    for (const { code } of children) taken.add(code);
    return [row, ...children];
  };
  const pictured = sure.filter((each) => !isForm(each)).flatMap(withChildren);
  const form = sure.filter((each) => isForm(each) && !isColour(each)).flatMap(withChildren);
  const colours = sure.filter(isColour).flatMap(withChildren);
  const others = rest.filter((each) => !taken.has(each.code)).map((each) => ({ ...each, kind: "candidate", indent: false }));
  const more = [...others.filter((each) => !isForm(each)), ...others.filter((each) => isForm(each) && !isColour(each))];
  const first = all ? more.length : FIRST_CANDIDATES;
  return {
    rows: [...pictured, ...form, ...more.slice(0, first)],
    colours: [...colours, ...others.filter(isColour).slice(0, Math.max(0, 6 - colours.length))],
    candidates: Math.max(0, more.length - first),
  };
}

/** Return suggestions and candidates, by the thresholds of the model or from a score that the office has set. */
function split(suggestions, candidates, floor) {
  if (floor === null) return [suggestions, candidates];
  const leaves = new Set(candidates.map(({ code }) => code));
  const all = new Map([...candidates, ...suggestions].map((each) => [each.code, each]));
  const ranked = [...all.values()].sort((a, b) => b.score - a.score);
  return [ranked.filter(({ score }) => score >= floor), ranked.filter(({ code, score }) => score < floor && leaves.has(code))];
}

/** Return how many decisions one must expect to be wrong if the suggestions are taken as they are. */
export const expectedErrors = ({ suggestions, candidates }) => {
  const codes = new Set(suggestions.map(({ code }) => code));
  const missed = candidates.filter(({ code }) => !codes.has(code)).slice(0, 10);
  return suggestions.reduce((sum, { score }) => sum + 1 - score, 0) + missed.reduce((sum, { score }) => sum + score, 0);
};
