/**
 * Shows the emergency procedure where it must be seen: in the list, and in the strip over the thread.
 *
 * @module
 */

import { all, find, hide, seek } from "../lib/dom.js";
import { describeEnd } from "./pages.js";
import { refreshTransmission } from "./panels.js";
import { showClock } from "./running-clocks.js";
import { seekSlot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/**
 * Return when the open procedure began, in ISO 8601, or an empty text when none is open.
 *
 * @param {Element} entry of the list
 */
export const emergencyOf = (entry) => {
  const mark = seekSlot("emergency", entry);
  return mark && !mark.hidden ? (find("time", mark).getAttribute("datetime") ?? "") : "";
};

/**
 * Return the button of the first step that is not done: its sentence if it has one. after: a step that was just done, so
 * that what stands below it comes first.
 *
 * @param {Element} part
 * @param {string} [after]
 */
export function nextStep(part, after) {
  const open = all("li:has([name=step])", part);
  const steps = all(".console-steps > li", part);
  const done = steps.findIndex((one) => one.dataset.done === after);
  const next = open.find((one) => after && steps.indexOf(one) > done) ?? open[0];
  return next ? seek("button", next) : null;
}

/**
 * Show a procedure that was opened or ended elsewhere: in another tab, or by a colleague who had the exchange before.
 * With a procedure a summary may be sent without the person's agreement, so its panel is read again until it offers it.
 *
 * @param {Conversation} c
 * @param {string} since
 */
export function showEmergency(c, since) {
  for (const mark of [seekSlot("emergency", c.entry), seekSlot("pinned", c.thread)]) {
    if (!mark) continue;
    hide(mark, !since);
    const time = find("time", mark, HTMLTimeElement);
    if (since) {
      time.dateTime = since;
      showClock(time);
    } else time.removeAttribute("datetime");
    if (mark.dataset.slot === "pinned") describeEnd(mark);
  }
  if (since && seek(`#sans-accord-zone-${c.id}`)?.childElementCount === 0) refreshTransmission(c);
}
