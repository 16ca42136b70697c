// A list that is read page by page, with cursors.

import { h, replace } from "./dom.js";

export function pages(load, show) {
  const body = h("div", { "aria-live": "polite" }, h("p", { class: "quiet" }, "Loading."));
  const back = h("button", { type: "button", onclick: () => turn(cursors.slice(0, -1)) }, "Previous");
  const next = h("button", { type: "button", onclick: () => turn([...cursors, following]) }, "Next");
  const place = h("span", { class: "quiet" });
  const bar = h("div", { class: "pager", hidden: true }, back, next, place);
  let cursors = [null];
  let following = null;

  async function turn(wanted) {
    try {
      const page = await load({ cursor: wanted.at(-1) });
      cursors = wanted;
      following = page.next ?? null;
      replace(body, show(page));
      bar.hidden = cursors.length === 1 && following === null;
      back.disabled = cursors.length === 1;
      next.disabled = following === null;
      place.textContent = `Page ${cursors.length}`;
    } catch (problem) {
      replace(body, h("p", { class: "notice bad", role: "alert" }, problem.message));
    }
  }

  turn(cursors);
  return h("div", {}, body, bar);
}
