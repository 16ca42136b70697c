// Workers, slots, lag, and what holds time back.

import { get } from "../api.js";
import { badge, countFigure, figure, h, pairs, panel, prose, replace, table } from "../dom.js";
import { refresher } from "../refresh.js";
import { count, plural, seconds, time } from "../texts.js";

const NOBODY = "No worker decides: events wait. `leadstream worker` starts one.";
const JOURNALS = new Set(["journal", "ledger-journal"]);

export async function workers({ root, signal, listen }) {
  const stale = h("p", { class: "notice bad", role: "status", hidden: true });
  const shown = h("div", {});
  const read = async () => {
    const [status, views] = await Promise.all([get(["workers"]), get(["views"])]);
    replace(shown, content(status, views));
    stale.hidden = true;
  };
  await read();
  replace(root,
    h("h1", {}, "Workers"),
    h("p", { class: "lead" }, "Who decides, how much waits, and whether time goes on."),
    stale,
    shown);
  listen({
    refresh: refresher(async () => {
      try {
        await read();
      } catch (problem) {
        stale.textContent = `What stands here is not read anew: ${problem.message}`;
        stale.hidden = false;
        throw problem;
      }
    }, signal),
  });
}

function content(found, views) {
  const deciding = found.workers.filter((row) => row.role === "pipeline").length;
  return [
    h("ul", { class: "figures" },
      countFigure(deciding, "worker that decides", "workers that decide"),
      figure(count(waiting(found, (topic) => !JOURNALS.has(topic))), "records not in the journal"),
      figure(count(waiting(found, (topic) => JOURNALS.has(topic))), "records not decided"),
      countFigure(found.dead_letters?.count ?? 0, "dead letter")),
    found.topics.problems.map((problem) => h("p", { class: "notice bad" }, problem)),
    h("div", { class: "grid" },
      panel("Workers and their slots", "half", deciding ? null : h("p", { class: "notice" }, prose(NOBODY)), table("Who runs what", [
        { title: "Worker", cell: (row) => row.name },
        { title: "Role", cell: (row) => badge(row.role) },
        { title: "Host", kind: "host", cell: (row) => row.host ?? "–" },
        { title: "Slots", cell: (row) => share(row, found.views?.group) },
      ], found.workers)),
      panel("Time", "half", found.time ? pairs(timePairs(found.time)) : h("p", { class: "quiet" }, "Nothing is known of time yet.")),
      panel("Lag", "half", table("Records that wait, by topic", [
        { title: "Topic", cell: (row) => row.topic },
        { title: "Waiting", kind: "number", cell: (row) => `${row.exact ? "" : "at most "}${count(row.records)}` },
      ], found.lag ?? [])),
      panel("Views", "half", table("How far what you see here is behind the topics", [
        { title: "Topic", cell: (row) => row.topic },
        { title: "Behind", kind: "number", cell: (row) => plural(row.lag, "record") },
        { title: "For", kind: "number", cell: (row) => seconds(row.lag_seconds) },
        { title: "As of", kind: "time", cell: (row) => time(row.as_of) },
      ], byTopic(views.partitions), "The read models are not built yet."))),
  ];
}

// A worker of the read models has partitions of several topics, and no slots.
function share(row, ownGroup) {
  if (row.role !== "views") return (row.slots ?? []).join(", ");
  const partitions = plural(row.partitions, "partition");
  return !ownGroup || row.group === ownGroup ? partitions : `${partitions}, for another Redis`;
}

// One row for each topic: of its partitions the records together, and the longest delay.
function byTopic(partitions) {
  const rows = new Map();
  for (const { topic, lag, lag_seconds: delay, as_of: asOf } of partitions) {
    const row = rows.get(topic) ?? { topic, lag: 0, lag_seconds: 0, as_of: asOf };
    row.lag += lag;
    row.lag_seconds = Math.max(row.lag_seconds, delay);
    if (asOf < row.as_of) row.as_of = asOf;
    rows.set(topic, row);
  }
  return [...rows.values()];
}

function waiting(found, isCounted) {
  return (found.lag ?? []).filter((row) => isCounted(row.topic)).reduce((sum, row) => sum + row.records, 0);
}

function timePairs(found) {
  const holder = found.held_by;
  return [
    ...(found.tick ? [["Decided up to", time(found.tick)]] : []),
    ...Object.entries(found.told).map(([account, at]) => [`Time of ${account}, as told`, time(at)]),
    ...Object.entries(found.reached).map(([account, at]) => [`Time of ${account}, reached in every slot`, time(at)]),
    ["Waits for", holder ? [holder.partition, holder.worker ? `, read by ${holder.worker}` : "", holder.reason ? `: ${holder.reason}` : ""] : "nothing"],
    ...(found.left_out.length ? [["Left out", found.left_out.join(", ")]] : []),
  ];
}
