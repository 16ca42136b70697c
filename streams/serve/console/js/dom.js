// Makes elements. Text is always set as text, so nothing that came from a contact can become markup.

import { count } from "./texts.js";

const NARROW_COLUMNS = 3;

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// What comes in the place of the element with the focus gets the focus, or the table that it was in: who works by
// keyboard stays where they are, and a table that was scrolled stays so.
export function replace(element, ...children) {
  const places = placesOfFocus(element);
  const offsets = [...element.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  element.querySelectorAll(".scroll").forEach((each, index) => { each.scrollLeft = offsets[index] ?? 0; });
  const [heir] = places.map(({ kind, number }) => alike(element, kind)[number]).filter(Boolean);
  heir?.focus({ preventScroll: true });
  return element;
}

function placesOfFocus(element) {
  const { activeElement } = document;
  if (element === activeElement || !element.contains(activeElement)) return [];
  const around = activeElement.parentElement.closest(".scroll");
  return [activeElement, ...(around && element.contains(around) ? [around] : [])].map((each) =>
    ({ kind: kindOf(each), number: alike(element, kindOf(each)).indexOf(each) }));
}

// Links by where they lead; the name of a table may have a count in it.
function kindOf(element) {
  return [element.tagName, element.getAttribute("role"), element.getAttribute("href") ?? element.id].join(" ");
}

function alike(element, kind) {
  return [...element.querySelectorAll("*")].filter((each) => kindOf(each) === kind);
}

export function panel(title, width, ...children) {
  return h("section", { class: `panel ${width}` }, h("h2", {}, title), children);
}

export function figure(value, label) {
  return h("li", {}, h("b", {}, value), label);
}

// How many there are of something; `nouns` are the word for one and, where it is not made by an "s", for more.
export function countFigure(value, noun, nouns = `${noun}s`) {
  return figure(count(value), value === 1 ? noun : nouns);
}

// Text in which `words` between backticks are code.
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

// On narrow screens the rows of a table with many columns become blocks, each cell with its column's title
// (console.css). Roles are said, since such a table is no table for browsers any more.
export function table(caption, columns, rows, empty = "Nothing here yet.") {
  if (!rows.length) return h("p", { class: "quiet" }, prose(empty));
  const head = columns.map((column) => h("th", { scope: "col", role: "columnheader", class: column.kind }, column.title));
  const cells = (row) => columns.map((column) =>
    h("td", { role: "cell", class: column.kind, "data-title": column.title }, h("div", {}, column.cell(row))));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      { role: "table", class: columns.length > NARROW_COLUMNS ? "wide" : null },
      h("caption", {}, caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
      h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, cells(row)))),
    ),
  );
}

export function badge(text, tone = "") {
  return h("span", { class: `badge ${tone}` }, text);
}

export function pairs(entries) {
  return h("dl", { class: "pairs" }, entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

// What has a name and an id: changes and conditions say the id, so it is told where one would not guess it.
export function named(kind, id, name) {
  const page = h("a", { href: link(kind, id) }, name || id);
  return name && name.toLowerCase().replaceAll(" ", "-") !== id ? [page, " ", h("span", { class: "quiet" }, id)] : page;
}

export function link(...parts) {
  return "#/" + parts.map((part) => encodeURIComponent(part)).join("/");
}
