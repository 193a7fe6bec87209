/**
 * Clocks that run in an open page: `<time data-clock datetime="…">` says how long ago that was.
 *
 * @module
 */

import { all } from "../lib/dom.js";
import { clock } from "../lib/time.js";

/** @param {Element} time */
export function showClock(time) {
  const text = clock(Date.now() - Date.parse(time.getAttribute("datetime") ?? ""));
  if (time.textContent !== text) time.textContent = text;
}

function showClocks() {
  for (const time of all("time[data-clock][datetime]")) showClock(time);
}

/** Update every clock of this page once a second. @param {(work: () => void) => void} [run] says when to do it */
export const runClocks = (run = (work) => work()) => setInterval(run, 1000, showClocks);
