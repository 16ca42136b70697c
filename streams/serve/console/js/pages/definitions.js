// Definitions: the ones in force, their history, and what a draft would change before it is applied.

import { Problem, get, post } from "../api.js";
import { faultNotice } from "../faults.js";
import { h, panel, prose, replace, table } from "../dom.js";
import { refresher } from "../refresh.js";
import { count, plural, time } from "../texts.js";

const ROLLOUT_MS = 2_000; // a release that does not decide everywhere yet is asked for again

export async function definitions({ root, signal, listen }) {
  const shown = { history: h("div", {}), text: h("div", {}) };
  const read = async () => {
    const [found, history] = await Promise.all([orNothing(get(["definitions"]), {}), orNothing(get(["definitions", "history"]), { releases: [] })]);
    fill(shown, found, history);
    if (history.releases.some((row) => row.decides_in < history.partitions)) setTimeout(() => signal.aborted || refresh(), ROLLOUT_MS);
  };
  const refresh = refresher(read, signal);
  await read();
  const draft = h("textarea", { id: "draft", spellcheck: "false", required: true });
  const answer = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "main", type: "submit" }, "Show the plan");
  async function plan() {
    const text = draft.value;
    button.disabled = true;
    replace(answer, h("p", { class: "quiet" }, "Reading all contacts to see who would enter and leave."));
    try {
      replace(answer, planText(await post(["definitions", "plan"], { text })));
      draft.removeAttribute("aria-invalid");
    } catch (problem) {
      draft.setAttribute("aria-invalid", "true");
      replace(answer, faultNotice(problem, text));
    }
    button.disabled = false;
  }
  replace(root,
    h("h1", {}, "Definitions"),
    h("p", { class: "lead" }, prose("Segments and campaigns as they are in force. A plan changes nothing; `leadstream definitions apply` does.")),
    h("div", { class: "grid" },
      panel("Plan of a draft", "",
        h("form", { onsubmit: (event) => { event.preventDefault(); plan(); } },
          h("label", { class: "field", for: "draft" }, "New definitions of this account, as YAML or JSON", draft), button), answer),
      panel("History", "", shown.history),
      panel("In force", "", shown.text)));
  listen({ refresh });
}

function fill(shown, found, history) {
  replace(shown.history, table("Releases, the latest first", [
    { title: "Release", kind: "number", cell: (row) => count(row.number) },
    { title: "Applied", kind: "time", cell: (row) => time(row.arrival) },
    { title: "Decides in", kind: "number", cell: (row) => `${row.decides_in} of ${plural(history.partitions, "slot")}` },
    { title: "Changes", cell: (row) => h("ul", { class: "tree plan" }, row.changes.map(planLine)) },
  ], [...history.releases].reverse(), "No definitions were applied yet."));
  if (shown.text.firstElementChild?.textContent === found.text) return; // who reads it stays where they are
  replace(shown.text, found.text
    ? h("pre", { tabindex: "0", role: "region", "aria-label": "Definitions in force" }, found.text)
    : h("p", { class: "quiet" }, "Nothing yet."));
}

async function orNothing(promise, nothing) {
  try {
    return await promise;
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return nothing;
    throw problem;
  }
}

const SIGNS = { "+": "added", "-": "removed", "~": "changed" };

// "+ segment vip", or a line without a sign: of who would enter and leave, below its heading.
function planLine(line) {
  const text = line.trim();
  const sign = SIGNS[text[0]];
  return h("li", { class: sign ?? (text.endsWith(":") ? "heading" : null) }, text);
}

function planText(draft) {
  return draft.accounts.map(({ account, based_on: base, plan, lines }) => [
    h("h3", {}, `Account ${account}, against ${base ? `release ${base}` : "nothing applied yet"}`),
    plan.changes ? null : h("p", {}, "Nothing would change."),
    h("ul", { class: "tree plan" }, lines.slice(1).map(planLine)),
  ]);
}
