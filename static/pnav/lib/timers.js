/**
 * Timers with names: one of each name at a time. A caller with a better clock may say that time has passed.
 *
 * Browsers let the timers of a hidden page fire only once a minute. The console has a clock that they do not slow down
 * (a worker), and calls `due` at its ticks. A page that wakes may do the same.
 *
 * @module
 */

/** Return a random number between these two. @param {number} low @param {number} high */
export const between = (low, high) => low + Math.random() * (high - low);

/**
 * Return how long to wait, in milliseconds, after this many failures. The first attempt comes soon, but thousands of
 * pages do not make it at the same moment.
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
