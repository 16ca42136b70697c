// Find a contact, and one contact: properties, memberships, leads, timeline, and why.

import { get } from "../api.js";
import { addLive, changeList } from "../changes.js";
import { explanationTree, sentence, words } from "../condition.js";
import { badge, countFigure, figure, h, link, pairs, panel, replace, table } from "../dom.js";
import { pages } from "../pager.js";
import { refresher } from "../refresh.js";
import { count, money, plain, plural, readable, time } from "../texts.js";
import { TONES } from "./campaigns.js";

const KEPT = 200; // changes of a contact: all that the read models keep

export async function contacts({ root, signal, listen }) {
  const shown = h("div", {});
  const field = h("input", { id: "prefix", type: "search", autocomplete: "off", oninput: () => show() });
  let found = null;
  function show() {
    found = pages(({ cursor }) => get(["contacts"], { prefix: field.value, cursor, limit: 50 }), (page) =>
      table(`${plural(page.total, "contact")} in all; in the order of their ids`, [
        { title: "Contact", cell: (id) => h("a", { href: link("contacts", id) }, id) },
      ], page.contacts, page.total ? "No contact begins with that." : "No contact is known yet."));
    replace(shown, found.element);
  }
  replace(root,
    h("h1", {}, "Contacts"),
    h("p", { class: "lead" }, "Find a contact by the beginning of its id. To find contacts by what they did, use ",
      h("a", { href: link("search") }, "search"), "."),
    panel("Find", "", h("form", { class: "row", onsubmit: (event) => event.preventDefault() },
      h("label", { for: "prefix" }, "Id begins with", field)), shown));
  show();
  listen({ refresh: refresher(() => found.refresh(), signal) });
}

export async function contact({ root, parameters: [id], query, signal, listen }) {
  const [about, timeline] = await Promise.all([get(["contacts", id]), get(["contacts", id, "timeline"], { limit: KEPT })]);
  const list = changeList(timeline.changes, { withContact: false });
  const parts = { state: h("p", { class: "lead" }), figures: h("ul", { class: "figures" }), properties: h("div", {}), relations: h("div", {}), since: h("p", { class: "quiet" }) };
  fill(parts, about, timeline);
  const why = h("div", {}, h("p", { class: "quiet" }, "Loading."));
  const stale = h("p", { class: "notice", role: "status", hidden: true }, "The contact changed after this was told. Explain again to see how it is now.");
  whyForm(id, about, query, stale).then((form) => replace(why, form), (problem) => replace(why, problemNotice(problem)));
  replace(root,
    h("h1", {}, id),
    parts.state,
    parts.figures,
    h("div", { class: "grid" },
      panel("Properties", "half", parts.properties),
      panel("Segments and leads", "half", parts.relations),
      panel("Why", "", why),
      panel("Timeline", "", list, parts.since)));
  const refresh = refresher(async () => {
    fill(parts, ...await Promise.all([get(["contacts", id]), get(["contacts", id, "timeline"], { limit: 1 })]));
  }, signal);
  listen({
    change: (record) => {
      if (record.contact !== about.contact) return;
      addLive(list, record, { withContact: false, most: KEPT });
      stale.hidden = !why.querySelector(".answer")?.childElementCount;
      refresh();
    },
    refresh,
  });
}

function fill(parts, about, { since }) {
  replace(parts.since, since ? ["Changes before ", time(since), " are not kept here."] : null);
  replace(parts.state, nameOf(about.properties), badge(about.status, about.status === "active" ? "good" : "warn"), " known since ", time(about.created),
    about.last_seen ? [", last seen ", time(about.last_seen)] : null);
  replace(parts.figures,
    countFigure(about.memberships.length, "segment"),
    countFigure(about.leads.length, "lead"),
    figure(count(about.score), "score"),
    Object.entries(about.scores).map(([name, value]) => figure(count(value), name)));
  replace(parts.properties, Object.keys(about.properties).length
    ? pairs(Object.entries(about.properties).map(([name, value]) => [name, plain(value)]))
    : h("p", { class: "quiet" }, "No property."));
  replace(parts.relations,
    table("Segments that the contact is in", [
      { title: "Segment", cell: (row) => h("a", { href: link("segments", row.segment) }, row.segment) },
      { title: "Since", kind: "time", cell: (row) => time(row.since) },
    ], about.memberships, "In no segment."),
    table("Leads of the contact", [
      { title: "Campaign", cell: (row) => h("a", { href: link("campaigns", row.campaign) }, row.campaign) },
      { title: "Status", cell: (row) => badge(row.status, TONES[row.status]) },
      { title: "Points", kind: "number", cell: (row) => count(row.points) },
      { title: "In the CRM", cell: (row) => crmState(row.crm ?? {}) },
    ], about.leads, "No lead."));
}

function crmState(crm) {
  return [crm.record ?? "–", dealLine(crm), answerLines(crm, "hand-over"), answerLines(crm.update ?? {}, "update")];
}

// What came of it: "deal won: 12,000 EUR".
function dealLine({ outcome, amount, currency }) {
  if (!outcome) return null;
  return h("div", { class: "quiet" }, `deal ${outcome}`, amount && currency ? `: ${money(amount, currency)}` : null);
}

