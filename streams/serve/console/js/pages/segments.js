// All segments, and one segment: members, condition, size over time, changes.

import { get, hasWallClock } from "../api.js";
import { addLive, changeList } from "../changes.js";
import { sizeChart, spark } from "../charts.js";
import { conditionTree } from "../condition.js";
import { badge, countFigure, h, link, named, panel, replace, table } from "../dom.js";
import { count, plural, time } from "../texts.js";
import { pages } from "../pager.js";
import { refresher } from "../refresh.js";

export async function segments({ root, signal, listen }) {
  const shown = h("div", {});
  const sparks = new Sparks(signal);
  const read = async () => {
    const { segments: rows } = await get(["segments"]);
    replace(shown, table("Segments with their sizes", [
      { title: "Segment", cell: (row) => named("segments", row.segment, row.name) },
      { title: "Kind", cell: (row) => [badge(row.kind), row.paused ? [" ", badge("paused", "warn")] : null, row.defined ? null : [" ", badge("not defined any more", "warn")]] },
      { title: "Members", kind: "number", cell: (row) => count(row.members) },
      { title: "Size over time", cell: (row) => sparks.of(row) },
    ], rows, "No segment yet. `leadstream definitions apply FILE` brings the first one."));
  };
  await read();
  replace(root,
    h("h1", {}, "Segments"),
    h("p", { class: "lead" }, "A contact is in a segment as long as its condition holds, to the millisecond."),
    panel("All segments", "", shown));
  const refresh = refresher(read, signal);
  listen({ change: refresh, refresh });
}

// Each one is drawn when it comes into view, and again when the size has changed; one after the other, since an account
// may have hundreds of segments.
class Sparks {
  constructor(signal) {
    this.elements = new Map(); // segment -> what shows it
    this.sizes = new Map(); // element -> {segment, members}
    this.turn = Promise.resolve();
    this.observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        this.observer.unobserve(target);
        this.turn = this.turn.then(() => signal.aborted || draw(target, this.sizes.get(target).segment));
      }
    });
    signal.addEventListener("abort", () => this.observer.disconnect(), { once: true });
  }

  of({ segment, members }) {
    const element = this.elements.get(segment) ?? h("span", { class: "quiet" }, "…");
    this.elements.set(segment, element);
    if (this.sizes.get(element)?.members !== members) {
      this.sizes.set(element, { segment, members });
      this.observer.unobserve(element);
      this.observer.observe(element);
    }
    return element;
  }
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
  const list = changeList(changes.changes.map((each) => each.record).reverse());
  const chart = h("div", {}, chartOf(history, isWall));
  const parts = { lead: h("p", { class: "lead" }), figures: h("ul", { class: "figures" }), condition: h("div", {}) };
  fill(parts, about);
  const members = pages(({ cursor }) => get(["segments", id, "members"], { cursor, limit: 25 }), (page) => memberTable(id, page));
  replace(root,
    h("h1", {}, about.name || id),
    parts.lead,
    parts.figures,
    h("div", { class: "grid" },
      panel("Size over time", "two-thirds", chart, sinceText(history)),
      panel("Condition", "third", parts.condition),
      panel("Members", "half", members.element),
      panel("Latest changes", "half", list)));
  const refresh = refresher(async () => {
    const [now, sizes] = await Promise.all([get(["segments", id]), get(["segments", id, "sizes"], { step: "minute" })]);
    fill(parts, now);
    replace(chart, chartOf(sizes, isWall));
    await members.refresh();
  }, signal);
  listen({
    change: (record) => {
      if (record.segment !== id) return;
      addLive(list, record);
      refresh();
    },
    refresh,
  });
}

function fill(parts, about) {
  replace(parts.lead, `Segment ${about.segment}, ${about.kind}. `, about.description || "", about.paused ? badge("paused", "warn") : null);
  replace(parts.figures, countFigure(about.members, "member"));
  replace(parts.condition, about.when ? conditionTree(about.when)
    : h("p", { class: "quiet" }, "A static segment: people put contacts in and take them out."));
}

function memberTable(id, page) {
  return table(`${plural(page.total, "member")}, in the order in which they entered`, [
    { title: "Contact", cell: (row) => h("a", { href: link("contacts", row.contact) }, row.contact) },
    { title: "Since", kind: "time", cell: (row) => time(row.since) },
    { title: "Why", cell: (row) => h("a", { href: `${link("contacts", row.contact)}?segment=${encodeURIComponent(id)}`, "aria-label": `Why ${row.contact} is a member` }, "why") },
  ], page.members, "Nobody is in this segment.");
}

function sizePoints(history, isWall) {
  const points = history.points.map((point) => ({ at: new Date(point.at), size: point.size }));
  if (points.length > 1 && !isWall) return [...points, behind(points)];
  return points.length && isWall ? [...points, { at: new Date(), size: history.members }] : points;
}

// A little later than the last change: otherwise one would not see to which size it led.
function behind(points) {
  const [first, last] = [points[0].at.getTime(), points.at(-1).at.getTime()];
  return { at: new Date(last + (last - first) / 20), size: points.at(-1).size, isUnlabelled: true };
}

function chartOf(history, isWall) {
  const points = sizePoints(history, isWall);
  return sizeChart(points, `Members over time, now ${count(history.members)}`);
}

function sinceText(history) {
  return history.since ? h("p", { class: "quiet" }, "Known since ", time(history.since), ".") : null;
}
