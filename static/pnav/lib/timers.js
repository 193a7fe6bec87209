/**
 * Timers with names: one of a name at a time, and whoever has a better clock may say that time has passed.
 *
 * Browsers let the timers of a hidden page fire once a minute. The console has a clock that they leave alone (a worker),
 * and calls `due` at its ticks; a page that wakes may do the same.
 *
 * @module
 */

/** A number between these, at random. @param {number} low @param {number} high */
export const between = (low, high) => low + Math.random() * (high - low);

/**
 * How long to wait, in milliseconds, after so many failures: the first attempt comes soon, though not from thousands of pages in the
 * same instant.
 *
 * @param {number} failures
 */
export const pause = (failures) =>
  failures < 2 ? between(50, 500) : between(0.5, 1.5) * Math.min(20_000, 500 * 2 ** (failures - 1));

/**
 * @typedef {object} Timers
 * @property {(name: string, ms: number, act: () => void) => void} set do this after so many milliseconds, instead of
 *   what this name stood for
 * @property {(...names: string[]) => void} clear forget them; all of them when none is named
 * @property {(name: string) => boolean} has whether it is still to come
 * @property {(slack?: number) => void} due do now what should have been done by now, or so many milliseconds later
 */

/** @returns {Timers} */
export const createTimers = () => {
  /** @type {Map<string, { at: number, act: () => void, timer: ReturnType<typeof setTimeout> }>} */
  const waiting = new Map();

  /** @param {string[]} names */
  const clear = (...names) => {
    for (const name of names.length ? names : [...waiting.keys()]) {
      clearTimeout(waiting.get(name)?.timer);
      waiting.delete(name);
    }
  };

  /** @param {string} name */
  const fire = (name) => {
    const act = waiting.get(name)?.act;
    clear(name);
    act?.();
  };

  return {
    clear,
    set(name, ms, act) {
      clear(name);
      waiting.set(name, { at: Date.now() + ms, act, timer: setTimeout(fire, ms, name) });
    },
    has: (name) => waiting.has(name),
    due(slack = 0) {
      for (const [name, { at }] of [...waiting]) if (at <= Date.now() + slack) fire(name);
    },
  };
};
