// Conditions as sentences in a tree, and an explanation as the same tree with what holds.

import { h } from "./dom.js";
import { plain, readable, time } from "./texts.js";

const WORDS = {
  eq: "is", ne: "is not", in: "is one of", not_in: "is none of", gt: "is above", gte: "is at least", lt: "is below",
  lte: "is at most", contains: "contains", not_contains: "does not contain", starts_with: "begins with",
  ends_with: "ends with", matches: "matches", between: "is between", within_last: "within the last", at_least: "at least",
};
const ONE = { in: "is", not_in: "is not" }; // of a list of one
const GROUPS = { all: "All of these", any: "At least one of these", not: "None of this" };

export function conditionTree(condition) {
  return h("ul", { class: "tree" }, conditionNode(condition));
}

function conditionNode(condition) {
  const group = groupOf(condition);
  if (!group) return h("li", {}, sentence(condition));
  const children = [condition[group]].flat();
  const title = children.length || group === "not" ? GROUPS[group] : "Everybody";
  return h("li", {}, title, children.length ? h("ul", {}, children.map(conditionNode)) : null);
}

function groupOf(condition) {
  return Object.keys(GROUPS).find((name) => name in condition);
}

// A leaf is one kind of thing (its first key) with operators, such as {property: country, eq: DE}.
export function sentence(leaf) {
  const [[kind, subject], ...others] = Object.entries(leaf);
  const name = kind.replaceAll("_", " ");
  if (kind === "property") return `${name} ${[subject].flat().join(".")} ${operatorsText(others)}`.trimEnd();
  const parts = others.map(([word, value]) => (word === "count" ? countText(value) : partText(word, value)));
  const start = kind === "sequence" ? subject.map(sentence).join(", then ") : isPlain(subject) ? plain(subject) : filterText(subject);
  return [[kind === "sequence" ? "" : name, start].filter(Boolean).join(" "), ...parts].join(", ");
}

// Operators hold together: "is at least 50 and below 1000"; what else is said, such as upper and lower case, follows.
function operatorsText(entries) {
  const [operators, rest] = [entries.filter(([word]) => word in WORDS), entries.filter(([word]) => !(word in WORDS))];
  const first = operators.map(([word, value], index) => partText(word, value).replace(index ? /^is / : "", "")).join(" and ");
  return [first, ...rest.map(([word, value]) => partText(word, value))].filter(Boolean).join(", ");
}

function countText(operators) {
  const entries = Object.entries(operators);
  if (entries.length === 1 && operators.eq === 0) return "never";
  return entries.map(([word, value]) => {
    const number = word === "eq" ? `exactly ${value}` : partText(word, value).replace(/^is /, "");
    return `${number} ${value === 1 ? "time" : "times"}`;
  }).join(" and ");
}

function isPlain(value) {
  return typeof value !== "object" || value === null;
}

function filterText(filter) {
  return Object.entries(filter)
    .map(([name, value]) => (name in WORDS || isPlain(value) || Array.isArray(value) ? partText(name, value) : `whose ${name} ${filterText(value)}`))
    .join(" and ");
}

function partText(name, value) {
  const word = WORDS[name] ?? name.replaceAll("_", " ");
  if (name === "exists") return value ? "exists" : "does not exist";
  if (value === true) return word;
  if (name === "between_ago") return `between ${value[0]} and ${value[1]} ago`;
  if (ONE[name] && value.length === 1) return `${ONE[name]} ${plain(value[0])}`;
  if (Array.isArray(value)) return `${word} ${value.map(plain).join(name === "between" ? " and " : ", ")}`;
  if (isPlain(value)) return `${word} ${plain(value)}`;
  return `${word} ${filterText(value)}`;
}

export function explanationTree(node) {
  return h("ul", { class: "tree" }, explanationNode(node));
}

function explanationNode(node) {
  const group = groupOf(node);
  const mark = node.holds ? "holds" : "fails";
  const said = h("span", { class: "quiet" }, node.holds ? " (true" : " (false", readable(timesText(node)), ")");
  if (group) {
    const children = [node[group]].flat();
    return h("li", {}, h("span", { class: mark }, GROUPS[group]), said,
      children.length ? h("ul", {}, children.map(explanationNode)) : null);
  }
  return h("li", {}, h("span", { class: mark }, sentence(node.leaf)), said, facts(node), events(node.events ?? []));
}

function timesText(node) {
  const parts = [];
  if (node.last_changed) parts.push(`, since ${node.last_changed}`);
  if (node.changed_by) parts.push(` by ${node.changed_by}`);
  if (node.next_change) parts.push(`, changes ${node.next_change} if nothing happens`);
  return parts.join("");
}

const NOT_FACTS = new Set(["leaf", "holds", "events", "last_changed", "changed_by", "next_change"]);

function facts(node) {
  // The events of a leaf say the instants, and what they were.
  const isShown = (name) => !NOT_FACTS.has(name) && !(name === "instants" && node.events?.length);
  const found = Object.entries(node).filter(([name]) => isShown(name));
  if (!found.length) return null;
  const text = found.map(([name, value]) => `${name.replaceAll("_", " ")}: ${factText(value)}`).join(" · ");
  return h("span", { class: "facts" }, readable(text));
}

function factText(value) {
  if (Array.isArray(value)) return value.map(factText).join(", ");
  return isPlain(value) ? plain(value) : words(value);
}

// An object of plain values in words, such as {set_status: "rejected"}: "set status rejected".
export function words(object) {
  return Object.entries(object).map(([name, value]) => `${name.replaceAll("_", " ")} ${factText(value)}`).join(", ");
}

function events(list) {
  if (!list.length) return null;
  return h("ul", {}, list.map(({ id, type, at, ...others }) =>
    h("li", {}, time(at), ` ${type} ${id} `, h("span", { class: "quiet" }, words(others)))));
}
