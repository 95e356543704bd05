/** The export dialog. */

import { byId, download, h } from "./dom.js";
import { codesCsv, codesJson, codesXml, decisionLog, listed, ready } from "./exports.js";
import { accepted, isBare } from "./mark.js";
import { zip } from "./zip.js";

export function exportDialog(session, padded) {
  const dialog = byId("export");
  const selected = () => {
    const one = dialog.querySelector("[name=scope]:checked").value === "one";
    return one && session.current ? [session.current] : session.marks;
  };

  const withOpen = () => byId("with-open").checked;

  async function* withImages(marks) {
    yield ["feedback.csv", new Blob([decisionLog(marks)])];
    for (const mark of ready(marks)) yield [`images/${mark.name}`, await session.image(mark)];
  }

  const writers = {
    csv: async (marks) => ["codes.csv", new Blob([codesCsv(listed(marks, withOpen()), padded())], { type: "text/csv" })],
    json: async (marks) => ["codes.json", new Blob([codesJson(listed(marks, withOpen()), padded())], { type: "application/json" })],
    xml: async (marks) => ["codes.xml", new Blob([codesXml(marks, padded())], { type: "application/xml" })],
    log: async (marks) => ["feedback.csv", new Blob([decisionLog(marks)], { type: "text/csv" })],
    zip: async (marks) => ["feedback.zip", await zip(withImages(marks))],
  };

  function count() {
    const marks = selected();
    const done = ready(marks);
    const rows = listed(marks, withOpen());
    const bare = done.filter((mark) => accepted(mark).some(isBare));
    const others = done.length < marks.length ? "; the others are open or without a code" : "";
    byId("export-note").textContent = [
      `${rows.length} of ${marks.length} in CSV and JSON, ${done.length} in XML, log and archive${others}.`,
      bare.length && `With a bare category, which registers do not record: ${bare.map(({ name }) => name).join(", ")}.`,
    ].filter(Boolean).join(" ");
    for (const kind of ["xml", "log", "zip"]) dialog.querySelector(`[data-export=${kind}]`).disabled = !done.length;
    for (const kind of ["csv", "json"]) dialog.querySelector(`[data-export=${kind}]`).disabled = !rows.length;
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
    const { length } = session.team?.unsaved ?? [];
    const lost = length ? `, ${length} of them not saved in the store` : "";
    const confirm = h("button", { type: "button", class: "danger", onclick: remove }, `Yes, remove all ${session.marks.length}${lost}`);
    byId("clear").after(confirm);
    byId("clear").hidden = true;
    confirm.focus();
    async function remove() {
      await session.clear();
      dialog.close();
      byId("choose").focus();
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
