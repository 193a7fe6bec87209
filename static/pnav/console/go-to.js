/**
 * This module leads to a part of the screen, for a key or a line of the palette: it unfolds the part, gives it the focus
 * and brings it on screen. It never sends, ends or takes anything.
 *
 * @module
 */

import { seek } from "../lib/dom.js";
import { nextStep } from "./emergency.js";
import { unfold } from "./folds.js";
import { openRecent } from "./recent.js";
import { openSearch } from "./replies.js";
import { nextToConfirm, reachByKey } from "./sheet-answers.js";

/**
 * These functions return the element of a part that is wanted, where the part cannot take the focus itself.
 *
 * @type {Map<string | undefined, (part: HTMLElement) => HTMLElement>}
 */
const INTO = new Map([
  // « Terminer » (T) keeps the focus on its title, although « Entrée » closes it again. Its first field is a list of
  // choices, in which a letter or an arrow changes the outcome, Alt and an arrow opens the choices, and words that are
  // typed do not go on in the answer. The title also says whose exchange it is, and what has to be done first.
  ["I", (part) => seek("button", part) ?? part],
  ["V", (part) => reachByKey(nextToConfirm(part)[0]) ?? part],
  // In an open procedure the steps that are done come first. The key leads to the first step that is not done, and to
  // its sentence if it has one; once all are done, to « Terminer la procédure ».
  ["U", (part) => nextStep(part) ?? seek("[name=end]", part) ?? part],
]);

/** Lead to a part: unfold it, give it the focus and bring it on screen. @param {HTMLElement} part */
export function goTo(part) {
  if (part.closest("[data-replies]")) {
    openSearch();
    return;
  }
  if (part.matches("[data-recent-open]")) {
    openRecent();
    return;
  }
  const one = INTO.get(part.dataset.key)?.(part) ?? part;
  unfold(one);
  for (let box = one.closest("details"); box; box = box.parentElement?.closest("details") ?? null) box.open = true;
  one.focus({ preventScroll: true });
  reveal(one);
}

/** Show all of what a title opened where there is room, and in any case the title. @param {HTMLElement} one */
export function reveal(one) {
  const box = one.matches("summary") ? /** @type {HTMLDetailsElement} */ (one.parentElement) : null;
  const scrolls = getComputedStyle(document.body).overflowY !== "hidden";
  // In one column, and above all with zoom, what is under a title would lie below the screen.
  const block = scrolls && !one.closest("[data-action]") && !one.matches("textarea") ? "start" : "nearest";
  if (box?.open) {
    box.scrollIntoView({ block });
    // An action's panel lies over the thread. Where the screen itself does not scroll, the panel has room of its own.
    if (box.matches("[data-action]") && scrolls) one.nextElementSibling?.scrollIntoView({ block: "nearest" });
  }
  one.scrollIntoView({ block });
}
