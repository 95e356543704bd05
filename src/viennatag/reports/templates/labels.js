"use strict";
const table = document.getElementById("labels"), body = table.tBodies[0];
const rows = [...body.querySelectorAll("tr.label")], heads = [...table.tHead.rows[0].cells];
const pictures = JSON.parse(document.getElementById("pictures").textContent);
const search = document.getElementById("search"), choices = ["level", "band", "group"].map(name => document.getElementById(name));
const texts = new Map(rows.map(row => [row, row.cells[0].textContent.toLowerCase()]));
const collator = new Intl.Collator(undefined, {numeric: true});

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const fits = words.every(word => texts.get(row).includes(word))
      && choices.every(choice => !choice || !choice.value || row.dataset[choice.id] === choice.value);
    row.hidden = !fits;
    if (isOpen(row)) row.nextElementSibling.hidden = !fits;
    shown += fits;
  }
  const [some, all] = [shown, rows.length].map(count => count.toLocaleString("en"));
  document.getElementById("count").textContent = some === all ? `${all} labels` : `${some} of ${all} labels`;
  document.getElementById("none").hidden = shown > 0;
}

function sort(at) {
  const head = heads[at], falls = at > 0 && !("words" in head.dataset);
  const order = head.ariaSort === "none" ? (falls ? "descending" : "ascending")
    : head.ariaSort === "ascending" ? "descending" : "ascending";
  for (const each of heads) each.ariaSort = "none";
  head.ariaSort = order;
  const sign = order === "ascending" ? 1 : -1;
  const key = row => row.cells[at].dataset.value;
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === "" || y === "") return (x === "") - (y === "");  // what is not defined comes last either way
    return sign * (falls ? Number(x) - Number(y) : collator.compare(x, y));
  };
  for (const row of [...rows].sort(compare)) {
    const details = isOpen(row) ? row.nextElementSibling : null;
    body.append(row);
    if (details) body.append(details);
  }
}

const isOpen = row => row.querySelector(".open").ariaExpanded === "true";

function toggle(row, open = !isOpen(row)) {
  if (open === isOpen(row)) return;
  row.querySelector(".open").ariaExpanded = String(open);
  if (!open) return row.nextElementSibling.remove();
  const details = document.createElement("tr"), cell = details.insertCell();
  details.className = "opened";
  cell.colSpan = heads.length;
  row.after(details);
  fill(cell, row.dataset.at).catch(error => { cell.textContent = `The details cannot be shown in this browser (${error}).`; });
}

async function fill(cell, at) {
  const block = document.getElementById(`block-${Math.floor(at / table.dataset.block)}`);
  if (block) await (block.unpacked ??= unpack(block));
  cell.append(document.getElementById(`details-${at}`).content.cloneNode(true));
  for (const image of cell.querySelectorAll("[data-picture]"))
    if (pictures[image.dataset.picture]) image.src = pictures[image.dataset.picture];
}

async function unpack(block) {
  const bytes = Uint8Array.from(atob(block.textContent), letter => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  block.insertAdjacentHTML("afterend", await new Response(plain).text());
  block.remove();
}

function go(at) {
  const row = document.getElementById(`label-${at}`);
  search.value = "";
  for (const choice of choices) if (choice) choice.value = "";
  filter();
  toggle(row, true);
  row.scrollIntoView({block: "center"});
  row.querySelector(".open").focus({preventScroll: true});
}

heads.forEach((head, at) => head.querySelector("button").addEventListener("click", () => sort(at)));
body.addEventListener("click", event => {
  const link = event.target.closest("[data-go]"), row = event.target.closest("tr.label");
  if (link) go(link.dataset.go);
  else if (row) toggle(row);
});
search.addEventListener("input", filter);
for (const choice of choices) choice?.addEventListener("change", filter);
