// Reads again after changes: one reading at a time, and one more where changes came meanwhile. A client may ask so many
// times a second, and of a large segment more changes come than that.

import { PASSING } from "./api.js";

const PAUSE_MS = 1_000;

export function refresher(read, signal) {
  let isRunning = false;
  let isWanted = false;
  return async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    try {
      while (isWanted && !signal.aborted) {
        isWanted = false;
        try {
          await read();
        } catch (problem) {
          if (PASSING.has(problem.status)) isWanted = true;
          else if (!signal.aborted) dispatchEvent(new CustomEvent("problem", { detail: problem })); // it is gone, say
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    } finally {
      isRunning = false;
    }
  };
}
