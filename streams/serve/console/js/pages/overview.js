// What is going on: sizes, campaigns and the latest changes, live.

import { get } from "../api.js";
import { SHOWN, addLive, changeList } from "../changes.js";
import { countFigure, h, link, panel, replace, table } from "../dom.js";
import { refresher } from "../refresh.js";
import { count } from "../texts.js";
import { revenueText } from "./campaigns.js";

export async function overview({ root, signal, listen }) {
  const [state, changes] = await Promise.all([readState(), get(["changes"], { limit: SHOWN })]);
  const parts = { figures: h("ul", { class: "figures" }), segments: h("div", {}), campaigns: h("div", {}) };
  fill(parts, state);
  const list = changeList(changes.changes.map((each) => each.record).reverse());
  replace(root,
    h("h1", {}, "Overview"),
    h("p", { class: "lead" }, "Who is where, and what changed last. Everything here is as of now and changes by itself."),
    parts.figures,
    h("div", { class: "grid" },
      panel("Segments", "half", parts.segments),
      panel("Campaigns", "half", parts.campaigns),
      panel("Latest changes", "", list)));
  const refresh = refresher(async () => fill(parts, await readState()), signal);
  listen({ change: (record) => { addLive(list, record); refresh(); }, refresh });
}

function readState() {
  return Promise.all([
    get(["contacts"], { limit: 1 }), get(["segments"]), get(["campaigns"]),
  ]);
}

function fill(parts, [contacts, { segments }, { campaigns }]) {
  replace(parts.figures,
    countFigure(contacts.total, "contact"),
    countFigure(segments.length, "segment"),
    countFigure(campaigns.length, "campaign"));
  replace(parts.segments, table("The largest first", [
    { title: "Segment", cell: (row) => h("a", { href: link("segments", row.segment) }, row.name || row.segment) },
    { title: "Members", kind: "number", cell: (row) => count(row.members) },
  ], [...segments].sort((a, b) => b.members - a.members).slice(0, 10),
  "No segment yet. `leadstream definitions apply` brings the first one."));
  replace(parts.campaigns, table("What sales got and won", [
    { title: "Campaign", cell: (row) => h("a", { href: link("campaigns", row.campaign) }, row.name || row.campaign) },
    { title: "Qualified", kind: "number", cell: (row) => count(row.statuses.qualified ?? 0) },
    { title: "Won", kind: "number", cell: (row) => revenueText(row.revenue, "won") },
  ], campaigns, "No campaign has leads yet."));
}
