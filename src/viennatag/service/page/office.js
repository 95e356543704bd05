/** What a team shows: whose work a mark is, who decided what and when, and all marks of the store. */

import * as api from "./api.js";
import { byId, fill, h, toast } from "./dom.js";
import { accepted } from "./mark.js";
import { STAGE_WORDS } from "./team.js";

const ROWS = 100;
const NAMED = 5; // marks that an import left out

const list = (codes) => codes.join(", ") || "no codes";
const at = (time) => new Date(time).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });

/** Return the accepted codes of an examination. */
const codesOf = (examination) => list(accepted({ decisions: examination?.decisions ?? {} }));

/** Return whose work a mark is and what was decided, in one line. */
export function describeWork({ state, stage, conflict, disagreement, examinations, unsaved }, me) {
  const { first, review, settlement } = examinations;
  const who = ({ examiner }) => (examiner === me ? "you" : examiner);
  if (conflict) {
    const other = conflict.examinations[stage];
    return `${other.examiner ?? "Nobody"} decided this since you looked: ${codesOf(other)}.`;
  }
  const words = {
    open: () => (stage ? (first.assigned_to === me ? "Yours to examine" : first.examiner && first.examiner !== me ? `Begun by ${first.examiner}` : "Open to all") : `The work of ${first.assigned_to}`),
    done: () => `Examined by ${who(first)}`,
    "in review": () => (stage === "review" ? `You review the work of ${who(first)}, without seeing it` : `In review by ${review.assigned_to ?? who(review)}`),
    agreed: () => `${who(first)} and ${who(review)} agree`,
    disagreed: () => `Disagreed: only ${who(first)} ${list(disagreement.first)}; only ${who(review)} ${list(disagreement.review)}`,
    settled: () => `Settled by ${who(settlement)}`,
  }[state]();
  return unsaved ? `${words}. Not saved yet.` : words;
}

/** Return a line of the audit trail in words. */
function describeEvent({ action, stage, details }) {
  const what = STAGE_WORDS[stage] ?? "";
  const words = {
    added: () => "added the mark",
    decided: () => `${what}: ${details.code} ${details.after ?? "open again"}${details.before ? `, was ${details.before}` : ""}`,
    finished: () => `finished the ${what} with ${list(details.codes)}`,
    reopened: () => `opened the ${what} again`,
    assigned: () => `gave the ${what} to ${details.to ?? "anybody"}`,
    imported: () => `imported the ${what}`,
  };
  return words[action]?.() ?? action;
}

