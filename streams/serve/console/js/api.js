// Asks the HTTP API. A refusal becomes a Problem with what the server said (RFC 9457).

import { session } from "./session.js";

const ROOT = "/api/v1/";
// No answer, too many requests, something not ready: worth another try.
export const PASSING = new Set([0, 429, 503]);

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail ?? document.title ?? `The server answered ${status}.`);
    this.status = status;
    this.document = document;
  }
}

export function headers(more = {}) {
  return session.token ? { ...more, Authorization: `Bearer ${session.token}` } : more;
}

function addressOf(path) {
  return ROOT + path.map(encodeURIComponent).join("/");
}

export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ account: session.account, ...parameters })) {
    for (const each of [value].flat()) if (each !== null && each !== undefined && each !== "") query.append(name, each);
  }
  return `${addressOf(path)}?${query}`;
}

// The page is told, whoever asked: it needs a token, or another one.
export function refuse() {
  dispatchEvent(new CustomEvent("refused"));
}

async function send(request) {
  let response;
  try {
    response = await fetch(...request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: "The server does not answer. The page tries again when you reload it." });
  }
  if (response.status === 401) refuse();
  if (response.ok) return response.status === 204 ? null : response.json();
  throw new Problem(response.status, await response.json().catch(() => ({})));
}

export function get(path, parameters = {}, signal = undefined) {
  return send([address(path, parameters), { headers: headers(), signal }]);
}

export function post(path, body, { signal } = {}) {
  const own = { "Content-Type": "application/json" };
  return send([addressOf(path), { method: "POST", headers: headers(own), body: JSON.stringify(body), signal }]);
}

let clock = null;

// On the events clock time goes on with the events, so "now" on a chart is the last thing that happened. Where Kafka is
// away nobody tells which clock it is, and the page has everything else.
export async function hasWallClock() {
  clock ??= (await get(["workers"]).catch(() => ({}))).deployment?.clock;
  return clock !== "events";
}
