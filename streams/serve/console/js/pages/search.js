// Search with a condition: a count from a sample while typing, the exact one on demand.

import { post } from "../api.js";
import { session } from "../session.js";
import { badge, h, link, panel, replace, table } from "../dom.js";
import { faultNotice } from "../faults.js";
import { count, plural, time } from "../texts.js";

const PAUSE = 500;
const EXAMPLE = "all:\n  - {property: country, eq: DE}\n  - {visit: {path: {starts_with: /pricing}}, count: {gte: 3}, within: 7d}";

export async function search({ root, signal }) {
  const text = h("textarea", { id: "condition", spellcheck: "false", placeholder: EXAMPLE, oninput: () => wait(), "aria-describedby": "condition-help condition-answer" });
  const answer = h("div", { id: "condition-answer", "aria-live": "polite" });
  const exact = h("button", { class: "main", type: "submit" }, "Search all contacts");
  let timer = null;
  let running = null;

  function wait() {
    clearTimeout(timer);
    timer = setTimeout(() => ask("sample"), PAUSE);
  }

  async function ask(mode) {
    running?.abort();
    if (!text.value.trim()) return replace(answer);
    running = new AbortController();
    signal.addEventListener("abort", () => running.abort(), { once: true });
    const own = running;
    if (mode === "exact") replace(answer, h("p", { class: "quiet" }, "Reading all contacts; where the condition asks of the past, the whole journal."));
    const question = { account: session.account, condition: text.value, partial: mode === "sample" };
    try {
      const found = await post(["search"], question, { signal: own.signal });
      text.removeAttribute("aria-invalid");
      replace(answer, shown(found));
    } catch (problem) {
      if (own.signal.aborted) return;
      if (problem.status === 422 || problem.status === 400) text.setAttribute("aria-invalid", "true");
      replace(answer, faultNotice(problem, question.condition));
    }
  }

  replace(root,
    h("h1", {}, "Search"),
    h("p", { class: "lead" }, "Who would meet a condition now? The words are those of a segment's ", h("code", {}, "when"), "."),
    h("div", { class: "grid" }, panel("Condition", "", h("form", { onsubmit: (event) => { event.preventDefault(); clearTimeout(timer); ask("exact"); } },
      h("label", { class: "field", for: "condition" }, "Condition, as YAML or JSON", text),
      h("p", { class: "quiet", id: "condition-help" }, "While you type, the count comes from a sample of the contacts."),
      exact)),
    panel("Result", "", answer)));
}

function nameOf({ first_name: first, last_name: last, company }) {
  return [[first, last].filter(Boolean).join(" "), company].filter(Boolean).join(", ");
}

function shown(found) {
  const statuses = Object.entries(found.by_status ?? {});
  return [
    h("p", { class: "quiet" }, "As of ", time(new Date().toISOString()), "; it does not change by itself."),
    h("p", {}, h("b", {}, found.partial ? `About ${plural(found.estimate, "contact")}` : plural(found.count, "contact")),
      found.partial ? ` (an estimate: ${count(found.count)} of a sample of ${count(found.scanned)})` : ` of ${count(found.scanned)} read`),
    statuses.length ? h("p", {}, statuses.map(([status, value]) => [badge(`${status}: ${count(value)}`), " "])) : null,
    (found.warnings ?? []).map((warning) => h("p", { class: "notice" }, warning)),
    table("Some of them", [
      { title: "Contact", cell: (row) => [h("a", { href: link("contacts", row.contact) }, row.contact), " ", h("span", { class: "quiet" }, nameOf(row))] },
      { title: "Status", kind: "word", cell: (row) => row.status ?? "" },
    ], found.sample ?? [], "Nobody meets the condition."),
  ];
}
