/** The export dialog. */

import { byId, download, h } from "./dom.js";
import { codesCsv, codesJson, codesXml, decisionLog, loggable } from "./exports.js";
import { zip } from "./zip.js";

export function exportDialog(session, padded) {
  const dialog = byId("export");
  const selected = () => {
    const one = dialog.querySelector("[name=scope]:checked").value === "one";
    return one && session.current ? [session.current] : session.marks;
  };

  async function* withImages(marks) {
    yield ["feedback.csv", new Blob([decisionLog(marks)])];
    for (const mark of loggable(marks)) yield [`images/${mark.name}`, await session.image(mark)];
  }

  const writers = {
    csv: async (marks) => ["codes.csv", new Blob([codesCsv(marks, padded())], { type: "text/csv" })],
    json: async (marks) => ["codes.json", new Blob([codesJson(marks, padded())], { type: "application/json" })],
    xml: async (marks) => ["codes.xml", new Blob([codesXml(marks, padded())], { type: "application/xml" })],
    log: async (marks) => ["feedback.csv", new Blob([decisionLog(marks)], { type: "text/csv" })],
    zip: async (marks) => ["feedback.zip", await zip(withImages(marks))],
  };

  function count() {
    const marks = selected();
    const ready = loggable(marks).length;
    const left = marks.length - ready;
    byId("export-note").textContent = `${ready} of ${marks.length} in the decision log.`
      + (left ? ` ${left === 1 ? "One is" : `${left} are`} left out: not done yet, or without a code.` : "");
    for (const kind of ["log", "zip"]) dialog.querySelector(`[data-export=${kind}]`).disabled = !ready;
  }

  dialog.addEventListener("change", count);
  for (const button of dialog.querySelectorAll("[data-export]")) {
    button.onclick = async () => {
      try {
        download(...(await writers[button.dataset.export](selected())));
      } catch (error) {
        byId("export-note").textContent = `Nothing was exported: ${error.message}`;
      }
    };
  }
  byId("clear").onclick = () => {
    const confirm = h("button", { type: "button", class: "danger", onclick: remove }, `Yes, remove all ${session.marks.length}`);
    byId("clear").after(confirm);
    byId("clear").hidden = true;
    confirm.focus();
    async function remove() {
      await session.clear();
      dialog.close();
    }
  };
  dialog.addEventListener("close", () => {
    byId("clear").hidden = false;
    byId("clear").nextElementSibling?.remove();
  });
  byId("open-export").onclick = () => {
    count();
    dialog.showModal();
  };
}
