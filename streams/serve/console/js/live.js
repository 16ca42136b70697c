// Follows the changes of an account by server-sent events. It connects again by itself, from the last change it saw.
// `fetch` and not EventSource, which can send no token.

import { address, get, headers } from "./api.js";

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

export class Live {
  constructor(onState) {
    this.onState = onState;
    this.listeners = new Set();
    this.controller = null;
    this.last = null;
  }

  start() {
    this.stop();
    this.last = null;
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
        const response = await fetch(address(["changes", "stream"]), { headers: headers(more), signal, cache: "no-store" });
        if (!response.ok) throw new Error(`status ${response.status}`);
        this.onState("live");
        wait = FIRST_WAIT;
        await this.read(response.body, signal);
      } catch (error) {
        if (signal.aborted) return;
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
      events.forEach((event) => this.dispatch(event));
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
