// What is going on: sizes, campaigns and the latest changes, live.

import { get, getList } from "../api.js";
import { SHOWN, addLive, changeList } from "../changes.js";
import { countFigure, h, link, panel, replace, table } from "../dom.js";
import { count } from "../texts.js";
import { revenueText } from "./campaigns.js";

export async function overview({ root, listen }) {
  const [contacts, segments, campaigns, changes] = await Promise.all([
    get(["contacts"], { limit: 1 }), getList(["segments"], "segments"), getList(["campaigns"], "campaigns"), get(["changes"], { limit: SHOWN }),
  ]);
  const list = changeList(changes.changes.map((each) => each.record).reverse());
  replace(root,
    h("h1", {}, "Overview"),
    h("p", { class: "lead" }, "Who is where, and what changed last. Everything here is as of now and changes by itself."),
    h("ul", { class: "figures" },
      countFigure(contacts.total, "contact"),
      countFigure(segments.segments.length, "segment"),
      countFigure(campaigns.campaigns.length, "campaign")),
    h("div", { class: "grid" },
      panel("Segments", "half", table("The largest first", [
        { title: "Segment", cell: (row) => h("a", { href: link("segments", row.segment) }, row.name || row.segment) },
        { title: "Members", kind: "number", cell: (row) => count(row.members) },
      ], [...segments.segments].sort((a, b) => b.members - a.members).slice(0, 10),
      "No segment yet. `leadstream definitions apply` brings the first one.")),
      panel("Campaigns", "half", table("What sales got and won", [
        { title: "Campaign", cell: (row) => h("a", { href: link("campaigns", row.campaign) }, row.name || row.campaign) },
        { title: "Qualified", kind: "number", cell: (row) => count(row.statuses.qualified ?? 0) },
        { title: "Won", kind: "number", cell: (row) => revenueText(row.revenue, "won") },
      ], campaigns.campaigns, "No campaign has leads yet.")),
      panel("Latest changes", "", list)));
  listen((event, data) => addLive(list, data, {}));
}
