// What is wrong with a text that somebody wrote, each mistake with the line that it stands in.

import { h, prose } from "./dom.js";
import { faultText } from "./texts.js";

// The notice of a problem; `text` is what was sent, whose lines are quoted.
export function faultNotice(problem, text) {
  const lines = text.split("\n");
  const faults = problem.document?.errors ?? [];
  return h("div", { class: "notice bad" }, h("p", {}, prose(problem.message)),
    faults.length ? h("ul", {}, faults.map((fault) => h("li", {}, faultText(fault), quotation(lines[fault.line - 1])))) : null);
}

function quotation(line) {
  return line?.trim() ? h("div", {}, h("code", {}, line.trim())) : null;
}
