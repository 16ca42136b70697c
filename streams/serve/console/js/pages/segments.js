// All segments, and one segment: members, condition, size over time, changes.

import { get, getList, hasWallClock } from "../api.js";
import { addLive, changeList } from "../changes.js";
import { sizeChart, spark } from "../charts.js";
import { conditionTree } from "../condition.js";
import { badge, countFigure, h, link, panel, replace, table } from "../dom.js";
import { count, plural, time } from "../texts.js";
import { pages } from "../pager.js";
import { refresher } from "../refresh.js";

export async function segments({ root, signal, listen }) {
  const { segments: rows } = await getList(["segments"], "segments");
  const sparks = new Map(rows.map((row) => [row.segment, h("span", { class: "quiet" }, "…")]));
  const sizes = new Map(rows.map((row) => [row.segment, h("span", {}, count(row.members))]));
  replace(root,
    h("h1", {}, "Segments"),
    h("p", { class: "lead" }, "A contact is in a segment as long as its condition holds, to the millisecond."),
    panel("All segments", "", table("Segments with their sizes", [
      { title: "Segment", cell: (row) => h("a", { href: link("segments", row.segment) }, row.name || row.segment) },
      { title: "Kind", cell: (row) => [badge(row.kind), row.paused ? [" ", badge("paused", "warn")] : null, row.defined ? null : [" ", badge("not defined any more", "warn")]] },
      { title: "Members", kind: "number", cell: (row) => sizes.get(row.segment) },
      { title: "Size over time", cell: (row) => sparks.get(row.segment) },
    ], rows, "No segment yet. `leadstream definitions apply FILE` brings the first one.")));
  drawWhenSeen(sparks, signal);
  listen(refresher(async () => {
    for (const row of (await getList(["segments"], "segments")).segments) {
      if (sizes.has(row.segment)) sizes.get(row.segment).textContent = count(row.members);
    }
  }, signal));
}

// Each one when it comes into view, one after the other: an account may have hundreds of segments.
function drawWhenSeen(sparks, signal) {
  const names = new Map([...sparks].map(([name, element]) => [element, name]));
  let turn = Promise.resolve();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      turn = turn.then(() => signal.aborted || draw(target, names.get(target)));
    }
  });
  sparks.forEach((element) => observer.observe(element));
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
}

async function draw(element, name) {
  try {
    const history = await get(["segments", name, "sizes"], { step: "minute" });
    replace(element, spark(sizePoints(history, await hasWallClock()), `Size of ${name} over time`));
  } catch (problem) {
    element.textContent = "not known now";
  }
}

export async function segment({ root, parameters: [id], signal, listen }) {
  const [about, changes, history, isWall] = await Promise.all([
    get(["segments", id]), get(["changes"], { segment: id, limit: 30 }), get(["segments", id, "sizes"], { step: "minute" }),
    hasWallClock(),
  ]);
  const size = countFigure(about.members, "member");
  const list = changeList(changes.changes.map((each) => each.record).reverse());
  const chart = h("div", {}, chartOf(history, isWall));
  replace(root,
    h("h1", {}, about.name || id),
    h("p", { class: "lead" }, `Segment ${id}, ${about.kind}. `, about.description || ""),
    h("ul", { class: "figures" }, size),
    h("div", { class: "grid" },
      panel("Size over time", "two-thirds", chart, sinceText(history)),
      panel("Condition", "third", about.when ? conditionTree(about.when)
        : h("p", { class: "quiet" }, "A static segment: people put contacts in and take them out.")),
      panel("Members", "half", pages(({ cursor }) => get(["segments", id, "members"], { cursor, limit: 25 }), (page) =>
        table(`${plural(page.total, "member")}, in the order in which they entered`, [
          { title: "Contact", cell: (row) => h("a", { href: link("contacts", row.contact) }, row.contact) },
          { title: "Since", kind: "time", cell: (row) => time(row.since) },
          { title: "Why", cell: (row) => h("a", { href: `${link("contacts", row.contact)}?segment=${encodeURIComponent(id)}`, "aria-label": `Why ${row.contact} is a member` }, "why") },
        ], page.members, "Nobody is in this segment."))),
      panel("Latest changes", "half", list)));
  const refresh = refresher(async () => {
    const [now, sizes] = await Promise.all([get(["segments", id]), get(["segments", id, "sizes"], { step: "minute" })]);
    replace(size, ...countFigure(now.members, "member").childNodes);
    replace(chart, chartOf(sizes, isWall));
  }, signal);
  listen((event, data) => {
    if ((data.record ?? data).segment !== id) return;
    addLive(list, data, {});
    refresh();
  });
}

function sizePoints(history, isWall) {
  const points = history.points.map((point) => ({ at: new Date(point.at), size: point.size }));
  return points.length && isWall ? [...points, { at: new Date(), size: history.members }] : points;
}

function chartOf(history, isWall) {
  const points = sizePoints(history, isWall);
  return sizeChart(points, `Members over time, now ${count(history.members)}`);
}

function sinceText(history) {
  return history.since ? h("p", { class: "quiet" }, "Known since ", time(history.since), ".") : null;
}
