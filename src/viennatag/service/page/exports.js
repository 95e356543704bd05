/**
 * Exports: codes for a register, and the decision log for updating a model.
 */

import { about, accepted, addedCodes, decisionOf, isFinal, rejected, spell } from "./mark.js";
import { isVienna, levelOf } from "./tree.js";

const ROW_END = "\r\n";

/** Quote a field as RFC 4180 asks. */
const quoted = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Spreadsheets run such a text as a formula; an apostrophe keeps it from that, and is kept apart from one that it has. */
const withoutFormula = (value) => (typeof value === "string" && /^'*[=+\-@\t\r\n]/.test(value) ? `'${value}` : value);

const table = (rows) => rows.map((row) => row.map((value) => quoted(String(withoutFormula(value)))).join(",") + ROW_END).join("");

/** Return codes as a cell; labels of one's own may hold any separator. */
const list = (codes) => (isVienna() || !codes.length ? codes.join(";") : JSON.stringify(codes));

/** Return the marks that others act on, by a register or a training run: done, and with a code. */
export const ready = (marks) => marks.filter((mark) => isFinal(mark) && accepted(mark).length);

/** Return the marks for people: done ones, and open ones if asked. */
export const listed = (marks, withOpen) => marks.filter((mark) => isFinal(mark) || withOpen);

const stateOf = (mark) => (isFinal(mark) ? "done" : "open");

/** Return the decision log: a marks table with accepted, rejected and added codes. */
export function decisionLog(marks) {
  const rows = ready(marks).map((mark) => [
    mark.name,
    list(accepted(mark)),
    list(rejected(mark)),
    list(addedCodes(mark)),
    mark.done,
    mark.model,
  ]);
  return table([["image", "codes", "rejected", "added", "decided_at", "model"], ...rows]);
}

function decisionRows(mark) {
  const suggested = mark.suggestions.map((suggestion) => suggestion.code);
  const others = [...accepted(mark), ...rejected(mark)].filter((code) => !suggested.includes(code));
  return [...suggested, ...others].map((code) => {
    const { heading, score } = about(mark, code);
    const source = others.includes(code) ? "added" : "suggested";
    return { code, level: levelOf(code), heading, score, source, decision: decisionOf(mark, code) };
  });
}

/** Return a table for people: one row for each image and code, and one for an image without any. */
export function codesCsv(marks, padded) {
  const none = { code: "", level: "", heading: "", score: null, source: "", decision: "" };
  const rows = marks.flatMap((mark) => {
    const found = decisionRows(mark);
    return (found.length ? found : [none]).map(({ code, level, heading, score, source, decision }) => [
      mark.name,
      stateOf(mark),
      spell(code, padded),
      level,
      heading,
      score === null ? "" : score,
      source,
      decision,
    ]);
  });
  return "\ufeff" + table([["image", "state", "code", "level", "heading", "score", "source", "decision"], ...rows]); // for Excel
}

export function codesJson(marks, padded) {
  const entries = marks.map((mark) => ({
    image: mark.name,
    state: stateOf(mark),
    codes: accepted(mark).map((code) => spell(code, padded)),
    decided_at: mark.done,
    model: mark.model,
    ...(mark.problem ? { error: { title: mark.problem.title, detail: mark.problem.detail } } : {}),
    decisions: decisionRows(mark).map((decision) => ({ ...decision, code: spell(decision.code, padded) })),
  }));
  return JSON.stringify(entries, null, 2) + "\n";
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

const xmlText = (text) =>
  // XML 1.0 has no way to write these characters
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(/[&<>"]/g, (sign) => ENTITIES[sign]);

/** Return the codes of marks that are done under the element names of WIPO ST.66, a file name standing for the number. */
export function codesXml(marks, padded) {
  const records = ready(marks).map((mark) => {
    const number = mark.name.split("/").pop().replace(/\.[^.]*$/, "");
    const codes = accepted(mark).map(
      (code) => `                    <CategoryCode>${xmlText(spell(code, padded))}</CategoryCode>`,
    );
    return [
      '          <TradeMark operationCode="Update">',
      `            <ApplicationNumber>${xmlText(number)}</ApplicationNumber>`,
      "            <MarkFeature>Figurative</MarkFeature>",
      "            <MarkImageDetails>",
      "              <MarkImage>",
      `                <MarkImageFilename>${xmlText(mark.name)}</MarkImageFilename>`,
      "                <MarkImageCategory>",
      "                  <CategoryKind>Vienna</CategoryKind>",
      "                  <CategoryCodeDetails>",
      ...codes,
      "                  </CategoryCodeDetails>",
      "                </MarkImageCategory>",
      "              </MarkImage>",
      "            </MarkImageDetails>",
      "          </TradeMark>",
    ].join("\n");
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    "<Transaction>",
    "  <TradeMarkTransactionBody>",
    "    <TransactionContentDetails>",
    "      <TransactionData>",
    "        <TradeMarkDetails>",
    ...records,
    "        </TradeMarkDetails>",
    "      </TransactionData>",
    "    </TransactionContentDetails>",
    "  </TradeMarkTransactionBody>",
    "</Transaction>",
    "",
  ].join("\n");
}
