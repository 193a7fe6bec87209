/**
 * The order of an agent's conversations: the number under which a key finds each, and which comes next. Pure.
 *
 * @module
 */

/**
 * The number of a conversation that has none: its own from the server if it is free, else the first free one.
 *
 * @param {number} wished
 * @param {Iterable<number>} taken
 */
export const freeNumber = (wished, taken) => {
  const others = new Set(taken);
  if (!others.has(wished)) return wished;
  let free = 1;
  while (others.has(free)) free += 1;
  return free;
};

/**
 * Which of so many, one further down (1) or up (-1); from the last to the first. Nothing chosen: the first, or the last.
 *
 * @param {number} count at least 1
 * @param {number} at -1: none is chosen
 * @param {1 | -1} by
 */
export const stepTo = (count, at, by) => (at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count);

/**
 * Whoever waits for an answer, the longest first, but for the one that is open.
 *
 * @template {{ waits: string, since: string }} T
 * @param {T[]} all
 * @param {T | null} open
 * @returns {T | undefined}
 */
export const longestWaiting = (all, open) =>
  all.filter((one) => one.waits === "me" && one !== open).sort((a, b) => Date.parse(a.since) - Date.parse(b.since))[0];

/** What a key alone, or with Alt, asks for. @typedef {{ step?: 1 | -1, letter?: string, number?: number }} Asked */

/**
 * What an agent asks for with Alt and a key; null: nothing of ours. A keyboard may be Latin or not: then it is the place
 * of the key that counts.
 *
 * @param {Pick<KeyboardEvent, "key" | "code">} event
 * @returns {Asked | null}
 */
export const asked = ({ key, code }) => {
  if (key === "ArrowDown") return { step: 1 };
  if (key === "ArrowUp") return { step: -1 };
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (digit) return { number: Number(digit[1]) };
  if (/^[a-z]$/i.test(key)) return { letter: key.toUpperCase() };
  const place = /^Key([A-Z])$/.exec(code);
  return place && { letter: place[1] };
};
