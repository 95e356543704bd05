/** Adding images by drop, paste or file dialog, as [path, file] pairs. */

import { byId } from "./dom.js";

const IMAGE = /\.(png|jpe?g|gif|webp|bmp|tiff?|ppm)$/i;

/** Return the images below a dropped folder. */
async function walk(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return IMAGE.test(entry.name) ? [[path, file]] : [];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // some at a time
    if (!entries.length) return found;
    for (const each of entries) found.push(...(await walk(each, `${path}/${each.name}`)));
  }
}

async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]); // gone after the first await
  const found = [];
  for (const [entry, file] of entries) {
    if (entry?.isDirectory) found.push(...(await walk(entry, entry.name)));
    else if (file) found.push([file.name, file]);
  }
  return found;
}

/** The clipboard calls every picture image.png; the time tells them apart. */
function pasted(transfer) {
  const stamp = new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  return [...transfer.files].map((file) => [file.name === "image.png" ? `pasted ${stamp}.png` : file.name, file]);
}

/** Call `add` with new images. */
export function receive(add) {
  const choose = () => byId("files").click();
  byId("add").onclick = choose;
  byId("choose").onclick = choose;
  byId("files").onchange = () => {
    add([...byId("files").files].map((file) => [file.webkitRelativePath || file.name, file]));
    byId("files").value = ""; // so that the same file can be selected again
  };
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) add(pasted(event.clipboardData));
  });
  let depth = 0; // enter and leave come for every element on the way
  const over = (by) => {
    depth = by ? depth + by : 0;
    byId("dropping").hidden = depth <= 0;
  };
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => holdsFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => holdsFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", async (event) => {
    event.preventDefault();
    over(0);
    add(await dropped(event.dataTransfer));
  });
}
