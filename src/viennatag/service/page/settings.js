/** What the office has set: remembered in the browser, kept by one object. */

import { byId } from "./dom.js";
import { findCategory, isVienna } from "./tree.js";

/** Take a number to the nearest one that the field allows; without one the standard is back. */
function fit(control) {
  const { value, min, max, defaultValue } = control;
  control.value = value ? Math.min(max, Math.max(min, Math.round(value))) : defaultValue;
}

export class Settings {
  constructor(store) {
    this.store = store;
  }

  /** Keep the value of a control; `changed` is called at the start and after each change. */
  async remember(id, property, changed = () => {}) {
    const control = byId(id);
    const kept = await this.store.get("settings", id);
    if (kept !== undefined) control[property] = kept;
    changed();
    control.addEventListener("change", () => {
      if (control.type === "number") fit(control);
      changed();
      this.store.put("settings", id, control[property]).catch(() => {}); // holds until the page is closed
    });
  }

  get padded() {
    return byId("spelling").value === "padded";
  }

  /** Return the score from which all codes are accepted at once, from 0 to 1. */
  get acceptFrom() {
    return Number(byId("accept-from").value || 50) / 100;
  }

  /** Return the hidden categories, and the score from which codes are suggested, null for the model's thresholds. */
  get listing() {
    const floor = byId("floor").value;
    return { hidden: this.#hidden.map(findCategory).filter(Boolean), floor: floor ? Number(floor) / 100 : null };
  }

  get #hidden() {
    const parts = byId("hidden").value.split(isVienna() ? /[\s,;]+/ : /[,;]/);
    return parts.map((part) => part.trim()).filter(Boolean);
  }

  /** Return what the field of hidden categories holds that is no category. */
  get strange() {
    return this.#hidden.filter((part) => !findCategory(part));
  }
}
