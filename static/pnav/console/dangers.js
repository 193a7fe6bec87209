/**
 * Words of suicide or of danger that nobody has dealt with. They are shown in the list and over the thread until the
 * agent says that they were dealt with.
 *
 * @module
 */

import { find, hide, seek, write } from "../lib/dom.js";
import { refreshBeside } from "./panels.js";
import { note } from "./recent.js";
import { beep } from "./sound.js";
import { alarm, say, seekSlot, words } from "./state.js";

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

/** @type {WeakMap<Conversation, number>} up to which message its dangers were shown */
const shownUpTo = new WeakMap();

/** Whether the pointer or the focus is on the sign. @param {HTMLElement} sign */
const isHeld = (sign) => !sign.hidden && sign.matches(":hover, :focus-within");

/** @type {WeakSet<Conversation>} those whose numbers and sentences to propose are being read */
const reading = new WeakSet();

/** Whether the numbers to propose were drawn before the danger that the list shows. @param {Conversation} c */
function isBehind(c) {
  const told = seek(`#aproposer-${c.id}`)?.dataset.told;
  return told !== undefined && told !== dangerOf(c.entry);
}

const AGAIN_MS = [0, 1000, 3000, 10_000]; // the server may not have the mark yet, and a reading may fail

/**
 * Read the numbers and the sentences to propose until they are those of the danger that is shown: the 3114 is wanted
 * while it is, and neither a reading that failed nor one that came before the mark is the last.
 *
 * @param {Conversation} c
 */
async function readNumbers(c) {
  if (reading.has(c)) return;
  reading.add(c);
  try {
    for (const wait of AGAIN_MS) {
      if (wait) await new Promise((goOn) => setTimeout(goOn, wait));
      if (c.over || c.gone) return;
      await refreshBeside(c, `#aproposer-${c.id}`);
      if (isBehind(c)) continue;
      await refreshBeside(c, `#dire-${c.id}`);
      return;
    }
  } finally {
    reading.delete(c);
  }
}

/**
 * Show what is not dealt with, and return whether it is news. The numbers to propose depend on it, and are read again.
 *
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
  if (!badge) return false; // a line that a process of the version before has drawn, of an exchange that has ended
  const [isOther, known] = [told !== dangerOf(c.entry), c.entry.dataset.dangerSeq ?? "0"];
  const before = Math.max(Number(known), shownUpTo.get(c) ?? 0);
  write(badge, told);
  hide(badge, !told);
  const last = Number.isNaN(seq) ? known : String(seq); // what is known stays
  c.entry.dataset.dangerSeq = last;
  // A message that is not drawn yet tells of its danger when it is.
  const isNews = told !== "" && Number(last) > before && Number(last) <= c.lastSeq;
  shownUpTo.set(c, isNews ? Number(last) : before);
  if (isOther || isBehind(c)) readNumbers(c);
  const sign = seekSlot("danger-sign", c.thread);
  if (!sign) return isNews; // a thread drawn by the version before has no sign
  if (!isHeld(sign)) find("[data-slot=danger-seq]", sign, HTMLInputElement).value = last;
  find("[data-slot=danger-said]", sign).textContent = told;
  hide(sign, !told);
  // The person's version of a summary is no message: the line that tells of it is marked, and the words are beside.
  const where = seekSlot("danger-where", sign);
  // A version that came since this was drawn is of a passage of ours, and not of that by which the exchange came.
  if (where && Number(last) > Number(where.dataset.drawnFor)) where.setAttribute("href", `#passage-${c.id}`);
  if (where) hide(where, !told || seek(`[data-seq="${last}"]`, c.log)?.dataset.author !== "system");
  return isNews;
}

/** Announce a danger at once, and let it be heard. @param {Conversation} c @param {string} what in words */
export function sayDanger(c, what) {
  const text = say("danger_news", { what, n: c.number, name: c.name });
  alarm(text);
  note(text, c.id);
  beep("danger");
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
