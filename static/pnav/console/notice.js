/**
 * Shows one sentence at the foot of the screen for some seconds. Screen readers say it too.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { note } from "./recent.js";
import { announce } from "./state.js";

export { note };

const SHOWN_MS = 6000;
const notice = byId("avis");

/** @type {ReturnType<typeof setTimeout> | undefined} */
let shown;

/** This is no longer so: take it away before its time. @param {string} text */
export function takeBack(text) {
  if (notice.textContent === text) notice.hidden = true;
}

/** Show it, say it, and keep it among the last ones. @param {string} text @param {string} [id] of its exchange */
export function tell(text, id) {
  show(text);
  announce(text);
  note(text, id);
}

/** Show a sentence that is said already. @param {string} text */
export function show(text) {
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(shown);
  shown = setTimeout(() => {
    notice.hidden = true;
  }, SHOWN_MS);
}
