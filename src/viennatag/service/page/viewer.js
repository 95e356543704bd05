/** The picture on the light table, the evidence for the selected code, and the most similar reference marks. */

import { service } from "./api.js";
import { contours, tint } from "./contours.js";
import { byId, fill, h, say } from "./dom.js";
import { about } from "./mark.js";
import { Table } from "./table.js";
import { titled } from "./tree.js";

const DEBOUNCE_MS = 150; // no requests while the examiner moves quickly through the list

/** @param accept called with (code, heading, mark) when a code of a reference mark is added. */
export function showViewer(session, accept) {
  let drawn = null; // the mark whose evidence and reference marks are shown
  let timer = 0;
  let missing = false; // whether the picture only waits for the service
  const table = new Table(async (box) => {
    const mark = session.current;
    byId("caption").textContent = "Asking about the region …";
    try {
      await session.ask(box);
      if (mark === session.current) say(byId("list-note").textContent);
    } catch (problem) {
      if (mark === session.current) byId("caption").textContent = `The region could not be asked about: ${problem.message}`;
    }
  });

  async function drawImage() {
    const mark = session.current;
    drawn = null;
    missing = false;
    fill(byId("neighbours")); // those of another image must not be clicked
    table.show(null);
    if (!mark) return;
    let address;
    try {
      address = await session.picture(mark);
    } catch (problem) {
      if (mark !== session.current) return;
      missing = problem.passes;
      table.show(h("p", { class: "muted" }, `There is no picture: ${problem.message}`));
      return;
    }
    if (mark !== session.current) return;
    table.show(h("img", { class: "base", src: address, alt: `The mark ${mark.name}`, draggable: "false" }));
    drawEvidence();
  }

  function describe() {
    const { current: mark, marks } = session;
    byId("name").textContent = mark?.name ?? "";
    byId("dimensions").textContent = mark?.width ? `${mark.width} × ${mark.height}` : "";
    byId("similar").hidden = mark?.status !== "read";
    document.title = mark ? `${mark.name} (${marks.indexOf(mark) + 1} of ${marks.length}) – viennatag` : "viennatag";
    const chosen = byId("ground").value;
    byId("frame").dataset.ground = chosen === "auto" ? (mark?.ground ?? "white") : chosen;
  }

  function clearEvidence() {
    for (const old of byId("frame").querySelectorAll(".heat, .region:not(.new)")) old.remove();
  }

  async function drawEvidence() {
    const { current: mark, selected: code, region } = session;
    const same = () => session.current === mark && session.selected === code && session.region === region;
    clearEvidence();
    byId("heat-on").disabled = byId("evidence").disabled = mark?.status !== "read";
    if (region) table.overlay(h("div", { class: "region" }), region.box);
    const hint = mark?.ground === "dark" ? "White on transparency: shown and read on a dark ground. " : "";
    if (!mark || !code || !byId("heat-on").checked) {
      byId("caption").textContent = mark?.status === "read" ? `${hint}Select a code to see the evidence for it.` : "";
      return;
    }
    byId("caption").textContent = `Looking for the evidence of ${code} …`;
    let heat;
    try {
      heat = await session.evidence(mark, code);
    } catch (problem) {
      if (same()) byId("caption").textContent = `No evidence of ${code}: ${problem.message}`;
      return;
    }
    if (!same() || !byId("heat-on").checked) return;
    clearEvidence();
    if (region) table.overlay(h("div", { class: "region" }), region.box);
    const drawing = byId("evidence").value === "heat" ? tint(heat) : contours(heat);
    drawing.classList.add("heat");
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `Evidence for ${code}`);
    table.overlay(drawing, region?.box);
    byId("caption").textContent = `Evidence for ${titled(code, about(mark, code).heading)}`;
  }

  async function drawSimilar() {
    const mark = session.current;
    const note = (text) => fill(byId("neighbours"), h("p", { class: "muted small" }, text));
    let found;
    try {
      found = await session.similar(mark);
    } catch (problem) {
      if (mark !== session.current) return;
      note(problem.status === 404 ? "This model has no index of reference marks; viennatag index makes one." : problem.message);
      return;
    }
    if (mark !== session.current) return;
    if (!found.length) return note("The index holds no marks.");
    const add = (code, heading) => accept(code, heading, mark);
    fill(byId("neighbours"), h("ul", { class: "neighbours" }, found.map((each) => neighbour(each, add))));
  }

  session.addEventListener("shown", drawImage);
  service.addEventListener("reached", () => missing && drawImage());
  session.addEventListener("mark", () => {
    describe();
    const readable = session.current?.status === "read" ? session.current : null;
    if (!readable || readable === drawn) return; // a decision changes neither
    drawn = readable;
    drawSimilar();
    drawEvidence();
  });
  session.addEventListener("choice", () => {
    clearTimeout(timer);
    timer = setTimeout(drawEvidence, DEBOUNCE_MS);
  });
  byId("heat-on").addEventListener("change", drawEvidence);
  byId("evidence").addEventListener("change", drawEvidence);
  byId("ground").addEventListener("change", describe);
}

function neighbour({ image, codes, similarity, picture }, add) {
  const chip = ({ code, heading }) =>
    h("button", { type: "button", class: "chip", title: heading, "aria-label": `Add ${titled(code, heading)}`, onclick: () => add(code, heading) }, code);
  return h(
    "li",
    {},
    h("div", { class: "thumb large" }, picture ? h("img", { src: picture, alt: `Reference mark ${image}` }) : h("span", { class: "muted small" }, "no image")),
    h("div", { class: "file small", dir: "auto", title: image }, image),
    h("div", { class: "muted small" }, `${Math.round(similarity * 100)} % similar`),
    h("div", { class: "chips" }, codes.map(chip)),
  );
}
