/**
 * What a browser can see of an image file: a thumbnail, and on which ground it shows.
 */

import * as api from "./api.js";

const THUMBNAIL = 96;
const SVG_SIDE = 1024;
const DARK = "#404347";

const isSvg = (name, file) => file.type === "image/svg+xml" || /\.svg$/i.test(name);

/** Return a path and a file that the service reads: an SVG drawing becomes a PNG image, all else stays. */
export async function readable(name, file) {
  if (!isSvg(name, file)) return [name, file];
  try {
    return [`${name}.png`, new File([await rasterise(file)], `${name}.png`, { type: "image/png", lastModified: file.lastModified })];
  } catch {
    return [name, file]; // the service says what is wrong with it
  }
}

async function rasterise(file) {
  const address = URL.createObjectURL(file.type === "image/svg+xml" ? file : new Blob([file], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const scale = SVG_SIDE / Math.max(image.naturalWidth, image.naturalHeight, 1);
    const width = Math.max(1, Math.round((image.naturalWidth || SVG_SIDE) * scale));
    const height = Math.max(1, Math.round((image.naturalHeight || SVG_SIDE) * scale));
    return await toBlob(draw(image, width, height));
  } finally {
    URL.revokeObjectURL(address);
  }
}

function draw(picture, width, height, ground = null) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (ground) {
    context.fillStyle = ground;
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(picture, 0, 0, width, height);
  return canvas;
}

const toBlob = (canvas) =>
  new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no image"))), "image/png"));

/** Return an image that this browser draws: the same, or a PNG of it by the service. */
export async function drawable(blob) {
  try {
    const bitmap = await createImageBitmap(blob);
    bitmap.close();
    return blob;
  } catch {
    return api.picture(blob);
  }
}

/** Return { thumbnail, ground }. */
export async function inspect(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(await drawable(blob));
  } catch {
    return { thumbnail: null, ground: "white" }; // the service says why it cannot be read
  }
  const scale = Math.min(1, THUMBNAIL / Math.max(bitmap.width, bitmap.height));
  const size = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = draw(bitmap, ...size);
  const { clear, light } = measure(canvas.getContext("2d").getImageData(0, 0, ...size).data);
  bitmap.close();
  return { thumbnail: canvas.toDataURL(), ground: !clear ? "white" : light ? "dark" : "checker" };
}

/** Return whether some pixels are transparent, and whether the others are all near white. */
function measure(data) {
  let clear = false;
  let seen = false;
  let light = true;
  for (let at = 0; at < data.length; at += 4) {
    const opacity = data[at + 3] / 255;
    if (opacity < 0.9) clear = true;
    if (opacity > 0.5) {
      seen = true;
      if (Math.min(data[at], data[at + 1], data[at + 2]) < 225) light = false;
    }
  }
  return { clear, light: light && seen };
}

/** Return the image on a dark ground: on the white of the service a white drawing would vanish. */
export async function onDark(blob) {
  const bitmap = await createImageBitmap(blob);
  return toBlob(draw(bitmap, bitmap.width, bitmap.height, DARK));
}

/** Return a region of an image; the box holds left, top, right and bottom as fractions of its sides. */
export async function region(blob, [left, top, right, bottom]) {
  const bitmap = await createImageBitmap(blob);
  const at = [left * bitmap.width, top * bitmap.height].map(Math.round);
  const size = [(right - left) * bitmap.width, (bottom - top) * bitmap.height].map((side) => Math.max(1, Math.round(side)));
  const cut = await createImageBitmap(bitmap, ...at, ...size);
  return toBlob(draw(cut, ...size));
}
