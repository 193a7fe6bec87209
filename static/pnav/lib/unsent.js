/**
 * Tells what of a draft was sent already. A draft that a page left behind may begin with messages that it did not know
 * to be stored (chat/compose.js). It does the same as `without_sent` of chat/visitor/draft_session.py. Pure.
 *
 * @module
 */

import { plain } from "./plain.js";

/**
 * Return how many of these lines are these messages, with a blank line after each; 0 if they do not begin so.
 *
 * @param {string[]} sent
 * @param {string[]} shown
 */
function endOf(sent, shown) {
  let at = 0;
  for (const body of sent) {
    const end = at + body.split("\n").length;
    if (shown[end] || shown.slice(at, end).join("\n") !== body) return 0;
    at = end + 1;
  }
  return at;
}

/**
 * Return what of a draft is not in the thread yet.
 *
 * @param {string} draft
 * @param {string[]} sent the person's messages as they are shown, in order
 * @param {string} misleading as `plain` takes it
 */
export function withoutSent(draft, sent, misleading) {
  const text = draft.replaceAll("\r\n", "\n").trim();
  const shown = plain(text, misleading).split("\n");
  for (const first of sent.keys()) {
    const end = endOf(sent.slice(first), shown);
    if (end) return text.split("\n").slice(end).join("\n");
  }
  return draft;
}
