/**
 * Postpones what draws while somebody types, so that no letter waits behind it.
 *
 * On a slow machine a message that comes, and the frame that shows it, take as long as the pause between two letters.
 * What comes while somebody types is therefore done just after the frame of a letter, when the longest time is left until
 * the next one, and little of it at a time. The order is kept. Without a key for TYPING_MS everything is done at once.
 * Something is done every LONGEST_MS at least, and all of it where more than WAITING_MOST pieces wait.
 *
 * @module
 */

import { afterFrame } from "./turns.js";

export const TYPING_MS = 250; // without a key for this long, nobody is typing
export const LONGEST_MS = 150;
const FRESH_MS = 40; // a key that was pressed so recently may not be drawn yet
const SHARE_MS = 8; // when this much was done after one letter, the rest waits for the next one
const WAITING_MOST = 20;

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

  /** Do a share of what waits, and leave the rest to the next letter; to the next task when nobody types or much waits. */
  function share() {
    settle();
    const until = now() + SHARE_MS;
    for (let work = waiting.shift(); work; work = waiting.shift()) {
      attempt(work);
      if (waiting.length && now() >= until) {
        const waits = now() - keyAt < TYPING_MS && waiting.length <= WAITING_MOST;
        latest = setTimeout(share, waits ? LONGEST_MS : 0);
        return;
      }
    }
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
