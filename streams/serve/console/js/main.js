// Shows the page that the address names, keeps account and theme, and holds the live connection.

import { PASSING, Problem, get } from "./api.js";
import { h, link, prose, replace } from "./dom.js";
import { Live } from "./live.js";
import { campaign, campaigns } from "./pages/campaigns.js";
import { contact, contacts } from "./pages/contacts.js";
import { deadLetter, deadLetters } from "./pages/dead_letters.js";
import { definitions } from "./pages/definitions.js";
import { overview } from "./pages/overview.js";
import { search } from "./pages/search.js";
import { segment, segments } from "./pages/segments.js";
import { workers } from "./pages/workers.js";
import { applyTheme, followSystemTheme, session, toggleTheme } from "./session.js";

// What a page watches beside the changes: it is read again when that has another version.
const PAGES = [
  { name: "", title: "Overview", show: overview, watch: ["contacts", "segment-members", "leads", "campaign-revenue", "definitions"] },
  { name: "segments", title: "Segments", show: segments, one: segment, watch: ["segment-members", "definitions"] },
  { name: "campaigns", title: "Campaigns", show: campaigns, one: campaign, watch: ["leads", "campaign-revenue", "definitions"] },
  { name: "contacts", title: "Contacts", show: contacts, one: contact, watch: ["contacts", "segment-members", "leads"] },
  { name: "search", title: "Search", show: search, watch: [] },
  { name: "definitions", title: "Definitions", show: definitions, watch: ["definitions"] },
  { name: "dead-letters", title: "Dead letters", show: deadLetters, one: deadLetter, watch: ["dead-letters"] },
  { name: "workers", title: "Workers", show: workers, watch: ["workers"] },
];
const AGAIN_MS = 2_000;
const STATES = { live: "live", broken: "reconnecting", refused: "token needed" };

const root = document.getElementById("page");
const connection = document.getElementById("connection");
const accountField = document.getElementById("account");
const themeButton = document.getElementById("theme");
const live = new Live(showState);
let current = new AbortController();
let wasAnswered = false; // whether this tab's token, or none, was good enough before

function showState(state) {
  connection.dataset.state = state;
  connection.textContent = STATES[state];
}

async function show(moveFocus = true) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const [path, queryText = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...parameters] = path.split("/").map(decodeURIComponent);
  const page = PAGES.find((each) => each.name === name) ?? PAGES[0];
  showNavigation(page);
  document.title = [parameters[0], page.title, "Leadstream"].filter(Boolean).join(" · ");
  const shown = h("div", {});
  const listen = listenFrom(signal);
  live.follow(session.account, page.watch);
  try {
    const view = parameters[0] !== undefined && page.one ? page.one : page.show;
    await view({ root: shown, parameters, query: new URLSearchParams(queryText), signal, listen });
    listen.isOver();
    if (!signal.aborted) replace(root, shown);
  } catch (problem) {
    if (signal.aborted) return;
    if (problem.status === 401) return; // a token is asked for
    replace(root, problemText(problem));
    listen({ refresh: () => problem.status === 404 && show(false) }); // it may have come meanwhile
    if (PASSING.has(problem.status)) setTimeout(() => signal.aborted || show(false), AGAIN_MS);
  }
  if (moveFocus && !signal.aborted) root.focus({ preventScroll: true });
}

// What comes while a page reads what it shows is kept for its listener: it would be missed otherwise. A listener has
// `change`, which gets a record, and `refresh`, for what else is shown.
function listenFrom(signal) {
  const early = [];
  let hear = (...news) => early.push(news);
  const keep = hear;
  signal.addEventListener("abort", live.listen((event, data) => {
    if (event === "missed") show(false); // more changes came than are kept: it is read anew
    else hear(event, data);
  }), { once: true });
  const listen = ({ change = () => {}, refresh = () => {} }) => {
    hear = (event, data) => (event === "change" ? change(data.record ?? data) : refresh());
    early.splice(0).forEach((news) => hear(...news));
  };
  listen.isOver = () => { if (hear === keep) hear = () => {}; };
  return listen;
}

function problemText(problem) {
  if (!(problem instanceof Problem)) throw problem;
  return [
    h("h1", {}, problem.status === 404 ? "Not found" : "This cannot be shown now"),
    h("p", { class: "notice bad", role: "alert" }, prose(problem.message)),
    h("p", { class: "quiet" }, PASSING.has(problem.status) ? "The page tries again by itself. " : "",
      h("button", { type: "button", onclick: () => show() }, "Try again")),
  ];
}

// One that is being typed stays: several answers may be refused.
function askForToken() {
  current.abort();
  live.stop();
  showState("refused");
  if (document.getElementById("token")) return;
  replace(root, tokenForm(wasAnswered || Boolean(session.token)));
  document.getElementById("token").focus();
}

function tokenForm(isRefused) {
  const field = h("input", { id: "token", type: "password", autocomplete: "off", required: true });
  return [
    h("h1", {}, isRefused ? "The token is no longer valid" : "A token is needed"),
    isRefused ? h("p", { class: "notice bad", role: "alert" }, "The server does not take this token, or not any more. Ask whoever runs it for the one that is valid now.") : null,
    h("p", { class: "lead" }, "This server answers only those who have a token. It is kept in this tab and sent to this server alone."),
    h("form", { class: "row", onsubmit: (event) => { event.preventDefault(); session.token = field.value; replace(root, h("p", { class: "quiet" }, "Loading.")); start(); } },
      h("label", { for: "token" }, "Token", field), h("button", { class: "main", type: "submit" }, "Use it")),
  ];
}

function showNavigation(page) {
  replace(document.getElementById("navigation"), PAGES.map((each) =>
    h("a", { href: each.name ? link(each.name) : "#/", "aria-current": each === page ? "page" : null }, each.title)));
}

async function start() {
  try {
    const accounts = await get(["accounts"]);
    wasAnswered = true;
    const names = accounts.includes(session.account) ? accounts : [session.account, ...accounts];
    replace(accountField, names.map((name) => h("option", { value: name }, name)));
    accountField.value = session.account;
    accountField.closest("label").hidden = names.length < 2; // nothing to choose
  } catch (problem) {
    if (problem.status === 401) return;
    replace(accountField, h("option", { value: session.account }, session.account));
  }
  return show(false);
}

// The part of the address behind `#` names the page, so this link does what it says without it.
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); root.focus(); });
accountField.addEventListener("change", () => { session.account = accountField.value; show(); });
themeButton.addEventListener("click", () => toggleTheme(themeButton));
addEventListener("hashchange", () => document.getElementById("token") || show());
addEventListener("refused", askForToken);
addEventListener("problem", ({ detail }) => replace(root, problemText(detail)));
// A browser may keep a page that was left, with its connections, of which it has six for each server.
addEventListener("pagehide", () => { current.abort(); live.stop(); });
addEventListener("pageshow", (event) => { if (event.persisted) start(); });
applyTheme(themeButton);
followSystemTheme(themeButton);
start();
