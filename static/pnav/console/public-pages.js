/**
 * The public pages that Ctrl + K puts into an answer: a title and its address, in the words of the person.
 *
 * @module
 */

import { fill } from "../lib/words.js";

/** @typedef {[title: string, words: Record<string, string>]} Page title: for the agent. words: by language and voice */

/** @typedef {{ title: string, words: string }} Link */

/**
 * @param {Page[]} pages as the server gives them (pnav.pages.public_links)
 * @param {DOMStringMap} answer what the form of the answer says of the person: language, voice, and whether their screen
 *   is watched. An address is then a trace that somebody may read, so none is offered.
 * @param {string} site scheme and host
 * @returns {Link[]}
 */
export function linksFor(pages, { answeredIn = "", familiar, watched }, site) {
  if (watched !== undefined) return [];
  return pages.map(([title, words]) => {
    const own = (familiar !== undefined && words.tu) || words.vous;
    return { title, words: fill(words[answeredIn] ?? own, { site }) };
  });
}
