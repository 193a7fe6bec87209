/**
 * Tells whether the agent went on with something else while the console waited for an answer. What comes late then
 * takes neither the screen nor the focus: their next letters would go to another person.
 *
 * @module
 */

import { desk } from "./state.js";

const FIELDS = "input, textarea, select";

/** @param {Element | null | undefined} part */
const textOf = (part) => (part?.matches(FIELDS) ? /** @type {HTMLTextAreaElement} */ (part).value : "");

/**
 * Note where the focus is, and what is written there and in the open answer. Return a function that says whether the
 * agent has written, or put the focus elsewhere, since then. The focus does not count as moved when the page lost it, or
 * put it on what it drew again.
 */
export function noteWork() {
  const at = document.activeElement;
  const fields = [at, desk.current?.area];
  const texts = fields.map(textOf);
  return () => {
    const now = document.activeElement;
    const isElsewhere = now !== at && now !== document.body && (at?.isConnected || now?.matches(FIELDS));
    return Boolean(isElsewhere) || fields.some((field, index) => textOf(field) !== texts[index]);
  };
}
