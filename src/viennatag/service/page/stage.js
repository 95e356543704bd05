/** The mark, large; over it the heat map of the chosen code, under it the known marks that look most like it. */

import { byId, fill, h } from "./dom.js";
import { about } from "./mark.js";

const SETTLE_MS = 150; // while someone runs down the list, nothing is asked for

/** @param accept called with (code, heading) when a known mark's code is taken over. */
export function showStage(session, accept) {
  let address = ""; // of the image on the stage
  let drawn = null; // the mark whose evidence is shown
  let timer = 0;

  async function drawImage() {
    const mark = session.current;
    fill(byId("frame"));
    if (address) URL.revokeObjectURL(address);
    address = "";
    if (!mark) return;
    const blob = await session.image(mark);
    if (mark !== session.current) return;
    if (!blob) return fill(byId("frame"), h("p", { class: "soft" }, "This browser no longer has the image. Remove it and add it again."));
    address = URL.createObjectURL(blob);
    const image = h("img", { class: "base", src: address, alt: `The mark ${mark.name}` });
    image.onerror = () =>
      image.replaceWith(h("p", { class: "soft" }, "This browser cannot draw this kind of file; the suggestions are not affected."));
    fill(byId("frame"), image);
  }

  function describe() {
    const mark = session.current;
    byId("name").textContent = mark?.name ?? "";
    byId("dimensions").textContent = mark?.width ? `${mark.width} × ${mark.height}` : "";
    byId("similar").hidden = mark?.status !== "read";
  }

  async function drawHeat() {
    const { current: mark, chosen: code } = session;
    const wanted = mark && code && byId("heat-on").checked;
    byId("heat").hidden = !mark || mark.status !== "read";
    byId("frame").querySelector(".heat")?.remove();
    if (!wanted) {
      byId("caption").textContent = mark?.status === "read" ? "Choose a code to see where in the image it comes from." : "";
      return;
    }
    byId("caption").textContent = `Looking for ${code} …`;
    let shown;
    try {
      shown = await session.heatMap(mark, code);
    } catch (problem) {
      if (session.current === mark && session.chosen === code) byId("caption").textContent = `No heat map for ${code}: ${problem.message}`;
      return;
    }
    if (session.current !== mark || session.chosen !== code || !byId("heat-on").checked) return;
    const heat = h("img", { class: "heat", src: shown, alt: `Heat map: where ${code} comes from` });
    heat.style.opacity = byId("heat-strength").value / 100;
    byId("frame").querySelector(".heat")?.remove();
    byId("frame").append(heat);
    byId("caption").textContent = `Where ${code}, ${about(mark, code).heading}, comes from.`;
  }

  async function drawSimilar() {
    const mark = session.current;
    if (mark?.status !== "read") return fill(byId("neighbours"));
    const note = (text) => fill(byId("neighbours"), h("p", { class: "soft small" }, text));
    let known;
    try {
      known = await session.similar(mark);
    } catch (problem) {
      if (mark !== session.current) return;
      note(problem.status === 404 ? "This model has no index of known marks; viennatag index makes one." : problem.message);
      return;
    }
    if (mark !== session.current) return;
    if (!known.length) return note("The index holds no marks.");
    fill(byId("neighbours"), h("ul", { class: "neighbours" }, known.map((each) => neighbour(each, accept))));
  }

  session.addEventListener("shown", drawImage);
  session.addEventListener("mark", () => {
    describe();
    const readable = session.current?.status === "read" ? session.current : null;
    if (readable && readable === drawn) return; // a decision changes no evidence
    drawn = readable;
    drawSimilar();
    drawHeat();
  });
  session.addEventListener("choice", () => {
    clearTimeout(timer);
    timer = setTimeout(drawHeat, SETTLE_MS);
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
    h("div", { class: "thumb large" }, picture ? h("img", { src: picture, alt: `Known mark ${image}` }) : h("span", { class: "soft small" }, "no picture")),
    h("div", { class: "file small", title: image }, image),
    h("div", { class: "soft small" }, `${Math.round(similarity * 100)} % alike`),
    h("div", { class: "chips" }, codes.map(chip)),
  );
}
