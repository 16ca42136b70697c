// Numbers, instants and values as people read them.

const numbers = new Intl.NumberFormat("en");
const instants = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const INSTANT = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/;
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

export function count(value) {
  return numbers.format(value);
}

export function plural(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function money(text, currency) {
  // Decimal text stays text: a float would round it.
  const [whole, fraction] = text.split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${grouped}${fraction ? "." + fraction : ""} ${currency}`;
}

export function time(instant) {
  const element = document.createElement("time");
  element.setAttribute("datetime", instant);
  element.setAttribute("title", `${instant} (UTC)`);
  element.textContent = instants.format(new Date(instant));
  return element;
}

// A text of the server with its instants as people read them.
export function readable(text) {
  return text.split(INSTANT).map((part, index) => (index % 2 ? time(part) : part));
}

export function seconds(value) {
  for (const [unit, length] of UNITS) if (value >= length) return `${Math.floor(value / length)} ${unit}`;
  return "0 s";
}

// A mistake that the server found, with its place.
export function faultText({ line, where, message }) {
  const place = [line ? `line ${line}` : null, where].filter(Boolean).join(", ");
  return place ? `${place}: ${message}` : message;
}

export function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
