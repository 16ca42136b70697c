// Dead letters: what was refused and why; one of them, and how it goes back.

import { get, newKey, post } from "../api.js";
import { badge, h, link, pairs, panel, replace, table } from "../dom.js";
import { pages } from "../pager.js";
import { count, time } from "../texts.js";

export async function deadLetters({ root }) {
  replace(root,
    h("h1", {}, "Dead letters"),
    h("p", { class: "lead" }, "Records that could not be taken, with the reason. One that is mended can go back the way it came."),
    panel("Refused records", "", pages(({ cursor }) => get(["dead-letters"], { cursor, limit: 50 }), (page) => [
      page.counts ? h("p", {}, Object.entries(page.counts).map(([code, value]) => [badge(`${code}: ${count(value)}`), " "])) : null,
      table("The latest first", [
        { title: "When", kind: "time", cell: (row) => time(row.at) },
        { title: "Code", cell: (row) => badge(row.code) },
        { title: "From", cell: (row) => `${row.source.topic}:${row.source.partition} offset ${row.source.offset}` },
        { title: "Why", cell: (row) => row.message },
        { title: "Retried", cell: (row) => (row.retried ? "yes" : "no") },
        { title: "", cell: (row) => h("a", { href: link("dead-letters", row.id), "aria-label": `Show dead letter ${row.id}` }, "show") },
      ], page.dead_letters, "Nothing was refused. That is how it should be."),
    ])));
}

export async function deadLetter({ root, parameters: [id] }) {
  const letter = await get(["dead-letters", id]);
  const text = h("textarea", { id: "value", spellcheck: "false" });
  text.value = letter.text;
  const answer = h("div", { "aria-live": "polite" });
  const button = h("button", { class: "main", type: "submit" }, "Send it back");
  const key = newKey();
  async function retry() {
    button.disabled = true;
    try {
      const sent = await post(["dead-letters", id, "retry"], text.value === letter.text ? {} : { value: text.value }, { key });
      replace(answer, h("p", { class: "notice", role: "status" }, `Sent to ${sent.topic}:${sent.partition}, offset ${sent.offset}.`));
    } catch (problem) {
      replace(answer, h("p", { class: "notice bad", role: "alert" }, problem.message));
      button.disabled = false;
    }
  }
  replace(root,
    h("h1", {}, "Dead letter"),
    h("p", { class: "lead" }, badge(letter.code, "bad"), ` ${letter.message}`),
    h("div", { class: "grid" },
      panel("Where it came from", "third", pairs([
        ["Topic", letter.source.topic], ["Partition", String(letter.source.partition)], ["Offset", String(letter.source.offset)],
        ["Key", letter.key ?? "–"], ["Refused", time(letter.at)], ["Retried", letter.retried ? "yes" : "no"],
      ]), letter.advice ? h("p", {}, letter.advice) : null),
      panel("The record", "two-thirds", h("form", { onsubmit: (event) => { event.preventDefault(); retry(); } },
        h("label", { class: "field", for: "value" }, "Value; mend it before it goes back", text),
        letter.can_retry === false ? h("p", { class: "quiet" }, "This one cannot go back.") : button), answer)));
}
