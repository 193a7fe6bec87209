/**
 * The end of an exchange in danger, told at the foot of the screen until its agent has read it (docs/adr/0116). Each
 * exchange has a row of its own, because two may end at the same moment.
 *
 * @module
 */

import { all, byId, find, fromTemplate } from "../lib/dom.js";
import { dangerOf } from "./dangers.js";
import { emergencyOf } from "./emergency.js";
import { announce, desk, over, say, slot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @type {Map<Conversation, { row: HTMLElement, wasLeft: boolean }>} wasLeft: another exchange was opened since */
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

/** @param {Conversation} c */
function draw(c) {
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
  told.set(c, { row, wasLeft: false });
  return row;
}

/**
 * Unfold « Terminés » for somebody who left in danger, and say it until it is read. Of what is told of one exchange the
 * last sentence counts, which says what is still open there.
 *
 * @param {Conversation} c
 * @param {"left_in_danger" | "left_marked" | "left_in_danger_marked"} key their procedure is still open; their words are
 *   not dealt with; both
 */
export function tellLeft(c, key) {
  over.closest("details")?.setAttribute("open", "");
  const text = say(key, { aim: c.aim });
  slot("text", told.get(c)?.row ?? draw(c)).textContent = text;
  announce(text);
}

/**
 * Take away what needs no reading any more: somebody has dealt with it, on another page or on the board, or the exchange
 * was opened since.
 */
export function tickTold() {
  for (const [c, one] of told) {
    const isOpen = c === desk.current && !document.hidden;
    const isPending = !c.gone && (dangerOf(c.entry) || emergencyOf(c.entry));
    if (!isPending || (isOpen && one.wasLeft)) take(c);
    one.wasLeft ||= c !== desk.current;
  }
}
