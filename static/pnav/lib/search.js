/**
 * Finds a text by some of its words.
 *
 * @module
 */

/** Return a text in the form in which it is searched: without capitals, accents or ligatures. @param {string} text */
export const fold = (text) =>
  text.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").normalize("NFD").replace(/\p{M}/gu, "");

/** @param {string} text @param {string} wanted words, in any order @returns {boolean} */
export const matches = (text, wanted) =>
  fold(wanted)
    .split(/\s+/)
    .filter(Boolean)
    .every((word) => fold(text).includes(word));
