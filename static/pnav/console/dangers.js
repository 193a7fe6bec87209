/**
 * Words of suicide or of danger that nobody has dealt with. They are shown in the list and over the thread until the
 * agent says that they were dealt with.
 *
 * @module
 */

import { find, hide, write } from "../lib/dom.js";
import { seekSlot, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/**
 * Return which danger an entry of the list shows as not dealt with, in words; empty when there is none.
 *
 * @param {Element} entry
 */
export const dangerOf = (entry) => {
  const badge = seekSlot("danger", entry);
  return badge && !badge.hidden ? (badge.textContent ?? "").trim() : "";
};

/** Whether the pointer or the focus is on the sign. @param {HTMLElement} sign */
const isHeld = (sign) => !sign.hidden && sign.matches(":hover, :focus-within");

/**
 * What the sign stands for does not change while somebody is about to press « C'est pris en compte »: a message that
 * came a moment before the press was not read. The words are shown at once, and the number follows with the next
 * reading of the list.
 *
 * @param {Conversation} c
 * @param {string} told in words; empty: nothing
 * @param {number} seq the last message that tells it; NaN in a list that a process of the version before has drawn
 */
export function showDanger(c, told, seq) {
  const badge = seekSlot("danger", c.entry);
  if (!badge) return; // a line that a process of the version before has drawn, of an exchange that has ended
  write(badge, told);
  hide(badge, !told);
  const last = Number.isNaN(seq) ? (c.entry.dataset.dangerSeq ?? "0") : String(seq); // what is known stays
  c.entry.dataset.dangerSeq = last;
  const sign = seekSlot("danger-sign", c.thread);
  if (!sign) return; // a thread drawn by the version before has no sign
  if (!isHeld(sign)) find("[data-slot=danger-seq]", sign, HTMLInputElement).value = last;
  find("[data-slot=danger-said]", sign).textContent = told;
  hide(sign, !told);
}

/**
 * Add a message that tells of danger to what was told before. Suicide is named first.
 *
 * @param {Conversation} c
 * @param {string} what
 * @param {number} seq
 */
export function addDanger(c, what, seq) {
  const told = new Set([...dangerOf(c.entry).split(", "), ...what.split(", ")]);
  const all = [words.danger_suicide, words.danger_danger].filter((kind) => told.has(kind));
  showDanger(c, all.join(", "), seq);
}
