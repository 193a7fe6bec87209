/**
 * The title of the queue for a screen reader, and how many of those who wait wrote words of danger.
 *
 * @module
 */

import { all, byId, find, hide, write } from "../lib/dom.js";
import { announce, say } from "./state.js";

const heading = byId("file");

/**
 * A screen reader says the name of what has the focus each time it changes, and the numbers in this title change with each
 * arrival. While it has the focus its name stays what it was when a key led there; what is read in it is what is so now.
 */
const keepName = () => {
  const said = /** @type {HTMLElement} */ (heading.cloneNode(true));
  for (const part of all("[hidden], [aria-hidden=true]", said)) part.remove();
  heading.setAttribute("aria-label", (said.textContent ?? "").trim().replace(/\s+/g, " "));
};

export function watchQueueTitle() {
  heading.addEventListener("focus", keepName);
  heading.addEventListener("blur", () => heading.removeAttribute("aria-label"));
}

const MARKED_EVERY_MS = 20_000;
const marks = { told: -1, at: 0 }; // told: how many were said, or stood in the first frame

/**
 * Say that more of those who wait wrote words of danger. Nobody has a place for them: an agent who has one is given the
 * person, and hears that. In a raid the number may rise with each frame, so it is said at most every 20 s.
 *
 * @param {number} marked how many there are now
 */
function tellMarked(marked) {
  const isFirst = marks.told < 0;
  if (isFirst || marked < marks.told) marks.told = marked;
  if (marked <= marks.told || Date.now() - marks.at < MARKED_EVERY_MS) return;
  Object.assign(marks, { told: marked, at: Date.now() });
  announce(`${heading.dataset.palette} : ${say("queue_marked", { n: marked })}.`);
}

/** Show how many of those who wait wrote words of danger, and say it when there are more. @param {number} marked */
export function showMarked(marked) {
  const mark = find("[data-marked]");
  hide(mark, !marked);
  write(find("[data-slot=whole]", mark), say("queue_marked", { n: marked }));
  write(find("[data-slot=short]", mark), say("queue_marked_short", { n: marked }));
  tellMarked(marked);
}
