/**
 * A key that sends, in forms that may be sent by one: what an agent writes to colleagues, and what a supervisor writes in
 * an exchange that they joined.
 *
 * @module
 */

import { find } from "../lib/dom.js";

/**
 * « Ctrl » + « Entrée » sends what is written to colleagues, as it sends the answer to the person (`data-by-key`). What
 * ends, hands over or proposes something has to be pressed.
 *
 * @param {KeyboardEvent} event
 */
export function sendByKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const area = /** @type {HTMLTextAreaElement} */ (event.target);
  if (!area.matches?.("form[data-by-key] textarea")) return;
  event.preventDefault();
  if (event.repeat) return; // a key that is held down sends once
  const form = /** @type {HTMLFormElement} */ (area.form);
  const button = find("[type=submit]", form);
  if (!button.hidden) form.requestSubmit(button); // an aparté that is over has none, and says so
}
