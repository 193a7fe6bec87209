/**
 * Keeps a list on the page in step with a list of values: only rows whose value has changed are drawn and touched.
 *
 * @module
 */

import { nextTask } from "./turns.js";

/**
 * Find as many rows as possible that can stay where they are while the others are put between them.
 *
 * It matters because the browser lays out a moved element as if it were new. Without this, when the first of ten
 * exchanges becomes the last, the nine others would be moved.
 *
 * @template T
 * @param {T[]} before in the order in which they stand
 * @param {T[]} after in the order in which they shall stand
 * @returns {Set<T>}
 */
export const staying = (before, after) => {
  const places = new Map(before.map((row, place) => [row, place]));
  const placeOf = (/** @type {number} */ n) => places.get(after[n]) ?? -1;
  /** @type {number[]} for each length, the last element (an index in `after`) of the run in order that ends earliest */
  const ends = [];
  /** @type {Map<number, number>} for each element the one before it in its run */
  const previous = new Map();
  for (const n of after.keys()) {
    const place = placeOf(n);
    if (place < 0) continue;
    let length = ends.length;
    while (length && placeOf(ends[length - 1]) > place) length -= 1;
    if (length) previous.set(n, ends[length - 1]);
    ends.splice(length, 1, n);
  }
  /** @type {Set<T>} */
  const stay = new Set();
  for (let n = ends.at(-1); n !== undefined; n = previous.get(n)) stay.add(after[n]);
  return stay;
};

/**
 * Put these rows into a list in this order, and move as few of them as possible.
 *
 * @param {Element} list
 * @param {Element[]} rows
 */
export const place = (list, rows) => {
  const stay = staying([...list.children], rows);
  /** @type {Element | null} */
  let next = null;
  for (const row of [...rows].reverse()) {
    if (!stay.has(row)) list.insertBefore(row, next);
    next = row;
  }
};

const AT_ONCE = 20; // rows drawn in one task: a hundred would make somebody who is typing wait for a tenth of a second

/**
 * @template {object} T
 * @param {Element} list its content is removed at the first call of the result
 * @param {(value: T) => Element} draw draws a new row
 * @param {(value: T) => string} keyOf what a row stays the row of; two values of one call have different keys
 * @param {(row: Element, value: T) => void} [redraw] changes a row to another value of its key. Without it such a row is
 *   drawn anew, which takes it from a finger or a focus that is in it
 * @returns {(values: T[]) => Promise<void>} a function that shows these values, in this order. A value whose JSON is the
 *   same as before keeps its row. When many have changed, some are drawn in each task: until its turn comes, what has
 *   changed stands as it was, and what is new is not there.
 */
export const createRows = (list, draw, keyOf, redraw) => {
  /** @type {Map<string, { said: string, row: Element }>} */
  const drawn = new Map();
  let calls = 0;

  /** @param {T[]} values */
  const show = (values) => {
    const rows = values.flatMap((value) => drawn.get(keyOf(value))?.row ?? []);
    const kept = new Set(rows);
    for (const row of [...list.children]) if (!kept.has(row)) row.remove();
    place(list, rows);
  };

  return async (values) => {
    calls += 1;
    const call = calls;
    const keys = new Set(values.map(keyOf));
    for (const key of [...drawn.keys()]) if (!keys.has(key)) drawn.delete(key);
    let fresh = 0;
    for (const value of values) {
      const said = JSON.stringify(value);
      if (drawn.get(keyOf(value))?.said === said) continue;
      if (fresh === AT_ONCE) {
        fresh = 0;
        show(values);
        await nextTask();
        if (call !== calls) return; // newer values came meanwhile, and what is drawn is used for them
      }
      fresh += 1;
      const kept = redraw && drawn.get(keyOf(value))?.row;
      if (kept) redraw(kept, value);
      drawn.set(keyOf(value), { said, row: kept ?? draw(value) });
    }
    show(values);
  };
};
