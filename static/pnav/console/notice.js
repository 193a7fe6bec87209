/**
 * Shows one sentence at the foot of the screen for some seconds. Screen readers say it too.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { announce } from "./state.js";

const SHOWN_MS = 6000;
const notice = byId("avis");

/** @type {ReturnType<typeof setTimeout> | undefined} */
let shown;

/** This is no longer so: take it away before its time. @param {string} text */
export function takeBack(text) {
  if (notice.textContent === text) notice.hidden = true;
}

/** @param {string} text */
export function tell(text) {
  show(text);
  announce(text);
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
