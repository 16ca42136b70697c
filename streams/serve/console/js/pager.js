// A list that is read page by page, with cursors.

import { h, replace } from "./dom.js";

// The element; `first`, the reading of the first page; and `refresh`, which reads the page that is shown again.
export function pages(load, show) {
  const body = h("div", {}, h("p", { class: "quiet" }, "Loading."));
  const back = h("button", { type: "button", onclick: () => turn(cursors.slice(0, -1)) }, "Previous");
  const next = h("button", { type: "button", onclick: () => turn([...cursors, following]) }, "Next");
  const place = h("span", { class: "quiet", role: "status" });
  const bar = h("div", { class: "pager", hidden: true }, back, next, place);
  let cursors = [null];
  let following = null;

  async function read(wanted, isAgain = false) {
    const page = await load({ cursor: wanted.at(-1) });
    if (isAgain && wanted !== cursors) return; // another one was turned to meanwhile
    cursors = wanted;
    following = page.next ?? null;
    replace(body, show(page));
    bar.hidden = cursors.length === 1 && following === null;
    back.disabled = cursors.length === 1;
    next.disabled = following === null;
    place.textContent = `Page ${cursors.length}`;
  }

  const tell = (problem) => { replace(body, h("p", { class: "notice bad", role: "alert" }, problem.message)); };
  const turn = (wanted) => read(wanted).catch(tell);
  const first = read(cursors);
  first.catch(tell);
  return { element: h("div", {}, body, bar), first, refresh: () => read(cursors, true) };
}
