/** The image with the heat map of the selected code, and the most similar reference marks. */

import { byId, fill, h } from "./dom.js";
import { about } from "./mark.js";

const DEBOUNCE_MS = 150; // no requests while the examiner moves quickly through the list

/** @param accept called with (code, heading) when a code of a reference mark is added. */
export function showViewer(session, accept) {
  let address = ""; // of the image in the viewer
  let drawn = null; // the mark whose heat map and reference marks are shown
  let timer = 0;

  async function drawImage() {
    const mark = session.current;
    fill(byId("frame"));
    if (address) URL.revokeObjectURL(address);
    address = "";
    if (!mark) return;
    const blob = await session.image(mark);
    if (mark !== session.current) return;
    if (!blob) return fill(byId("frame"), h("p", { class: "muted" }, "This browser no longer has the image. Remove it and add it again."));
    address = URL.createObjectURL(blob);
    const image = h("img", { class: "base", src: address, alt: `The mark ${mark.name}` });
    image.onerror = () =>
      image.replaceWith(h("p", { class: "muted" }, "This browser cannot draw this kind of file; the suggestions are not affected."));
    fill(byId("frame"), image);
  }

  function describe() {
    const mark = session.current;
    byId("name").textContent = mark?.name ?? "";
    byId("dimensions").textContent = mark?.width ? `${mark.width} × ${mark.height}` : "";
    byId("similar").hidden = mark?.status !== "read";
  }

  async function drawHeat() {
    const { current: mark, selected: code } = session;
    const wanted = mark && code && byId("heat-on").checked;
    byId("heat").hidden = !mark || mark.status !== "read";
    byId("frame").querySelector(".heat")?.remove();
    if (!wanted) {
      byId("caption").textContent = mark?.status === "read" ? "Select a code to see its heat map." : "";
      return;
    }
    byId("caption").textContent = `Computing the heat map of ${code} …`;
    let shown;
    try {
      shown = await session.heatMap(mark, code);
    } catch (problem) {
      if (session.current === mark && session.selected === code) byId("caption").textContent = `No heat map of ${code}: ${problem.message}`;
      return;
    }
    if (session.current !== mark || session.selected !== code || !byId("heat-on").checked) return;
    const heat = h("img", { class: "heat", src: shown, alt: `Heat map of ${code}` });
    heat.style.opacity = byId("heat-strength").value / 100;
    byId("frame").querySelector(".heat")?.remove();
    byId("frame").append(heat);
    byId("caption").textContent = `Heat map of ${code}, ${about(mark, code).heading}`;
  }

  async function drawSimilar() {
    const mark = session.current;
    if (mark?.status !== "read") return fill(byId("neighbours"));
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
    fill(byId("neighbours"), h("ul", { class: "neighbours" }, found.map((each) => neighbour(each, accept))));
  }

  session.addEventListener("shown", drawImage);
  session.addEventListener("mark", () => {
    describe();
    const readable = session.current?.status === "read" ? session.current : null;
    if (readable && readable === drawn) return; // a decision changes neither
    drawn = readable;
    drawSimilar();
    drawHeat();
  });
  session.addEventListener("choice", () => {
    clearTimeout(timer);
    timer = setTimeout(drawHeat, DEBOUNCE_MS);
  });
  byId("heat-on").onchange = drawHeat;
  byId("heat-strength").oninput = () => {
    const heat = byId("frame").querySelector(".heat");
    if (heat) heat.style.opacity = byId("heat-strength").value / 100;
  };
}

function neighbour({ image, codes, similarity, picture }, accept) {
  const chip = ({ code, heading }) =>
    h("button", { type: "button", class: "chip", title: heading, "aria-label": `Add ${code}, ${heading}`, onclick: () => accept(code, heading) }, code);
  return h(
    "li",
    {},
    h("div", { class: "thumb large" }, picture ? h("img", { src: picture, alt: `Reference mark ${image}` }) : h("span", { class: "muted small" }, "no image")),
    h("div", { class: "file small", title: image }, image),
    h("div", { class: "muted small" }, `${Math.round(similarity * 100)} % similar`),
    h("div", { class: "chips" }, codes.map(chip)),
  );
}
