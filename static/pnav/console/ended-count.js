/**
 * The number beside « Terminés ».
 *
 * @module
 */

import { all, find, hide, write } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { known, over, say } from "./state.js";

// Nothing draws these anew, and each message writes them.
const endedCount = find("[data-count=ended]");
const goneCount = find("[data-count=gone]");
const fold = over.closest("details");

/**
 * Write how many conversations have ended, and beside it how many are somebody else's now, or in the queue: these stand
 * there until the page is loaded again.
 */
export function countEnded() {
  const gone = all(".console-entry", over).filter(({ dataset }) => known(dataset.conversation)?.gone).length;
  write(endedCount, String(over.children.length - gone));
  write(goneCount, gone ? say(isSingular(gone) ? "gone_one" : "gone_many", { n: gone }) : "");
  hide(goneCount, !gone);
  if (fold) hide(fold, !over.children.length);
}
