// Dead letters: what was refused and why; one of them, and how it goes back.

import { get, post } from "../api.js";
import { badge, h, link, pairs, panel, prose, replace, table } from "../dom.js";
import { pages } from "../pager.js";
import { refresher } from "../refresh.js";
import { session } from "../session.js";
import { count, time } from "../texts.js";

const MAX_ROWS = 30;
const ON_A_PAGE = 50;

export async function deadLetters({ root, signal, listen }) {
  const shown = h("div", {});
  const codes = new Set();
  const chosen = h("select", { id: "code", onchange: () => showLetters() }, h("option", { value: "" }, "all codes"));
  let letters = null;
  async function load({ cursor }) {
    // Of all accounts: of what is no JSON nobody knows the account.
    const found = await get(["dead-letters"], { account: null, code: chosen.value, cursor, limit: ON_A_PAGE });
    for (const code of Object.keys(found.by_code)) {
      if (!codes.has(code)) chosen.append(h("option", { value: code }, code));
      codes.add(code);
    }
    return found;
  }
  function showLetters() {
    letters = pages(load, letterTable);
    replace(shown, letters.element);
  }
  showLetters();
  await letters.first;
  replace(root,
    h("h1", {}, "Dead letters"),
    h("p", { class: "lead" }, "Records that could not be taken, with the reason. One that is mended can go back the way it came."),
    panel("Refused records", "", h("form", { class: "row" }, h("label", { for: "code" }, "Code", chosen)), shown));
  listen({ refresh: refresher(() => letters.refresh(), signal) });
}

function letterTable(found) {
  return [
    found.count ? h("p", {}, Object.entries(found.by_code).map(([code, value]) => [badge(`${code}: ${count(value)}`), " "])) : null,
    table("The latest first", [
      { title: "When", kind: "time", cell: (row) => time(row.at) },
      { title: "Contact", cell: contactOf },
      { title: "Why", kind: "text", cell: (row) => [badge(row.code), " ", row.message] },
      { title: "From", kind: "host", cell: (row) => (row.source ? `${row.source.topic}:${row.source.partition} offset ${row.source.offset}` : "–") },
      { title: "Sent again", cell: (row) => (row.retried ? time(row.retried.at) : "no") },
      { title: "Letter", cell: (row) => h("a", { href: link("dead-letters", row.letter), "aria-label": `Letter ${row.letter}` }, row.letter) },
    ], [...found.letters].reverse(), "Nothing was refused. That is how it should be."),
  ];
}

function contactOf({ account, contact }) {
  if (!contact) return "–";
  if (account !== session.account) return account ? `${contact}, account ${account}` : contact;
  return h("a", { href: link("contacts", contact) }, contact);
}

export async function deadLetter({ root, parameters: [id], signal, listen }) {
  const letter = await get(["dead-letters", id]);
  const original = letter.event ? JSON.stringify(letter.event, null, 2) : letter.value ?? "";
  const text = h("textarea", { id: "value", spellcheck: "false", rows: Math.min(original.split("\n").length + 1, MAX_ROWS) });
  text.value = original;
  const answer = h("div", { "aria-live": "polite" });
  const about = h("div", {});
  fill(about, letter);
  const button = h("button", { class: "main", type: "submit" }, "Send it again");
  async function retry() {
    button.disabled = true;
    try {
      const sent = await post(["dead-letters", id, "retry"], text.value === original ? {} : { event: JSON.parse(text.value) });
      replace(answer, h("p", { class: "notice", role: "status" }, sent.sent ? `Sent as the event ${sent.id}.` : "It was sent again before."));
    } catch (problem) {
      replace(answer, h("p", { class: "notice bad", role: "alert" }, problem instanceof SyntaxError ? `This is no JSON: ${problem.message}` : problem.message));
    }
    button.disabled = false;
  }
  replace(root,
    h("h1", {}, `Dead letter ${id}`),
    h("p", { class: "lead" }, badge(letter.code, "bad"), ` ${letter.message}`),
    h("div", { class: "grid" },
      panel("What to do", "third", about),
      panel("The event", "two-thirds", h("form", { onsubmit: (event) => { event.preventDefault(); retry(); } },
        h("label", { class: "field", for: "value" }, "Mend it here before it goes back", text), button), answer)));
  listen({ refresh: refresher(async () => fill(about, await get(["dead-letters", id])), signal) });
}

function sentenceOf(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function fill(about, letter) {
  replace(about,
    letter.meaning ? h("p", {}, sentenceOf(letter.meaning)) : null,
    h("p", {}, "Mend the event on this page and send it again. On the command line: ", prose(letter.advice), "."),
    letter.hindrance ? h("p", { class: "notice" }, `As it is it would be refused again: ${letter.hindrance}`) : null,
    pairs([
      ["Came from", letter.source ? `${letter.source.topic}:${letter.source.partition} offset ${letter.source.offset}` : "–"],
      ["Key", letter.key ?? "–"], ["Refused", time(letter.at)],
      ["Sent again", letter.retried ? time(letter.retried.at) : "no"],
    ]));
}
