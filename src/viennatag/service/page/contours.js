/** Evidence as contour lines or as colour over the picture. */

const SVG = "http://www.w3.org/2000/svg";
const LEVELS = [0.3, 0.55, 0.8];
const RAMP = [[255, 205, 70], [235, 95, 20], [115, 10, 95]]; // as the heat maps of the command line

/** Return an SVG of contour lines; each is drawn twice, so that it shows on any colour. */
export function contours(heat) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${heat[0].length} ${heat.length}`);
  svg.setAttribute("preserveAspectRatio", "none");
  for (const [at, level] of LEVELS.entries()) {
    for (const kind of ["halo", "line"]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", `${kind} level-${at}`);
      path.setAttribute("d", outline(heat, level));
      svg.append(path);
    }
  }
  return svg;
}

/** Return the path of one level by marching squares (Lorensen and Cline 1987, in two dimensions); it closes at the edges. */
function outline(heat, level) {
  const rows = heat.length;
  const columns = heat[0].length;
  const value = (x, y) => (x < 0 || y < 0 || x >= columns || y >= rows ? 0 : heat[y][x]);
  const within = (number, most) => Math.min(most, Math.max(0, number)).toFixed(2);
  const point = ([x0, y0], [x1, y1]) => {
    const [a, b] = [value(x0, y0), value(x1, y1)];
    const part = (level - a) / (b - a);
    return `${within(x0 + 0.5 + part * (x1 - x0), columns)} ${within(y0 + 0.5 + part * (y1 - y0), rows)}`;
  };
  let path = "";
  for (let y = -1; y < rows; y++) {
    for (let x = -1; x < columns; x++) {
      const corners = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
      const inside = corners.map(([cx, cy]) => value(cx, cy) >= level);
      const cuts = [];
      for (let side = 0; side < 4; side++) {
        if (inside[side] !== inside[(side + 1) % 4]) cuts.push(point(corners[side], corners[(side + 1) % 4]));
      }
      for (let at = 0; at + 1 < cuts.length; at += 2) path += `M${cuts[at]}L${cuts[at + 1]}`;
    }
  }
  return path;
}

/** Return a canvas that is the more opaque the stronger the evidence. */
export function tint(heat) {
  const canvas = document.createElement("canvas");
  canvas.width = heat[0].length;
  canvas.height = heat.length;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  heat.flat().forEach((value, at) => {
    const place = Math.min(1.999, value * 2);
    const [low, high] = [RAMP[Math.floor(place)], RAMP[Math.floor(place) + 1]];
    const part = place % 1;
    low.forEach((colour, channel) => (image.data[4 * at + channel] = colour + part * (high[channel] - colour)));
    image.data[4 * at + 3] = 255 * 0.8 * Math.sqrt(value);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
