/** The light table: a picture that can be enlarged and moved, and on which a region can be marked. */

import { byId, h, isForeign } from "./dom.js";

const MOST = 16;
const STEP = 1.5;
const MARGIN = 12; // pixels around the picture
const NUDGE = 40; // pixels by an arrow key
const LEAST_BOX = 0.04;
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)");

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

export class Table {
  #scale = 1;
  #x = 0;
  #y = 0;
  #fit = { width: 0, height: 0 };
  #image = null;
  #pointers = new Map();
  #box = null; // the region being marked: left, top, right, bottom as fractions
  #marking = false;

  /** @param ask called with a region that was marked. */
  constructor(ask) {
    this.frame = byId("frame");
    this.stage = h("div", { class: "stage" });
    this.ask = ask;
    byId("zoom-in").onclick = () => this.zoom(STEP);
    byId("zoom-out").onclick = () => this.zoom(1 / STEP);
    byId("zoom-fit").onclick = () => this.fit();
    byId("crop").onclick = () => this.mark(!this.#marking);
    this.frame.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.frame.addEventListener("dblclick", (event) => this.zoom(STEP * STEP, event));
    this.frame.addEventListener("keydown", (event) => this.#key(event));
    this.frame.addEventListener("pointerdown", (event) => this.#down(event));
    this.frame.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) this.frame.addEventListener(end, (event) => this.#up(event));
    new ResizeObserver(() => this.#layOut()).observe(this.frame);
  }

  /** Show a picture, an <img>, or a note in its place. */
  show(content) {
    this.mark(false);
    this.#image = content instanceof HTMLImageElement ? content : null;
    this.stage.replaceChildren(content ?? "");
    this.stage.classList.toggle("note", !this.#image);
    this.frame.replaceChildren(this.stage);
    if (this.#image) this.#image.addEventListener("load", () => this.#layOut());
    this.fit();
  }

  /** Lay something over the picture, or over a region of it. */
  overlay(element, box) {
    const [left, top, right, bottom] = box ?? [0, 0, 1, 1];
    const percent = (value) => `${100 * value}%`;
    Object.assign(element.style, { left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) });
    this.stage.append(element);
  }

  fit() {
    [this.#scale, this.#x, this.#y] = [1, 0, 0];
    this.#layOut();
  }

  /** Enlarge by a factor; the point under the pointer, or the centre, stays. */
  zoom(factor, event = null) {
    if (!this.#image) return;
    const area = this.frame.getBoundingClientRect();
    const x = event ? event.clientX - area.left - area.width / 2 : 0;
    const y = event ? event.clientY - area.top - area.height / 2 : 0;
    const scale = clamp(this.#scale * factor, 1, MOST);
    const by = scale / this.#scale;
    this.#x = x - (x - this.#x) * by;
    this.#y = y - (y - this.#y) * by;
    this.#scale = scale;
    this.#layOut();
  }

  #layOut() {
    const width = this.frame.clientWidth - 2 * MARGIN;
    const height = this.frame.clientHeight - 2 * MARGIN;
    const { naturalWidth = 0, naturalHeight = 0 } = this.#image ?? {};
    if (naturalWidth && width > 0 && height > 0) {
      const ratio = Math.min(width / naturalWidth, height / naturalHeight);
      this.#fit = { width: naturalWidth * ratio, height: naturalHeight * ratio };
      Object.assign(this.stage.style, { width: `${this.#fit.width}px`, height: `${this.#fit.height}px` });
    } else if (!this.#image) Object.assign(this.stage.style, { width: "", height: "" });
    const free = (fit, whole) => Math.max(0, (fit * this.#scale - whole) / 2 + (this.#scale > 1 ? MARGIN : 0));
    const most = [free(this.#fit.width, width), free(this.#fit.height, height)];
    this.#x = clamp(this.#x, -most[0], most[0]);
    this.#y = clamp(this.#y, -most[1], most[1]);
    this.stage.style.transform = `translate(-50%, -50%) translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`;
    this.stage.style.setProperty("--scale", this.#scale);
    this.frame.classList.toggle("zoomed", this.#scale > 1);
    byId("zoom-out").disabled = this.#scale <= 1;
    byId("zoom-in").disabled = this.#scale >= MOST || !this.#image;
    byId("zoom-fit").disabled = this.#scale <= 1;
    byId("crop").disabled = !this.#image;
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey && this.#scale === 1) return; // the page scrolls
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 300), event);
  }

  /** Start or stop marking a region. */
  mark(on) {
    this.#marking = on && Boolean(this.#image);
    this.#box = null;
    byId("crop").setAttribute("aria-pressed", String(this.#marking));
    this.frame.classList.toggle("marking", this.#marking);
    if (this.#marking) {
      this.#box = [0.25, 0.25, 0.75, 0.75];
      this.frame.focus({ preventScroll: true });
      const keys = TOUCH.matches ? "." : "; or arrow keys move the frame, Shift with them its size, Enter asks, Esc leaves.";
      byId("caption").textContent = `Drag over a part of the mark${keys}`;
    }
    this.#drawBox();
  }

  #drawBox() {
    this.stage.querySelector(".region.new")?.remove();
    if (this.#box) this.overlay(h("div", { class: "region new" }), this.#box);
  }

  #finish() {
    const box = this.#box;
    this.mark(false);
    this.ask(box);
  }

  #key(event) {
    if (isForeign(event)) return;
    const { key, shiftKey } = event;
    const zooms = { "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), 0: () => this.fit() };
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key] ?? [0, 0];
    if (this.#marking && key === "Enter") this.#finish();
    else if (this.#marking && key === "Escape") this.mark(false);
    else if (this.#marking && (x || y)) this.#moveBox(x * 0.05, y * 0.05, shiftKey);
    else if (x || y) {
      this.#x -= x * NUDGE;
      this.#y -= y * NUDGE;
      this.#layOut();
    } else if (zooms[key]) zooms[key]();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #moveBox(x, y, resize) {
    const [left, top, right, bottom] = this.#box;
    if (resize) this.#box = [left, top, clamp(right + x, left + LEAST_BOX, 1), clamp(bottom + y, top + LEAST_BOX, 1)];
    else {
      const [dx, dy] = [clamp(x, -left, 1 - right), clamp(y, -top, 1 - bottom)];
      this.#box = [left + dx, top + dy, right + dx, bottom + dy];
    }
    this.#drawBox();
  }

  #fraction(event) {
    const area = this.stage.getBoundingClientRect();
    return [clamp((event.clientX - area.left) / area.width, 0, 1), clamp((event.clientY - area.top) / area.height, 0, 1)];
  }

  #down(event) {
    if (!this.#image || event.button) return;
    this.#pointers.set(event.pointerId, { at: [event.clientX, event.clientY], start: this.#fraction(event) });
    this.frame.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) return;
    const before = pointer.at;
    const distance = () => {
      const [a, b] = [...this.#pointers.values()].map(({ at }) => at);
      return Math.hypot(a[0] - b[0], a[1] - b[1]);
    };
    const apart = this.#pointers.size === 2 ? distance() : 0;
    pointer.at = [event.clientX, event.clientY];
    if (apart) return this.zoom(distance() / apart, event);
    if (this.#marking) {
      const [x, y] = this.#fraction(event);
      const [fromX, fromY] = pointer.start;
      this.#box = [Math.min(x, fromX), Math.min(y, fromY), Math.max(x, fromX), Math.max(y, fromY)];
      this.#drawBox();
    } else if (this.#scale > 1) {
      this.#x += event.clientX - before[0];
      this.#y += event.clientY - before[1];
      this.#layOut();
    }
  }

  #up(event) {
    const known = this.#pointers.delete(event.pointerId);
    if (!known || !this.#marking || event.type === "pointercancel") return;
    const [left, top, right, bottom] = this.#box;
    if (right - left >= LEAST_BOX && bottom - top >= LEAST_BOX) this.#finish();
    else this.mark(true); // a click is no region
  }
}
