// All campaigns, and one campaign: funnel, points, hand-overs, revenue, leads.

import { get } from "../api.js";
import { bars } from "../charts.js";
import { addLive, changeList } from "../changes.js";
import { badge, countFigure, figure, h, link, named, panel, replace, table } from "../dom.js";
import { pages } from "../pager.js";
import { refresher } from "../refresh.js";
import { count, money, plural, time } from "../texts.js";

const STATUSES = ["active", "qualified", "duplicate", "rejected", "deleted"];
export const TONES = { qualified: "good", rejected: "bad", deleted: "bad" };

export function revenueText(revenue, kind) {
  return revenue.length ? revenue.map((row) => money(row[kind].amount, row.currency)).join(", ") : "–";
}

export async function campaigns({ root, signal, listen }) {
  const shown = h("div", {});
  const read = async () => replace(shown, campaignTable((await get(["campaigns"])).campaigns));
  await read();
  replace(root,
    h("h1", {}, "Campaigns"),
    h("p", { class: "lead" }, "What each campaign brought: leads, hand-overs to sales, and the money that came of them."),
    panel("Which campaigns paid", "", shown));
  const refresh = refresher(read, signal);
  listen({ change: refresh, refresh });
}

function campaignTable(rows) {
  return table("Campaigns, those that won most first", [
    { title: "Campaign", cell: (row) => named("campaigns", row.campaign, row.name) },
    { title: "Leads", kind: "number", cell: (row) => count(total(row.statuses)) },
    { title: "Qualified", kind: "number", cell: (row) => count(row.statuses.qualified ?? 0) },
    { title: "Handed over", kind: "number", cell: (row) => count(row.handed_over) },
    { title: "Won", kind: "number", cell: (row) => revenueText(row.revenue, "won") },
    { title: "Open", kind: "number", cell: (row) => revenueText(row.revenue, "open") },
    { title: "Lost", kind: "number", cell: (row) => revenueText(row.revenue, "lost") },
  ], [...rows].sort((a, b) => wonOf(b) - wonOf(a)), "No campaign has leads yet.");
}

function wonOf(row) {
  return Math.max(0, ...row.revenue.map((each) => Number(each.won.amount)));
}

function total(statuses) {
  return Object.values(statuses).reduce((sum, value) => sum + value, 0);
}

export async function campaign({ root, parameters: [id], signal, listen }) {
  const [about, changes] = await Promise.all([get(["campaigns", id]), get(["changes"], { campaign: id, limit: 30 })]);
  const list = changeList(changes.changes.map((each) => each.record).reverse());
  const parts = { lead: h("p", { class: "lead" }), figures: h("ul", { class: "figures" }), funnel: h("div", {}), points: h("div", {}) };
  fill(parts, about);
  const shown = h("div", {});
  const chosen = h("select", { id: "status", onchange: () => showLeads() },
    STATUSES.filter((status) => status in about.funnel.statuses).map((status) => h("option", { value: status }, status)));
  chosen.value = statusToShow(about.funnel.statuses);
  let leads = null;
  function showLeads() {
    leads = pages(({ cursor }) => get(["leads"], { campaign: id, status: chosen.value, cursor, limit: 25 }), leadTable);
    replace(shown, leads.element);
  }
  replace(root,
    h("h1", {}, about.name || id),
    parts.lead,
    parts.figures,
    h("div", { class: "grid" },
      panel("Funnel", "half", parts.funnel),
      panel("Points of its leads", "half", parts.points),
      panel("Leads", "", h("form", { class: "row" }, h("label", { for: "status" }, "Status", chosen)), shown),
      panel("Latest changes", "", list)));
  showLeads();
  const refresh = refresher(async () => {
    fill(parts, await get(["campaigns", id]));
    await leads.refresh();
  }, signal);
  listen({
    change: (record) => {
      if (record.campaign !== id) return;
      addLive(list, record);
      refresh();
    },
    refresh,
  });
}

// The qualified ones are what sales asks for; where there are none, what there is.
function statusToShow(statuses) {
  return ["qualified", ...STATUSES].find((status) => statuses[status]) ?? "qualified";
}

function fill(parts, about) {
  replace(parts.lead, `Campaign ${about.campaign}. `, about.description || "", about.paused ? badge("paused", "warn") : null);
  replace(parts.figures,
    countFigure(total(about.funnel.statuses), "lead"),
    figure(count(about.funnel.handed_over), "handed over"),
    figure(revenueText(about.revenue, "won"), "won"),
    figure(revenueText(about.revenue, "open"), "open"),
    figure(revenueText(about.revenue, "lost"), "lost"));
  replace(parts.funnel, funnelBars(about.funnel));
  replace(parts.points, bars("Leads by points", about.points.bands
    .filter((band) => band.leads || (band.least !== null && band.below !== null))
    .map((band) => ({ label: bandText(band), value: band.leads }))));
}

function funnelBars(funnel) {
  const rows = STATUSES.filter((status) => status in funnel.statuses)
    .map((status) => ({ label: status, value: funnel.statuses[status] }));
  const sales = [["handed over", "handed_over"], ["deal open", "open"], ["deal won", "won"], ["deal lost", "lost"]];
  return bars("Leads by status", [...rows, ...sales.map(([label, name]) => ({ label, value: funnel[name] }))]);
}

function bandText({ least, below }) {
  if (least === null) return `below ${below}`;
  return below === null ? `${least} and more` : `${least} to below ${below}`;
}

function leadTable(page) {
  return table(`${plural(page.total, "lead")}, those changed last first`, [
    { title: "Contact", cell: (row) => h("a", { href: link("contacts", row.contact) }, row.contact) },
    { title: "Status", cell: (row) => badge(row.status, TONES[row.status]) },
    { title: "Points", kind: "number", cell: (row) => count(row.points) },
    { title: "Changed", kind: "time", cell: (row) => time(row.changed) },
    { title: "In the CRM", cell: (row) => row.crm?.record ?? "–" },
  ], page.leads, "No lead has this status.");
}
