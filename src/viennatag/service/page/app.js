/** The page: the session, its views, the keyboard shortcuts and the settings. */

import * as api from "./api.js";
import { byId, copyText, hideToast, keepFocus, notice, say, toast } from "./dom.js";
import { exportDialog } from "./exporting.js";
import { receive } from "./files.js";
import { Finder } from "./finder.js";
import { showGrid } from "./grid.js";
import { listen } from "./keys.js";
import { accepted, hideCategories, spell } from "./mark.js";
import { showOffice } from "./office.js";
import { showQueue } from "./queue.js";
import { Session } from "./session.js";
import { Settings } from "./settings.js";
import { openStore } from "./store.js";
import { Suggestions } from "./suggestions.js";
import { takeOver } from "./tabs.js";
import { Team } from "./team.js";
import { showTray } from "./tray.js";
import { isVienna, setTree } from "./tree.js";
import { showViewer } from "./viewer.js";

const TABS = ["suggestions", "finder"];
const FEW_NAMES = 3;
const LAST_USER = "viennatag-user";

let session = null;
const works = await takeOver(giveUp);
const store = await openStore(works);
const settings = new Settings(store);
session = new Session(store);
if (!works()) session.stop();
const padded = () => settings.padded;
const suggestions = new Suggestions(session, settings);
const finder = new Finder(session, (code, heading, mark) => suggestions.add(code, heading, mark), backToSuggestions);
session.listed = showQueue(session);
showViewer(session, (code, heading, mark) => mark === session.current && suggestions.add(code, heading));
showTray(session, padded, drop);
const toggleGrid = showGrid(session, session.listed, (mark) => suggestions.acceptAbove(mark, { quiet: true }));
exportDialog(session, padded);

/** Another tab works now: this one shows, and changes nothing. */
function giveUp() {
  session?.stop();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  for (const part of document.querySelectorAll("main > *, .actions")) part.inert = true;
  for (const input of document.querySelectorAll("input[type=file]")) input.disabled = true;
  hideToast();
  notice("tab", "These images are open in another tab, which works now.", ["Work here", () => location.reload()]);
  byId("notice-action").focus();
}

function drop(code) {
  const held = byId("accepted-codes").contains(document.activeElement);
  suggestions.decide(code, "accepted");
  if (held) byId("undo").focus();
}

