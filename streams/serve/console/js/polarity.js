// Tells of the leaves that decided a change of a segment whether they held then. A record names the leaves alone: below
// a `not` they let a contact in by not holding, and when a contact leaves it is the other way round.

import { get } from "./api.js";
import { session } from "./session.js";

const conditions = new Map(); // account and segment -> {release, condition}: what is asked, and for which release

// Each leaf with `holds`: true, false, or null where the condition in force does not tell.
export async function decidedLeaves(record) {
  const leaves = record.cause?.leaves ?? [];
  if (!record.type.startsWith("segment.") || !leaves.length) return leaves.map((leaf) => ({ leaf, holds: null }));
  const signs = signedLeaves(await conditionOf(record.segment, record.cause.release ?? 0));
  const hasEntered = record.type === "segment.entered";
  return leaves.map((leaf) => {
    const isNegated = negation(leaf, signs);
    return { leaf, holds: isNegated === null ? null : isNegated !== hasEntered };
  });
}

function conditionOf(segment, release) {
  const key = `${session.account} ${segment}`;
  const known = conditions.get(key);
  if (known && known.release >= release) return known.condition;
  const condition = get(["segments", segment]).then((found) => found.when, () => {
    conditions.delete(key); // it is asked for again with the next change
    return null;
  });
  conditions.set(key, { release, condition });
  return condition;
}

// [leaf, whether it stands below an odd number of `not`] for each leaf of a condition.
function signedLeaves(condition, isNegated = false) {
  if (!condition) return [];
  const children = condition.all ?? condition.any;
  if (children) return children.flatMap((child) => signedLeaves(child, isNegated));
  if ("not" in condition) return [condition.not].flat().flatMap((child) => signedLeaves(child, !isNegated));
  return [[condition, isNegated]];
}

// Definitions may write a leaf in another way than records do ("7d" and "168h"): then those on the same thing tell.
function negation(leaf, signs) {
  const same = signs.filter(([each]) => JSON.stringify(inOrder(each)) === JSON.stringify(inOrder(leaf)));
  const alike = same.length ? same : signs.filter(([each]) => thing(each) === thing(leaf));
  const found = new Set(alike.map(([, isNegated]) => isNegated));
  if (found.size === 1) return [...found][0];
  return found.size === 0 && "status" in leaf ? false : null; // the segment's statuses, which stand in no condition
}

const KINDS = ["property", "visit", "activity", "segment", "lead", "score"];

function thing(leaf) {
  const kind = KINDS.find((each) => each in leaf) ?? Object.keys(leaf)[0];
  return `${kind} ${typeof leaf[kind] === "string" ? leaf[kind] : ""}`;
}

function inOrder(value) {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, inOrder(value[name])]));
}
