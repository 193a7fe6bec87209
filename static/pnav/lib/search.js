/**
 * Finds texts by some of their words, and says which was meant first.
 *
 * @module
 */

/** Return a text in the form in which it is searched: without capitals, accents or ligatures. @param {string} text */
export const fold = (text) =>
  text.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").normalize("NFD").replace(/\p{M}/gu, "");

const flat = (/** @type {string} */ text) => fold(text).trim().replace(/\s+/g, " ");

/**
 * What is looked through: `titles` by which it is called, other words by which it is found, and its whole text.
 *
 * @typedef {{ titles: string[], also?: string, text?: string }} Findable
 */

/**
 * Return how well something answers to the words that were typed, in any order: 0 when a title begins with them, 0.5
 * when it does and goes on within a number (« 1 » of « 12 · héron »: who types a number means that one), 1 when a title
 * has them, 2 when they are in its title and its other words, 3 when they are anywhere in it. Infinity: not all of them
 * are. Without words everything answers alike.
 *
 * @param {Findable} one
 * @param {string} wanted
 */
export function rankOf({ titles, also = "", text = "" }, wanted) {
  const phrase = flat(wanted);
  if (!phrase) return 0;
  const words = phrase.split(" ");
  const has = (/** @type {string} */ folded) => words.every((word) => folded.includes(word));
  const names = titles.map(flat);
  const begun = names.filter((name) => name.startsWith(phrase));
  const isCut = (/** @type {string} */ name) => /\d$/.test(phrase) && /^\d/.test(name.slice(phrase.length));
  if (begun.length) return begun.every(isCut) ? 0.5 : 0;
  if (names.some(has)) return 1;
  const named = `${names.join(" ")} ${fold(also)}`;
  if (has(named)) return 2;
  return has(`${named} ${fold(text)}`) ? 3 : Infinity;
}

/**
 * Return those that have the words, the best answer first. What answers alike stays in the order given.
 *
 * @template T
 * @param {T[]} all
 * @param {string} wanted
 * @param {(one: T) => Findable} read
 */
export const bestFirst = (all, wanted, read) =>
  all
    .map((one) => ({ one, rank: rankOf(read(one), wanted) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((one, other) => one.rank - other.rank)
    .map(({ one }) => one);
