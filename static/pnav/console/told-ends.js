/**
 * The end of an exchange in danger, or whose last words nobody has read, told at the foot of the screen until its agent
 * has read it (docs/adr/0116). Each exchange has a row of its own, because two may end at the same moment.
 *
 * @module
 */

import { all, byId, find, fromTemplate } from "../lib/dom.js";
import { dangerOf } from "./dangers.js";
import { emergencyOf } from "./emergency.js";
import { note } from "./recent.js";
import { announce, desk, over, say, slot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @typedef {"left_in_danger" | "left_marked" | "left_in_danger_marked" | "left_unread"} Key of a sentence */

/** @type {Map<Conversation, { row: HTMLElement, key: Key, wasLeft: boolean }>} wasLeft: another exchange was opened since */
const told = new Map();
const rows = byId("fins");

/** @param {Conversation} c */
function take(c) {
  const row = told.get(c)?.row;
  if (!row) return;
  const isHere = row.contains(document.activeElement);
  row.remove();
  told.delete(c);
  if (isHere) (all("[data-read]", rows)[0] ?? desk.current?.log ?? byId("mes-echanges")).focus();
}

/** @param {Conversation} c @param {Key} key */
function draw(c, key) {
  const row = /** @type {HTMLElement} */ (fromTemplate("modele-fini"));
  const text = slot("text", row);
  text.id = `fini-dit-${c.id}`;
  for (const button of all("button", row)) button.setAttribute("aria-describedby", text.id);
  find("[data-see]", row).addEventListener("click", () => {
    take(c);
    find("a", c.entry).click(); // as a press on its line
  });
  find("[data-read]", row).addEventListener("click", () => take(c));
  rows.prepend(row); // before an end that can still be undone, which leaves by itself
  const one = { row, key, wasLeft: false };
  told.set(c, one);
  return one;
}

/**
 * Unfold « Terminés » for somebody who left in danger, or whose last words are unread, and say it until it is read. Of
 * what is told of one exchange the last sentence counts, which says what is still open there.
 *
 * @param {Conversation} c
 * @param {Key} key their procedure is still open; their words are not dealt with; both; nothing is in danger, and their
 *   last message is not read
 */
export function tellLeft(c, key) {
  over.closest("details")?.setAttribute("open", "");
  const text = say(key, { aim: c.aim });
  const one = told.get(c) ?? draw(c, key);
  one.key = key;
  slot("text", one.row).textContent = text;
  announce(text);
  note(text, c.id);
}

/**
 * Take away what needs no reading any more: somebody has dealt with it, on another page or on the board, or the exchange
 * was opened since. Unread words stay until then: nobody else deals with them.
 */
export function tickTold() {
  for (const [c, one] of told) {
    const isOpen = c === desk.current && !document.hidden;
    const isPending = !c.gone && (one.key === "left_unread" || dangerOf(c.entry) || emergencyOf(c.entry));
    if (!isPending || (isOpen && one.wasLeft)) take(c);
    one.wasLeft ||= c !== desk.current;
  }
}