// What the CRM said to the last hand-over or update: why it was refused, and which values it did not take whole.
function answerLines({ code, message, notes = [], more_notes: more = 0 }, what) {
  const lines = [];
  if (code) lines.push(`${what} refused: ${[code, message].filter(Boolean).join(": ")}`);
  for (const { field, note, reason } of notes) lines.push(`${field} was ${note === "cut" ? "cut" : "left out"}: ${reason}`);
  if (more) lines.push(`${plural(more, "more value")} cut or left out`);
  return lines.map((line) => h("div", { class: "quiet" }, line));
}

function nameOf({ first_name: first, last_name: last, job_title: job, company }) {
  const name = [first, last].filter(Boolean).join(" ");
  const work = [job, company].filter(Boolean).join(" at ");
  const text = [name, work].filter(Boolean).join(", ");
  return text ? [h("b", {}, text), " "] : null;
}

function problemNotice(problem) {
  return h("p", { class: "notice bad", role: "alert" }, problem.message);
}

async function whyForm(id, about, query, stale) {
  const [{ segments }, { campaigns }] = await Promise.all([get(["segments"]), get(["campaigns"])]);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const subject = h("select", { id: "subject", required: true },
    h("optgroup", { label: "Segments" }, segments.map((row) => h("option", { value: `segment ${row.segment}` }, row.segment))),
    h("optgroup", { label: "Campaigns" }, campaigns.map((row) => h("option", { value: `campaign ${row.campaign}` }, row.campaign))));
  const wanted = query.get("segment") ? `segment ${query.get("segment")}` : query.get("campaign") ? `campaign ${query.get("campaign")}` : null;
  const first = about.memberships[0]?.segment;
  if (wanted) subject.value = wanted;
  else if (first) subject.value = `segment ${first}`;
  const at = h("input", { id: "at", type: "datetime-local", step: "1" });
  const button = h("button", { class: "main", type: "submit" }, "Explain");
  async function explain() {
    const [kind, name] = subject.value.split(/ (.*)/);
    button.disabled = true;
    stale.hidden = true;
    replace(answer, h("p", { class: "quiet" }, "Reading the contact's history."));
    try {
      const instant = at.value ? new Date(at.value).toISOString() : null;
      replace(answer, explanation(await get(["contacts", id, "why"], { [kind]: name, at: instant, journal: instant ? null : "true" })));
    } catch (problem) {
      replace(answer, problemNotice(problem));
    }
    button.disabled = false;
  }
  if (wanted) explain();
  return [
    h("form", { class: "row", onsubmit: (event) => { event.preventDefault(); explain(); } },
      h("label", { for: "subject" }, "Segment or campaign", subject),
      h("label", { for: "at" }, "At this time (empty: now)", at), button),
    stale,
    answer,
  ];
}

function explanation(found) {
  if (!found.known) return h("p", {}, "The contact was not known then.");
  const verdict = "segment" in found
    ? found.member ? ["Is in ", h("b", {}, found.segment), " since ", time(found.since)] : ["Is not in ", h("b", {}, found.segment)]
    : found.lead ? ["Is a lead of ", h("b", {}, found.campaign), `: ${found.lead.status}, ${plural(found.lead.points, "point")}`] : ["Is no lead of ", h("b", {}, found.campaign)];
  return [
    h("p", {}, verdict, `, as of `, time(found.at), `, under release ${found.release}.`),
    found.reasons?.length ? h("ul", {}, found.reasons.map((reason) => h("li", {}, readable(reason)))) : null,
    found.condition ? explanationTree(found.condition) : null,
    Object.keys(found.audience ?? {}).length ? [h("h3", {}, "Audience: in at least one of these segments"), audienceTree(found.audience)] : null,
    (found.scoring ?? []).map((rule) => [h("h3", {}, `Scoring rule ${rule.id}: ${plural(rule.points, "point")}`), ruleText(rule)]),
    (found.automation ?? []).map((rule) => [h("h3", {}, `Automation rule ${rule.id}: ${words(rule.then)}`), ruleText(rule)]),
    found.history?.length ? [h("h3", {}, "History"), changeList(found.history.map((each) => ({ ...each, contact: found.contact, segment: found.segment, campaign: found.campaign })).reverse(), { withContact: false })] : null,
    (found.notes ?? []).map((note) => h("p", { class: "quiet" }, readable(note))),
  ];
}

function audienceTree(audience) {
  return h("ul", { class: "tree" }, Object.entries(audience).map(([segment, isMember]) =>
    h("li", {}, h("span", { class: isMember ? "holds" : "fails" }, h("a", { href: link("segments", segment) }, segment)),
      h("span", { class: "quiet" }, isMember ? " (is in it)" : " (is not in it)"))));
}

function ruleText(rule) {
  const cap = rule.at_most ? `, at most ${plural(rule.at_most, "time")}` : "";
  const awards = rule.awards?.length ? h("p", { class: "quiet" }, "Lately at ", rule.awards.map((at, index) => [index ? ", " : "", time(at)]), ".") : null;
  if (rule.each) return [h("p", {}, `Each ${sentence(rule.each)}${cap}.`), awards];
  return [rule.condition ? explanationTree(rule.condition) : null, awards];
}
