/**
 * Keys that are pressed while an exchange is being opened. They are meant for that exchange, which a slow network or
 * service brings seconds later: « Alt + T » then led nowhere, and the letters after it were written to the person. The
 * queue is short, and belongs to the exchange that was asked for last.
 *
 * @module
 */

const MOST = 3;
const KEPT_MS = 8000;

/** @typedef {{ letters: string[], begunAt: number, isDropped: boolean }} Queue isDropped: a key did nothing */

/** @type {Queue | null} of the exchange that is being opened */
let waiting = null;

/** Begin a queue for an exchange that was asked for: that of the one before is dropped. @param {number} now in ms */
export function beginQueue(now) {
  waiting = { letters: [], begunAt: now, isDropped: false };
  return waiting;
}

/** @param {number} now in ms */
const isRunning = (now) => waiting !== null && now - waiting.begunAt < KEPT_MS;

/**
 * Keep the key of a part for the exchange that is being opened. Return whether one is; a key too many is dropped.
 *
 * @param {string} letter
 * @param {number} now in ms
 */
export function queueLetter(letter, now) {
  if (!waiting || !isRunning(now)) return false;
  if (waiting.letters.length < MOST) waiting.letters.push(letter);
  else waiting.isDropped = true;
  return true;
}

/**
 * Whether a key without Alt has to do nothing now: a key before it waits for the exchange, and it follows that one.
 *
 * @param {number} now in ms
 */
export function dropsKey(now) {
  if (!waiting?.letters.length || !isRunning(now)) return false;
  waiting.isDropped = true;
  return true;
}

/**
 * Return what waited in a queue that is over, and whether some keys did nothing: those of one that took too long, and of
 * one whose exchange is not on screen. Return nothing of one that was replaced.
 *
 * @param {Queue} queue
 * @param {boolean} isShown the exchange is on screen
 * @param {number} now in ms
 * @returns {{ letters: string[], isDropped: boolean }}
 */
export function endQueue(queue, isShown, now) {
  if (queue !== waiting) return { letters: [], isDropped: false };
  const isKept = isShown && isRunning(now);
  waiting = null;
  return { letters: isKept ? queue.letters : [], isDropped: queue.isDropped || (!isKept && queue.letters.length > 0) };
}
