// Small charts as SVG. Each has a text that says what it shows, for those who do not see it.

import { h, svg } from "./dom.js";
import { count, plural } from "./texts.js";

const HEIGHT = 200;
const LEFT = 44;
const NARROW = 560;
const BOTTOM = 24;
const TOP = 10;

export function spark(points, label) {
  if (points.length < 2) return h("span", { class: "quiet" }, "no change yet");
  const box = { left: 1, top: 2, width: 118, height: 24 };
  const line = stepPath(points, scaleOf(points, box, false), box);
  return svg("svg", { class: "chart spark", viewBox: "0 0 120 28", role: "img", "aria-label": label },
    svg("path", { class: "stroke", d: line }));
}

export function sizeChart(points, label) {
  if (!points.length) return h("p", { class: "quiet" }, "The size has not changed since it is known.");
  const width = innerWidth < NARROW ? 300 : 720; // a picture is scaled, and the words in it with it
  const box = { left: LEFT, top: TOP, width: width - LEFT - 8, height: HEIGHT - TOP - BOTTOM };
  const scale = scaleOf(points, box, true);
  const line = stepPath(points, scale, box);
  const bottom = box.top + box.height;
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
    svg("path", { class: "area", d: `${line} V ${bottom} H ${box.left} Z` }),
    svg("path", { class: "stroke", d: line }),
    svg("line", { class: "axis", x1: box.left, x2: box.left + box.width, y1: bottom, y2: bottom }));
  for (const value of new Set([0, scale.top])) {
    chart.append(textAt(box.left - 8, scale.y(value) + 4, count(value), "end"));
  }
  const day = new Intl.DateTimeFormat("en-GB", { month: "short", day: "2-digit", hour: "2-digit", minute: "2-digit" });
  chart.append(textAt(box.left, HEIGHT - 6, day.format(points[0].at), "start"));
  const last = points.findLast((point) => !point.isUnlabelled);
  chart.append(textAt(scale.x(last.at), HEIGHT - 6, day.format(last.at), "end"));
  return chart;
}

export function bars(label, rows) {
  const most = Math.max(1, ...rows.map((row) => row.value));
  return h("div", { role: "group", "aria-label": label }, rows.map((row) =>
    h("div", { class: "bar" },
      h("span", {}, row.label),
      h("progress", { max: most, value: row.value, "aria-label": `${row.label}: ${plural(row.value, row.noun ?? "lead")}` }),
      h("span", { class: "number" }, count(row.value)))));
}

function scaleOf(points, box, fromZero) {
  const sizes = points.map((point) => point.size);
  const first = points[0].at.getTime();
  const span = Math.max(1, points.at(-1).at.getTime() - first);
  const top = Math.max(1, ...sizes);
  const low = fromZero ? 0 : Math.min(...sizes);
  const height = Math.max(1, top - low);
  return {
    top,
    x: (at) => box.left + ((at.getTime() - first) / span) * box.width,
    y: (size) => box.top + box.height - ((size - low) / height) * box.height,
  };
}

function stepPath(points, scale, box) {
  // A size holds until it changes, so the line goes by steps.
  const [first, ...others] = points;
  const start = `M ${scale.x(first.at).toFixed(1)} ${scale.y(first.size).toFixed(1)}`;
  const steps = others.map((point) => `H ${scale.x(point.at).toFixed(1)} V ${scale.y(point.size).toFixed(1)}`);
  return `${start} ${steps.join(" ")} H ${box.left + box.width}`;
}

function textAt(x, y, text, anchor) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = text;
  return element;
}
