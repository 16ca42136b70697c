// Changes as sentences with their causes.

import { sentence } from "./condition.js";
import { h, link, replace } from "./dom.js";
import { decidedLeaves } from "./polarity.js";
import { count, plural, time } from "./texts.js";

export const SHOWN = 30;

const CAUSES = {
  event: "an event", clock: "time passed", definition: "the definitions changed", command: "a person decided",
  cascade: "the contact's status changed", automation: "a rule of the campaign applied", audience: "it is in the campaign's audience",
  merge: "two contacts were merged", crm: "the CRM answered",
};

// The latest first: of several partitions and topics, changes do not come in the order of their times.
export function changeList(records, { withContact = true } = {}) {
  const items = [...records].sort((a, b) => instantOf(b.at) - instantOf(a.at)).map((record) => changeItem(record, { withContact }));
  return h("ol", { class: "changes" }, items.length ? items : h("li", { class: "quiet nothing" }, "No change yet."));
}

function instantOf(at) {
  return new Date(at).getTime();
}

function changeItem(record, { withContact = true, isNew = false } = {}) {
  const who = withContact ? [h("a", { href: link("contacts", record.contact) }, record.contact), " "] : [];
  return h("li", { class: isNew ? "new" : null, "data-id": record.id },
    time(record.at),
    h("div", {}, who, what(record)),
    because(record));
}

// An answer of the CRM has no cause of its own: it names the hand-over that it answers.
function because(record) {
  const answered = record.hand_over ? `of ${record.update ? "an update after " : ""}the hand-over ${record.hand_over}` : null;
  const text = record.cause ? [causeText(record.cause), leaves(record)] : answered;
  return text ? h("div", { class: "cause" }, "because ", text) : null;
}

// A change that comes while one looks: at its time in the list, whose end goes where it is longer than `most`, but for
// what has the focus.
export function addLive(list, record, { most = SHOWN, ...options } = {}) {
  if (!record.type) return;
  // What came while the list was read stands in it already.
  if (record.id && [...list.children].some((item) => item.dataset.id === record.id)) return;
  list.querySelector(".nothing")?.remove();
  const later = [...list.children].filter((item) => instantOf(item.querySelector("time").dateTime) > instantOf(record.at));
  const item = changeItem(record, { ...options, isNew: true });
  if (later.length) later.at(-1).after(item);
  else list.prepend(item);
  const isLeft = (each) => !each.contains(document.activeElement);
  while (list.children.length > most) [...list.children].findLast(isLeft).remove();
}

function what(record) {
  const segment = () => h("a", { href: link("segments", record.segment) }, record.segment);
  const campaign = () => h("a", { href: link("campaigns", record.campaign) }, record.campaign);
  switch (record.type) {
    case "segment.entered": return ["entered ", segment()];
    case "segment.exited": return ["left ", segment()];
    case "lead.status_changed":
      return record.from === null || record.from === undefined
        ? ["became a lead of ", campaign(), `: ${record.to}`]
        : ["lead of ", campaign(), `: ${record.from} → ${record.to}`, ` (${plural(record.points, "point")})`];
    case "lead.points_changed":
      return ["lead of ", campaign(), `: ${record.added >= 0 ? "+" : ""}${plural(record.added, "point")}, now ${count(record.points)}`];
    case "crm.linked": return [record.update ? "was updated in the CRM for " : "is in the CRM for ", campaign(), record.record ? ` as ${record.record}` : ""];
    case "crm.failed": return [record.update ? "an update was refused by the CRM for " : "was refused by the CRM for ", campaign(), record.message ? `: ${record.message}` : ""];
    case "crm.outcome": return ["outcome in the CRM for ", campaign(), `: ${record.outcome}`];
    default: return [record.type];
  }
}

export function causeText(cause) {
  const parts = [cause.kind === "event" && cause.event ? `of the event ${cause.event}` : CAUSES[cause.kind] ?? cause.kind];
  if (cause.rule) parts.push(`rule ${cause.rule}`);
  if (cause.kind !== "event" && cause.event) parts.push(`event ${cause.event}`);
  if (cause.by) parts.push(`by ${cause.by}`);
  if (cause.release) parts.push(`release ${cause.release}`);
  if (cause.late) parts.push("came late and corrected the past");
  return parts.join(", ");
}

// They come a moment later: whether each of them held is asked.
function leaves(record) {
  if (!record.cause.leaves?.length) return null;
  const shown = h("span", {});
  decidedLeaves(record).then((found) => replace(shown, `: ${found.map(leafText).join("; ")}`));
  return shown;
}

function leafText({ leaf, holds }) {
  return holds === false ? `not (${sentence(leaf)})` : sentence(leaf);
}
