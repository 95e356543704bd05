/**
 * How the labels of the model hang together: what is above a code, and which codes exclude each other.
 *
 * Vienna codes tell it themselves; for labels of one's own the service says it. Until it has, all are taken for Vienna's.
 */

const VIENNA_LEVELS = ["category", "division", "section"];
const LAST_CATEGORY = 29;

let parents = null; // by label; null for Vienna codes
let levels = VIENNA_LEVELS; // from the root down
let inner = new Set(); // labels with others below them
let roots = new Map(); // labels without a parent, by their lower-case spelling
let groups = new Map(); // by label of a group: { group, members }

/** Take over what the model card says. */
export function setTree(card) {
  parents = card.parents && new Map(Object.entries(card.parents));
  levels = parents ? Object.keys(card.labels) : VIENNA_LEVELS;
  inner = new Set(parents?.values());
  roots = new Map(Object.keys(card.thresholds).map((label) => [categoryOf(label).toLowerCase(), categoryOf(label)]));
  groups = new Map(Object.entries(card.groups).flatMap(([group, members]) => members.map((code) => [code, { group, members }])));
}

export const isVienna = () => parents === null;

/** Return a code's ancestors from the root down, then itself. */
export function pathOf(code) {
  if (!parents) return code.split(".").map((_, at, parts) => parts.slice(0, at + 1).join("."));
  const path = [code];
  while (parents.has(path[0])) path.unshift(parents.get(path[0]));
  return path;
}

export const categoryOf = (code) => pathOf(code)[0];

export const isBelow = (code, ancestor) => code !== ancestor && pathOf(code).includes(ancestor);

/** Return the category, or label without a parent, that a text names; an empty text for none. */
export function findCategory(text) {
  if (parents) return roots.get(text.toLowerCase()) ?? "";
  return /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= LAST_CATEGORY ? String(Number(text)) : "";
}

/** Return a code with its heading; a label that says what it means stands alone. */
export const titled = (code, heading) => (heading && heading !== code ? `${code}, ${heading}` : code);

export const levelOf = (code) => levels[pathOf(code).length - 1] ?? levels.at(-1);

/** Return whether no code is below this one. */
export const isLeaf = (code) => (parents ? !inner.has(code) : pathOf(code).length === VIENNA_LEVELS.length);

/** Return the labels that a label excludes, itself or by an ancestor. */
export const rivalsOf = (code) =>
  pathOf(code).flatMap((each) => groups.get(each)?.members.filter((other) => other !== each) ?? []);
