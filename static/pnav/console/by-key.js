/**
 * A key that sends, in forms that may be sent by one: what an agent writes to colleagues, a question with ready answers
 * to the person, and what a supervisor writes in an exchange that they joined.
 *
 * @module
 */

import { find } from "../lib/dom.js";

/**
 * « Ctrl » + « Entrée » sends what is written in such a form, as it sends the answer to the person (`data-by-key`). What
 * ends or hands over something, or proposes what was not written there, has to be pressed.
 *
 * @param {KeyboardEvent} event
 */
export function sendByKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const area = /** @type {HTMLTextAreaElement | HTMLInputElement} */ (event.target);
  if (!area.matches?.("form[data-by-key] :is(textarea, input.fr-input)")) return;
  event.preventDefault();
  if (event.repeat) return; // a key that is held down sends once
  const form = /** @type {HTMLFormElement} */ (area.form);
  const button = find("[type=submit]", form);
  if (!button.hidden) form.requestSubmit(button); // an aparté that is over has none, and says so
}
