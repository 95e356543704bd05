/**
 * Adding images by drop, paste or file dialog, as [path, file] pairs.
 *
 * The page loads this first: what comes before it is ready waits here.
 */

import { byId, toast } from "./dom.js";

const IMAGE = /\.(png|jpe?g|jpe|jfif|gif|webp|bmp|tiff?|p[bgnp]m|avif|hei[cf]|svg)$/i;

let add = null; // called with new images once the page is ready
let early = [];

/** Call a function with new images, and with those that came before. */
export function receive(ready) {
  add = ready;
  if (early.length) add(early);
  early = [];
}

function take(files) {
  if (add) return add(files);
  early.push(...files);
  toast(early.length === 1 ? "1 image waits until the page is ready." : `${early.length} images wait until the page is ready.`);
}

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

async function drop(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => [item.webkitGetAsEntry?.(), item.getAsFile()]); // gone after the first await
  const found = [];
  for (const [entry, file] of entries) {
    if (entry?.isDirectory) {
      const images = await walk(entry, entry.name).catch((error) => toast(`${entry.name} could not be read: ${error.message}`));
      if (!images) return;
      found.push(...images);
    } else if (file) found.push([file.name, file]);
  }
  if (found.length) take(found);
  else if (entries.length) toast("There is no image in what was dropped.");
}

/** The clipboard calls every picture image.png; the time tells them apart. */
function pasted(transfer) {
  const stamp = new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ".");
  return [...transfer.files].map((file) => [file.name === "image.png" ? `pasted ${stamp}.png` : file.name, file]);
}

for (const id of ["add", "choose"]) byId(id).onclick = () => byId("files").click();
byId("files").onchange = () => {
  take([...byId("files").files].map((file) => [file.webkitRelativePath || file.name, file]));
  byId("files").value = ""; // so that the same file can be selected again
};
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) take(pasted(event.clipboardData));
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
document.addEventListener("drop", (event) => {
  event.preventDefault();
  over(0);
  drop(event.dataTransfer);
});
