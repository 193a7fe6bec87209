/**
 * Postpones what draws while somebody types, so that no letter waits behind it.
 *
 * On a slow machine a message that comes, and the frame that shows it, take as long as the pause between two letters.
 * What comes while somebody types is therefore done just after the frame of a letter, when the longest time is left until
 * the next one, and what comes together is drawn by one frame. The order is kept. Without a key for TYPING_MS everything
 * is done at once, and nothing waits longer than LONGEST_MS.
 *
 * @module
 */

import { afterFrame, nextTask } from "./turns.js";

export const TYPING_MS = 250; // without a key for this long, nobody is typing
export const LONGEST_MS = 150;
const FRESH_MS = 40; // a key that was pressed so recently may not be drawn yet
const SHARE_MS = 8; // work of one task, after which the rest goes on in the next one

/** One failure takes nothing else with it, and is reported as the browser reports any. @param {() => void} work */
function attempt(work) {
  try {
    work();
  } catch (error) {
    reportError(error);
  }
}

/**
 * @typedef {object} BetweenKeys
 * @property {(work: () => void) => void} run do it now, or between two letters while somebody types
 * @property {() => void} flush do now what waits
 */

/**
 * @param {EventTarget} keys hears every key of the page
 * @param {() => number} now milliseconds
 * @returns {BetweenKeys}
 */
export const createBetweenKeys = (keys = document, now = () => performance.now()) => {
  /** @type {(() => void)[]} */
  const waiting = [];
  let keyAt = -TYPING_MS;
  let isPlanned = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let latest;

  function flush() {
    for (let work = waiting.shift(); work; work = waiting.shift()) attempt(work);
    settle();
  }

  function settle() {
    clearTimeout(latest);
    latest = undefined;
    isPlanned = false;
  }

  /** Do what waits, in tasks of SHARE_MS, between which a key is served. */
  async function share() {
    clearTimeout(latest);
    let until = now() + SHARE_MS;
    for (let work = waiting.shift(); work; work = waiting.shift()) {
      attempt(work);
      if (waiting.length && now() >= until) {
        await nextTask();
        until = now() + SHARE_MS;
      }
    }
    settle();
  }

  function afterLetter() {
    if (isPlanned) return;
    isPlanned = true;
    afterFrame(share);
  }

  keys.addEventListener(
    "keydown",
    () => {
      keyAt = now();
      if (waiting.length) afterLetter();
    },
    { capture: true, passive: true },
  );

  return {
    flush,
    run(work) {
      const since = now() - keyAt;
      if (!waiting.length && since >= TYPING_MS) {
        work();
        return;
      }
      waiting.push(work);
      latest ??= setTimeout(share, LONGEST_MS);
      if (since < FRESH_MS) afterLetter();
    },
  };
};
