/**
 * Words of suicide or of danger that nobody has dealt with: in the list, and over the thread, until the agent says so.
 *
 * @module
 */

import { find } from "../lib/dom.js";
import { seekSlot, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** What an entry of the list says is not dealt with, in words; empty: nothing. @param {Element} entry */
export const dangerOf = (entry) => {
  const badge = seekSlot("danger", entry);
  return badge && !badge.hidden ? (badge.textContent ?? "").trim() : "";
};

/**
 * @param {Conversation} c
 * @param {string} told in words; empty: nothing
 * @param {number} seq the last message that tells it
 */
export function showDanger(c, told, seq) {
  const badge = seekSlot("danger", c.entry);
  const sign = seekSlot("danger-sign", c.thread);
  if (!badge || !sign) return; // it has ended
  badge.textContent = told;
  find("[data-slot=danger-said]", sign).textContent = told;
  badge.hidden = sign.hidden = !told;
  c.entry.dataset.dangerSeq = String(seq);
  find("[data-slot=danger-seq]", sign, HTMLInputElement).value = String(seq);
}

/** One message more tells of this: beside what was told before, suicide first. @param {Conversation} c @param {string} what @param {number} seq */
export function addDanger(c, what, seq) {
  const told = new Set([...dangerOf(c.entry).split(", "), ...what.split(", ")]);
  const all = [words.danger_suicide, words.danger_danger].filter((kind) => told.has(kind));
  showDanger(c, all.join(", "), seq);
}
