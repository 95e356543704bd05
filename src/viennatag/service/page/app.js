/** The page: the session, its views, the keyboard shortcuts and the settings. */

import * as api from "./api.js";
import { byId, copyText, hideToast, notice, say, toast } from "./dom.js";
import { exportDialog } from "./exporting.js";
import { receive } from "./files.js";
import { Finder } from "./finder.js";
import { listen } from "./keys.js";
import { accepted, spell } from "./mark.js";
import { showQueue } from "./queue.js";
import { Session } from "./session.js";
import { showViewer } from "./viewer.js";
import { openStore } from "./store.js";
import { Suggestions } from "./suggestions.js";

const TABS = ["suggestions", "finder"];

const store = await openStore();
watchOtherTabs();
const session = new Session(store);
const padded = () => byId("spelling").value === "padded";
const suggestions = new Suggestions(session, padded);
const finder = new Finder(session, (code, heading) => suggestions.add(code, heading));
showQueue(session);
showViewer(session, (code, heading) => suggestions.add(code, heading));
exportDialog(session, padded);

function showTab(name) {
  for (const each of TABS) {
    byId(each).hidden = each !== name;
    byId(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    byId(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
  if (name === "finder") finder.refresh();
}

function openFinder() {
  if (!session.current) return;
  showTab("finder");
  byId("search").focus();
  byId("search").select();
}

function backToSuggestions() {
  showTab("suggestions");
  const selected = session.selected && byId("suggestions").querySelector(`[data-key="${CSS.escape(session.selected)}"]`);
  (selected ?? byId("codes")).focus();
}

for (const name of TABS) {
  byId(`tab-${name}`).onclick = () => showTab(name);
  byId(`tab-${name}`).onkeydown = ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const other = TABS.find((each) => each !== name);
    showTab(other);
    byId(`tab-${other}`).focus();
  };
}

async function copy() {
  const codes = accepted(session.current).map((code) => spell(code, padded()));
  try {
    await copyText(codes.join("; "));
    toast(`Copied ${codes.join("; ")}`);
  } catch (error) {
    toast(`The codes could not be copied: ${error.message}`);
  }
}

function decideSelected(wanted) {
  if (session.selected) suggestions.decide(session.selected, wanted);
  else suggestions.move(1); // the first key press selects, so that nothing is decided unseen
}

async function remove() {
  const mark = session.current;
  if (!mark) return;
  const restore = await session.remove(mark);
  toast(`Removed ${mark.name}.`, restore);
}

function step(by) {
  if (session.step(by)) say(`${session.current.name}, image ${session.marks.indexOf(session.current) + 1} of ${session.marks.length}`);
  else say(by > 0 ? "This is the last image." : "This is the first image.");
}

listen([
  { keys: ["j", "ArrowDown"], description: "next suggestion", run: () => suggestions.move(1) },
  { keys: ["k", "ArrowUp"], description: "previous suggestion", run: () => suggestions.move(-1) },
  { keys: ["a"], description: "accept it, or undo that", run: () => decideSelected("accepted") },
  { keys: ["r"], description: "reject it, or undo that", run: () => decideSelected("rejected") },
  { keys: ["u"], description: "undo the last decision on this image", run: () => suggestions.undo() },
  { keys: ["d"], description: "done: go to the next open image", run: () => suggestions.finish() },
  { keys: ["n"], description: "next image", run: () => step(1) },
  { keys: ["p"], description: "previous image", run: () => step(-1) },
  { keys: ["h"], description: "heat map on or off", run: () => byId("heat-on").click() },
  { keys: ["c"], description: "copy the codes", run: () => byId("copy").click() },
  { keys: ["/"], description: "find a code; arrow keys walk through the tree", run: openFinder },
  { keys: ["Escape"], description: "back to the suggestions", run: backToSuggestions },
  { keys: ["?"], description: "this help", run: () => byId("help").showModal() },
]);

receive(async (files) => {
  const duplicates = await session.add(files);
  if (duplicates) toast(duplicates === 1 ? "One image is already in the list." : `${duplicates} images are already in the list.`);
});

byId("copy").onclick = copy;
byId("undo").onclick = () => suggestions.undo();
byId("done").onclick = () => suggestions.finish();
byId("remove").onclick = remove;
byId("open-help").onclick = () => byId("help").showModal();
for (const button of document.querySelectorAll("dialog .close")) button.onclick = () => button.closest("dialog").close();
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // a click beside it
}

/** Two tabs would overwrite each other's decisions, so only the last one opened works. */
function watchOtherTabs() {
  const channel = new BroadcastChannel("viennatag");
  channel.onmessage = () => {
    document.querySelector("main").inert = true;
    notice("The page is open in another tab. Reload this tab to continue here.");
  };
  channel.postMessage("opened");
}

/** Store the value of a control. */
async function remember(id, property) {
  const control = byId(id);
  const kept = await store.get("settings", id);
  if (kept !== undefined) control[property] = kept;
  control.addEventListener("change", () => store.put("settings", id, control[property]));
}

function showTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  byId("theme").setAttribute("aria-pressed", String(theme === "dark"));
  return theme;
}

byId("theme").onclick = () => {
  const theme = showTheme() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("viennatag-theme", theme);
  } catch {
    /* holds until the page is closed */
  }
  showTheme();
};
showTheme();

api.onToken(
  (refused) =>
    new Promise((resolve) => {
      byId("token-note").textContent = refused ? "The service did not accept this token." : "";
      byId("token").onclose = () => {
        resolve(byId("token-text").value.trim());
        byId("token-text").value = "";
      };
      byId("token").showModal();
    }),
);

session.addEventListener("shown", hideToast); // it may child to undo what was done to another image
session.addEventListener("idle", () => say("All images are predicted."));
session.addEventListener("lost", (event) =>
  notice(`The browser's storage is full (${event.detail?.name}); new decisions are lost on reload. Export, then remove images.`),
);
if (!store.persistent) notice("This browser stores nothing for this page: images and decisions are lost on reload.");

async function describeModel() {
  try {
    const [card, categories] = await Promise.all([api.model(), api.categories()]);
    session.categories = new Map(categories.map(({ code, heading }) => [code, heading]));
    const labels = Object.values(card.labels).reduce((sum, count) => sum + count, 0);
    byId("model").textContent = `Model ${card.name}, ${labels.toLocaleString("en")} codes`;
  } catch (problem) {
    notice(`${problem.title}. ${problem.detail}`);
  }
}

await Promise.all([
  remember("spelling", "value"),
  remember("single-keys", "checked"),
  remember("heat-strength", "value"),
  (async () => {
    byId("heat-on").checked = true;
    await remember("heat-on", "checked");
  })(),
  describeModel(),
]);
byId("spelling").addEventListener("change", () => session.emit("mark"));
await session.load();
document.body.dataset.ready = "true";
