/**
 * Times that change by themselves while the console is open: how long ago something was, and what time it is for a
 * person overseas.
 *
 * @module
 */

import { all, write } from "../lib/dom.js";
import { duration, hour } from "../lib/time.js";
import { root, say } from "./state.js";

const AT_ONCE = 40; // of some two hundred: all at once would make somebody who is typing wait

/** @type {HTMLTimeElement[]} those that are still to be looked at in this round */
let waiting = [];

/** @param {Date} since */
export const sayDuration = (since) => {
  const { key, values } = duration(Date.now() - since.getTime());
  return say(key, values);
};

/** @param {HTMLTimeElement} time */
function show(time) {
  const { duration: isDuration, ahead } = time.dataset;
  if (isDuration !== undefined) write(time, sayDuration(new Date(time.dateTime)));
  if (ahead) write(time, hour(Date.now() + Number(ahead), document.documentElement.lang));
}

/** Update some of them at each tick. They are told in minutes, so that a few seconds do not matter. */
export function tickTimes() {
  if (!waiting.length) waiting = all("time:is([data-duration][datetime], [data-ahead])", root, HTMLTimeElement);
  for (const time of waiting.splice(0, AT_ONCE)) show(time);
}
