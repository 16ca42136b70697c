// Follows the changes of an account by server-sent events. It connects again by itself, from the last change it saw.
// `fetch` and not EventSource, which can send no token. A page names what else it watches: the server tells when that
// has another version, and the page reads it again.

import { address, get, headers, refuse } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

export class Live {
  constructor(onState) {
    this.onState = onState;
    this.listeners = new Set();
    this.controller = null;
    this.last = null;
    this.account = null;
    this.watched = [];
    this.versions = new Map();
  }

  // Goes on with the changes of the account, or begins with those of another one.
  follow(account, watched) {
    const isSame = String(watched) === String(this.watched) && account === this.account;
    if (isSame && this.controller && !this.controller.signal.aborted) return;
    if (account !== this.account) {
      this.last = null;
      this.versions.clear();
    }
    this.account = account;
    this.watched = watched;
    this.stop();
    this.controller = new AbortController();
    this.run(this.controller.signal);
  }

  stop() {
    this.controller?.abort();
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async run(signal) {
    let wait = FIRST_WAIT;
    while (!signal.aborted) {
      try {
        // From a place that is known: otherwise what comes while a connection is broken would be missed.
        this.last ??= (await get(["changes"], { limit: 1 }, signal)).last ?? "0-0";
        const more = { Accept: "text/event-stream", "Last-Event-ID": this.last };
        const stream = address(["changes", "stream"], { watch: this.watched });
        const response = await fetch(stream, { headers: headers(more), signal, cache: "no-store" });
        if (response.status === 401) return refuse();
        if (!response.ok) throw new Error(`status ${response.status}`);
        this.onState("live");
        wait = FIRST_WAIT;
        await this.read(response.body, signal);
      } catch (error) {
        if (signal.aborted || error.status === 401) return;
      }
      this.onState("broken");
      await pause(wait, signal);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  async read(body, signal) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      buffer += value;
      const events = buffer.split(/\r?\n\r?\n/);
      buffer = events.pop();
      if (!signal.aborted) events.forEach((event) => this.dispatch(event));
    }
  }

  dispatch(text) {
    const fields = { event: "message", data: [] };
    for (const line of text.split(/\r?\n/)) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue; // a comment keeps the connection open
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, "");
      if (name === "data") fields.data.push(value);
      else fields[name] = value;
    }
    if (fields.id) this.last = fields.id;
    if (!fields.data.length) return;
    const data = JSON.parse(fields.data.join("\n"));
    if (fields.event === "updated") {
      if (this.versions.get(data.watched) === data.version) return; // as it was when it was read
      this.versions.set(data.watched, data.version);
    }
    this.listeners.forEach((listener) => listener(fields.event, data));
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
    addEventListener("online", resolve, { once: true });
  });
}