/** Show a team's work around the session; does nothing for a session without a team. */
export function showOffice(session, signOut) {
  const { team } = session;
  if (!team) return;
  const me = team.user.name;
  const chosen = new Set();
  let marks = [];
  let loads = 0;

  function drawButton() {
    const { length } = team.unsaved;
    byId("open-team").textContent = length ? `${me}: ${length} not saved` : me;
    byId("open-team").classList.toggle("danger", Boolean(length));
  }

  function drawLine() {
    const work = session.current?.team;
    byId("team-line").hidden = false;
    const text = work ? describeWork(work, me) : "";
    byId("team-text").textContent = text;
    byId("team-text").title = text;
    byId("trail-open").disabled = !work;
    for (const id of ["take-theirs", "keep-mine"]) byId(id).hidden = !work?.conflict;
    byId("keep-mine").disabled = Boolean(work?.conflict) && team.stageOf(work.conflict) !== work.stage;
    byId("review").hidden = !work || Boolean(work.stage) || work.state !== "done";
    drawButton();
  }

  /** Tell what happened, where it is seen: what lies behind a dialog is not. */
  const tell = (words) => (byId("team").open ? (byId("team-note").textContent = words) : toast(words));

  async function tryTo(action) {
    byId("team-note").textContent = "";
    try {
      await action();
    } catch (problem) {
      tell(problem.message);
    }
  }

  const review = () => team.assign([session.current.team.id], "review", me);

  async function showTrail() {
    const { name, team: work } = session.current;
    const events = await api.events({ mark: work.id, count: 1000 });
    byId("trail-title").textContent = `History of ${name}`;
    const row = (event) => h("tr", {}, h("td", {}, at(event.at)), h("td", {}, event.user ?? "the office"), h("td", {}, describeEvent(event)));
    fill(byId("trail-rows"), events.map(row));
    byId("trail").showModal();
  }

  function row(mark) {
    const box = h("input", {
      type: "checkbox",
      "data-key": mark.id,
      checked: chosen.has(mark.id),
      "aria-label": `Choose ${mark.name}`,
      onchange: ({ target }) => {
        target.checked ? chosen.add(mark.id) : chosen.delete(mark.id);
        enable();
      },
    });
    const work = { ...mark, stage: team.stageOf(mark) };
    const show = () => {
      session.show(team.list(mark));
      byId("team").close();
    };
    return h(
      "tr",
      {},
      h("td", {}, box),
      h("th", { scope: "row" }, h("button", { type: "button", class: "quiet", dir: "auto", "data-key": `show ${mark.id}`, onclick: show }, mark.name)),
      h("td", {}, describeWork(work, me)),
      h("td", { class: "mono" }, mark.codes ? list(mark.codes) : ""),
    );
  }

  function enable() {
    for (const id of ["give-first", "give-review"]) byId(id).disabled = !chosen.size;
    byId("team-count").textContent = `${marks.length} listed, ${chosen.size} chosen`;
  }

  /** List the marks in a state, or further ones. */
  async function load(more = false) {
    const wanted = byId("team-state").value;
    const filter = wanted === "mine" ? { assigned_to: me } : wanted ? { state: wanted } : {};
    const asked = ++loads;
    const found = await api.listMarks({ ...filter, after: more ? marks.at(-1).id : 0, count: ROWS });
    if (asked !== loads) return; // another state was chosen meanwhile
    if (!more) chosen.clear();
    marks = more ? [...marks, ...found] : found;
    fill(byId("team-rows"), marks.map(row));
    byId("team-more").disabled = found.length < ROWS;
    enable();
  }

  async function give(stage) {
    await team.assign([...chosen], stage, byId("team-to").value || null);
    tell(`${chosen.size} given for the ${STAGE_WORDS[stage]}.`);
    await load();
  }

  async function takeOver(file) {
    const { imported, left_out: others } = await api.importMarks(file);
    const named = others.slice(0, NAMED).map(({ image, reason }) => `${image} (${reason})`);
    if (others.length > NAMED) named.push(`${others.length - NAMED} more`);
    tell(`${imported} taken over.${named.length ? ` Left out: ${named.join(", ")}.` : ""}`);
    await Promise.all([load(), team.look()]);
  }

  async function open() {
    byId("team-who").textContent = `${me}, ${team.user.role}`;
    byId("team").showModal();
    await Promise.all([load(), team.look(), users()]);
  }

  async function users() {
    const names = team.isLead ? (await api.users()).filter(({ active, role }) => active && role !== "program").map(({ name }) => name) : [me];
    const kept = byId("team-to").value || me;
    fill(byId("team-to"), names.map((name) => h("option", { value: name }, name)), h("option", { value: "" }, "anybody"));
    byId("team-to").value = kept;
  }

  byId("open-team").hidden = false;
  byId("open-team").onclick = () => tryTo(open);
  byId("sign-out").onclick = signOut;
  byId("team-state").onchange = () => tryTo(load);
  byId("team-more").onclick = () => tryTo(() => load(true));
  byId("give-first").onclick = () => tryTo(() => give("first"));
  byId("give-review").onclick = () => tryTo(() => give("review"));
  byId("import").onclick = () => byId("import-file").click();
  byId("import-file").onchange = ({ target }) => {
    const [file] = target.files;
    target.value = ""; // so that the same file can be chosen again
    if (file) tryTo(() => takeOver(file));
  };
  byId("trail-open").onclick = () => tryTo(showTrail);
  byId("review").onclick = () => tryTo(review);
  byId("take-theirs").onclick = () => team.resolve(session.current, false);
  byId("keep-mine").onclick = () => team.resolve(session.current, true);
  session.addEventListener("mark", drawLine);
  session.addEventListener("saved", drawButton);
  session.addEventListener("queue", drawButton);
  drawLine();
}
