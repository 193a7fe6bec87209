/**
 * Marks who waits for an answer for longer than the service allows, with the limits and the signs of the board.
 *
 * @module
 */

import { hide, write } from "../lib/dom.js";
import { level } from "../lib/time.js";
import { beep } from "./sound.js";
import { announce, desk, isReady, list, own, say, seekSlot, slot, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const SIGNS = { kept: "", near: "▲", broken: "■" };

/** @param {Conversation} c @returns {keyof typeof SIGNS} the board's level; a person who is away is not counted there */
function levelOf(c) {
  if (c.over || c.offline || c.asleep || c.waits !== "me" || !c.since) return "kept";
  const limit = { near: Number(list.dataset.near), broken: Number(list.dataset.broken) };
  return level(Date.now() - Date.parse(c.since), limit);
}

/**
 * Return when the wait began, in seconds: the server's list and its frames write the same moment with other digits.
 *
 * @param {Conversation} c
 */
const beginning = (c) => Math.floor(Date.parse(c.since) / 1000);

/** Show in the list how the wait of this person stands. @param {Conversation} c */
export function showLate(c) {
  const mark = seekSlot("late", c.entry);
  if (!mark) return;
  const now = levelOf(c);
  c.lateOf ??= now === "broken" ? beginning(c) : 0; // what came late already is on screen
  hide(mark, now === "kept");
  if (mark.dataset.level !== now) mark.dataset.level = now;
  if (c.entry.dataset.late !== now) c.entry.dataset.late = now; // the style of its border asks here, not for the mark
  write(slot("late-sign", mark), SIGNS[now]);
  const word = words[`level_${now}`] ?? "";
  write(slot("late-word", mark), word);
  if (mark.title !== word) mark.title = word;
}

/** Update the marks as time passes. Each wait that breaks the limit is said once. */
export function tickLate() {
  const fresh = [];
  for (const c of own()) {
    if (!c.entry) continue;
    showLate(c);
    if (desk.isOver || !isReady()) continue; // nobody can answer from here, and who waits may be somebody else's by now
    if (levelOf(c) !== "broken" || c.lateOf === beginning(c)) continue;
    c.lateOf = beginning(c);
    fresh.push(c);
  }
  for (const c of fresh) announce(say("late_news", { n: c.number, name: c.name }));
  if (fresh.length) beep("message");
}
