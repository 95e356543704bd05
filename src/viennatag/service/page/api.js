/**
 * Client of the service's HTTP API. Every failure becomes a Problem with a message for people.
 *
 * Paths are relative, so the page also works below a prefix of a reverse proxy.
 */

const MAX_ATTEMPTS = 6;
const TIMEOUT_MS = 120_000;

export class Problem extends Error {
  constructor(title, detail = "", status = 0, mark = null) {
    super(status ? detail || title : [title, detail].filter(Boolean).join(". "));
    Object.assign(this, { title, detail, status, mark }); // of a conflict: the mark as the store has it
  }

  /** Whether the same request may succeed later: nothing is wrong with the image. */
  get passes() {
    return [0, 401, 429, 502, 503, 504].includes(this.status);
  }
}

/** Emits "reached" after every answer that is not a failure of the service or of the access to it. */
export const service = new EventTarget();

let token = "";
let asking = null;
let declined = false; // the person closed the question without an answer: it is not put again by itself
let askToken = async () => "";

/** Set the function that asks for the access token; its argument tells whether one was refused. */
export function onToken(ask) {
  askToken = ask;
  try {
    token = sessionStorage.getItem("viennatag-token") ?? "";
  } catch {
    token = ""; // asked for again after a reload
  }
}

/** Let the next request without access ask for the token again: the person wishes it. */
export function askAgain() {
  declined = false;
}

async function renewToken() {
  if (declined) return false;
  asking ??= askToken(Boolean(token)).finally(() => (asking = null)); // one question for many requests
  token = await asking;
  declined = !token;
  if (/[^\x20-\x7e]/.test(token)) token = "-"; // no header can carry it, so no service accepts it
  try {
    sessionStorage.setItem("viennatag-token", token);
  } catch {
    /* kept in memory only */
  }
  return Boolean(token);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param options as of `fetch`; with `quiet` no token is asked for. */
async function send(path, { quiet = false, ...options } = {}) {
  for (let attempt = 1; ; attempt++) {
    const shown = token;
    const headers = { ...options.headers, ...(shown && { Authorization: `Bearer ${shown}` }) };
    let response;
    try {
      response = await fetch(path, { ...options, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      if (error.name === "TimeoutError") throw new Problem("The service took too long", "It did not respond within two minutes.");
      throw new Problem("The service cannot be reached", "Check that it runs, then try again.");
    }
    if (response.ok || response.status === 404 || response.status === 422) service.dispatchEvent(new Event("reached"));
    if (response.ok) return response;
    const problem = await readProblem(response);
    if ((response.status === 429 || response.status === 503) && attempt < MAX_ATTEMPTS) {
      const seconds = Number(response.headers.get("Retry-After")) || attempt;
      await pause(Math.min(seconds, 30) * 1000 * (1 + Math.random() / 4)); // spread, so that not all come back at once
    } else if (response.status === 401) {
      // A late answer may refuse a token that another request has already had replaced.
      if (quiet || (shown === token && !(await renewToken()))) throw problem;
    } else {
      throw problem;
    }
  }
}

async function readProblem(response) {
  try {
    const { title, detail, status, mark } = await response.json();
    return new Problem(title ?? `Status ${response.status}`, detail ?? "", status ?? response.status, mark);
  } catch {
    return new Problem(`The service returned status ${response.status}`, "", response.status);
  }
}

const get = async (path) => (await send(path)).json();

const query = (values) => {
  const stated = Object.entries(values).filter(([, value]) => value !== undefined);
  return stated.length ? `?${new URLSearchParams(stated)}` : "";
};

async function sendImage(path, image, name) {
  const form = new FormData();
  form.append("files", image, name);
  const answer = await (await send(path, { method: "POST", body: form })).json();
  const { error } = answer.results[0];
  if (error) throw new Problem(error.title, error.detail, error.status);
  return { ...answer, result: answer.results[0] };
}

/** Return { model, result } for one image. */
export const predict = (image, name, options = {}) => sendImage(`v1/predict${query(options)}`, image, name);

const raw = (image, accept) => ({
  method: "POST",
  body: image,
  headers: { "Content-Type": image.type || "application/octet-stream", Accept: accept },
});

/** Return the evidence for a code: { heat }, rows of numbers from 0 to 1 over the image. */
export const explain = async (image, code) => (await send(`v1/explain${query({ code })}`, raw(image, "application/json"))).json();

/** Return a PNG of an image that the browser cannot draw. */
export const picture = async (image) => (await send("v1/picture", raw(image, "image/png"))).blob();

/** Return the reference marks most similar to an image. */
export const similar = async (image, k = 6) =>
  (await (await send(`v1/similar${query({ k })}`, raw(image, "application/json"))).json()).marks;

/** Return a thumbnail by its address; a plain <img> cannot send the token. */
export const thumbnail = async (address) => (await send(address.replace(/^\//, ""))).blob();

/** Tell whether the service answers. */
export const alive = () => fetch("healthz", { cache: "no-store" }).then((response) => response.ok, () => false);

const write = async (method, path, body) =>
  (await send(path, { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } })).json();

/** Forget the token: the next request asks for one. */
export function forgetToken() {
  token = "";
  try {
    sessionStorage.removeItem("viennatag-token");
  } catch {
    /* it was kept in memory only */
  }
}

/** Return whose token this is; fails without asking if it belongs to no user. */
export const me = async () => (await send("v1/me", { quiet: true })).json();
export const users = async () => (await get("v1/users")).users;

/** Return the mark of an image as the store has it; a new one is kept. */
export const keepMark = async (image, name) => (await sendImage("v1/marks", image, name)).result;
export const readMark = (id) => get(`v1/marks/${id}`);
export const listMarks = async (wanted) => (await get(`v1/marks${query(wanted)}`)).marks;
export const decide = (id, stage, body) => write("PUT", `v1/marks/${id}/${stage}`, body);
export const assign = async (marks, stage, to) => (await write("POST", "v1/assignments", { marks, stage, to })).marks;
const EXPORTS = { csv: "text/csv", json: "application/json", zip: "application/zip" };

/** Take an export of the page over: { imported, left_out }. */
export async function importMarks(file) {
  const type = EXPORTS[file.name.split(".").pop().toLowerCase()] ?? "application/octet-stream";
  return (await send("v1/imports", { method: "POST", body: file, headers: { "Content-Type": type } })).json();
}

export const events = async (wanted) => (await get(`v1/events${query(wanted)}`)).events;

export const model = () => get("v1/model");
export const searchCodes = async (words) => (await get(`v1/codes${query({ q: words })}`)).codes;
export const categories = async () => (await get("v1/codes")).codes;
export const node = (code) => get(`v1/codes/${encodeURIComponent(code)}`);