function showTab(name) {
  for (const each of TABS) {
    byId(each).hidden = each !== name;
    byId(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    byId(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
  if (name === "finder") finder.start();
}

function openFinder() {
  if (!session.current) return;
  showTab("finder");
  byId("search").focus();
  byId("search").select();
}

function showSelected() {
  if (!session.selected) return suggestions.move(1);
  showTab("finder");
  finder.open(session.selected);
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

/** Accept the row of a number key; with Shift it is the last one of this image. */
function acceptNumber(key) {
  if (suggestions.acceptNumber(Number(key.at(-1))) && key.startsWith("Shift")) suggestions.finish();
}

function decideSelected(wanted) {
  if (session.selected) suggestions.decide(session.selected, wanted);
  else suggestions.move(1); // the first key press selects, so that nothing is decided unseen
}

function acceptChain() {
  if (session.selected) suggestions.acceptChain(session.selected);
  else suggestions.move(1);
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

const NUMBERS = [..."123456789"];
const keys = [
  { id: "number", keys: NUMBERS, range: ["1", "9"], fixed: true, rows: true, description: "accept the row with this number, or undo that", run: acceptNumber },
  { id: "last", keys: NUMBERS.map((key) => `Shift+${key}`), range: ["Shift+1", "9"], fixed: true, rows: true, description: "accept it, and go to the next open image", run: acceptNumber },
  { id: "numbers", keys: ["m"], rows: true, description: "give the numbers to the next nine rows", run: () => suggestions.nextNumbers() },
  { id: "above", keys: ["x"], rows: true, description: "accept all from the score of your office on", run: () => suggestions.acceptAbove() },
  { id: "next-row", repeats: true, keys: ["j", "ArrowDown"], rows: true, description: "next suggestion", run: () => suggestions.move(1) },
  { id: "previous-row", repeats: true, keys: ["k", "ArrowUp"], rows: true, description: "previous suggestion", run: () => suggestions.move(-1) },
  { id: "accept", keys: ["a"], rows: true, description: "accept it, or undo that", run: () => decideSelected("accepted") },
  { id: "chain", keys: ["s"], rows: true, description: "accept it with all above it and the likeliest code below it", run: acceptChain },
  { id: "reject", keys: ["r"], rows: true, description: "reject it, or undo that", run: () => decideSelected("rejected") },
  { id: "more", keys: ["e"], rows: true, description: "more candidates", run: () => suggestions.more() },
  { id: "undo", keys: ["u"], description: "undo the last decision on this image", run: () => suggestions.undo() },
  { id: "done", keys: ["d"], description: "done: go to the next open image", run: () => suggestions.finish() },
  { id: "next", repeats: true, keys: ["n"], description: "next image", run: () => step(1) },
  { id: "previous", repeats: true, keys: ["p"], description: "previous image", run: () => step(-1) },
  { id: "evidence", keys: ["h"], description: "evidence on or off", run: () => byId("heat-on").click() },
  { id: "region", keys: ["g"], description: "ask about a region", run: () => byId("crop").click() },
  { id: "copy", keys: ["c"], description: "copy the codes", run: () => byId("copy").click() },
  { id: "grid", keys: ["v"], description: "all images side by side, or one again", run: () => toggleGrid() },
  { id: "find", keys: ["/"], description: "find a code; arrow keys walk through the tree", run: openFinder },
  { id: "about", keys: ["i"], rows: true, description: "the selected code in the classification, with its notes", run: showSelected },
  { id: "back", keys: ["Escape"], fixed: true, description: "back to the suggestions", run: backToSuggestions },
  { id: "help", keys: ["?"], description: "this help", run: () => byId("help").showModal() },
];
await listen(keys, store, () => !session.readOnly);

keepFocus(() => byId(session.marks.length ? "name" : "choose"));
byId("copy").onclick = copy;
byId("undo").onclick = () => suggestions.undo();
byId("done").onclick = ({ detail }) => detail < 2 && suggestions.finish(); // a double click is one
byId("remove").onclick = remove;
byId("open-help").onclick = () => byId("help").showModal();
for (const button of document.querySelectorAll("dialog .close")) button.onclick = () => button.closest("dialog").close();
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // a click beside it
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
      if (session.readOnly) return resolve("");
      byId("token-note").textContent = refused ? "The service did not accept this token." : "";
      const dialog = byId("token");
      dialog.returnValue = "";
      dialog.onclose = () => {
        resolve(dialog.returnValue && byId("token-text").value.trim()); // closed by Esc it is no answer
        byId("token-text").value = "";
      };
      dialog.showModal();
    }),
);

session.addEventListener("shown", () => showTab("suggestions"));
session.addEventListener("shown", hideToast); // it may offer to undo what was done to another image
session.addEventListener("idle", () => {
  const { length } = session.failed;
  say(length ? `All images are read, ${length} failed.` : "All images are read.");
});
session.addEventListener("lost", ({ detail: error }) => {
  const names = session.unsaved.map(({ name }) => name);
  const few = names.slice(0, FEW_NAMES).join(", ") + (names.length > FEW_NAMES ? ` and ${names.length - FEW_NAMES} more` : "");
  const lost = names.length ? `${few} stay only until this tab is closed` : "new decisions stay only until this tab is closed";
  notice("storage", `The browser's storage is full (${error.name}): ${lost}. Export, then remove images.`);
});
session.addEventListener("kept", () => notice("storage"));
session.addEventListener("away", () => notice("service", "The service cannot be reached. Trying again by itself.", ["Try now", () => session.retry(session.failed)]));
session.addEventListener("back", () => {
  notice("service");
  say("The service is back.");
});
session.addEventListener("double", ({ detail: [mark, twin] }) => toast(`${mark.name} is the same image as ${twin.name}.`));
session.addEventListener("locked", locked);
addEventListener("beforeunload", (event) => {
  const { store, marks, unsaved } = session;
  if (unsaved.length || (!store.persistent && marks.length)) event.preventDefault(); // the browser asks whether to leave
});
if (!store.persistent) notice("storage", "This browser stores nothing for this page: images and decisions are lost on reload.");

function locked() {
  notice("token", "This service requires a token.", ["Enter the token", unlock]);
}

async function unlock() {
  api.askAgain();
  await describeModel();
  if (described) session.retry(session.failed.filter(({ problem }) => problem.status === 401));
}

let described = false;
let describing = false;

/** Show what the model is; tried again after the service was away or a token was missing. */
async function describeModel() {
  if (described || describing) return;
  describing = true;
  try {
    const [card, categories] = await Promise.all([api.model(), api.categories()]);
    session.categories = new Map(categories.map(({ code, heading }) => [code, heading]));
    session.auxiliary = new Set(card.auxiliary);
    setTree(card);
    showLabels();
    const labels = Object.values(card.labels).reduce((sum, count) => sum + count, 0);
    byId("model").textContent = `Model ${card.name}, ${labels.toLocaleString("en")} codes`;
    await meetUser(card.team);
    described = true;
    notice("service");
    session.emit("mark");
  } catch (problem) {
    if (problem.status === 401) locked();
    else notice("service", `${problem.title}. ${problem.detail}`, ["Try again", describeModel]);
  } finally {
    describing = false;
  }
}

/** Fit the page to labels of one's own. */
function showLabels() {
  document.body.classList.toggle("own", !isVienna());
  if (!isVienna()) {
    byId("search").placeholder = "A label, or a word of what it means";
    byId("grid-code").placeholder = "Label";
  }
  showHidden();
}

let user; // of the team's store, null without one, undefined until the service has said it
let loadedFor; // the user for whom images were loaded

/** Find out who works here; if it is another than was thought while the service was away, start again. */
async function meetUser(hasStore) {
  user = hasStore ? await api.me().catch(noUser) : null;
  if (user?.role === "program") workAlone("the token is a program’s");
  try {
    if (user) localStorage.setItem(LAST_USER, JSON.stringify(user));
    else localStorage.removeItem(LAST_USER);
  } catch {
    /* then nobody is known while the service is away */
  }
  if (loadedFor !== undefined && loadedFor?.name !== user?.name) location.reload();
}

function noUser(problem) {
  if (![401, 403].includes(problem.status)) throw problem;
  workAlone("the token belongs to no user");
  return null;
}

const workAlone = (why) => (byId("model").textContent += `; ${why}, so decisions stay in this browser`);

function lastUser() {
  try {
    return JSON.parse(localStorage.getItem(LAST_USER));
  } catch {
    return null;
  }
}

function signOut() {
  api.forgetToken();
  try {
    localStorage.removeItem(LAST_USER);
  } catch {
    /* it was not kept */
  }
  location.reload();
}

/** Open what this user has in this browser. */
async function openWork() {
  loadedFor = (user === undefined ? lastUser() : user) ?? null;
  if (loadedFor && loadedFor.role !== "program") {
    session.store = await openStore(works, `viennatag of ${loadedFor.name}`);
    new Team(session, loadedFor);
    showOffice(session, signOut);
  }
  await session.load();
}

function showAcceptFrom() {
  for (const id of ["accept-above", "grid-accept"]) byId(id).firstChild.textContent = `Accept ≥ ${Math.round(settings.acceptFrom * 100)} % `;
}

function showHidden() {
  const { strange, listing } = settings;
  hideCategories(listing.hidden);
  const known = isVienna() ? "categories are numbers from 1 to 29" : `there are ${[...session.categories.keys()].slice(0, FEW_NAMES).join(", ")} ...`;
  byId("hidden-note").textContent = strange.length ? `${strange.join(", ")}: not a category; ${known}.` : "";
  if (!session.current) return;
  session.emit("queue");
  session.emit("mark");
}

byId("heat-on").checked = true;
await Promise.all([
  settings.remember("spelling", "value", () => session.emit("mark")),
  settings.remember("single-keys", "checked"),
  settings.remember("heat-on", "checked"),
  settings.remember("evidence", "value"),
  settings.remember("unsure-first", "checked"),
  settings.remember("with-open", "checked"),
  settings.remember("accept-from", "value", showAcceptFrom),
  settings.remember("floor", "value", () => session.current && session.emit("mark")),
  settings.remember("hidden", "value", showHidden),
  describeModel(),
]);
api.service.addEventListener("reached", () => {
  notice("token");
  describeModel();
});
await openWork();
receive(async (files) => {
  if (session.readOnly) return;
  const duplicates = await session.add(files);
  if (duplicates) toast(duplicates === 1 ? "One image is already in the list." : `${duplicates} images are already in the list.`);
});
document.body.dataset.ready = "true";
