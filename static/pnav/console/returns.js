/**
 * Says that somebody is back whose page was closed, who had left by the quick exit, or whose exchange was at rest. The
 * thread has a line of it only where they came by their code or ended a rest; without this the list lost « Hors ligne »
 * and nothing told an agent who was reading another exchange.
 *
 * @module
 */

import { find, hide } from "../lib/dom.js";
import { hour } from "../lib/time.js";
import { announce, root, say, seekSlot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const SHOWN_MS = 10 * 60_000; // or until the agent writes to them

/**
 * Whether nobody reads there now. A page that is only out of sight does not count: telephones go to sleep all the time.
 *
 * @param {Conversation} c
 */
export const isAway = (c) => c.waits === "left" || c.offline || c.dormant;

/** @type {Set<string>} the lines of a thread that say it, in each language; one that was changed since is not among them */
const lines = new Set(JSON.parse(root.dataset.returnLines ?? "[]"));

/**
 * A line of Pnav's own was read aloud, in the thread that the agent looks at. If it says that the person is back, the
 * list does not say it a second time.
 *
 * @param {Conversation} c
 * @param {string} body
 */
export function noteReturnRead(c, body) {
  if (lines.has(body)) c.isReturnRead = true;
}

/**
 * The list was read again. Say it if this person was away before, and is not any more, unless the thread has just said
 * so.
 *
 * @param {Conversation} c
 * @param {boolean} wasAway
 */
export function noteReturn(c, wasAway) {
  if (isAway(c)) c.backAt = 0;
  else if (wasAway) {
    c.backAt = Date.now();
    if (!c.isReturnRead) announce(say("is_back", { n: c.number, name: c.name }));
  }
  c.isReturnRead = false;
}

/** Show in the list since when this person is back, or nothing. @param {Conversation} c */
export function showReturn(c) {
  const mark = seekSlot("back", c.entry);
  if (!mark) return; // it has ended
  const { backAt = 0 } = c;
  hide(mark, c.over || c.asleep || !backAt || Date.now() - backAt > SHOWN_MS);
  if (mark.hidden) return;
  const at = find("time", mark, HTMLTimeElement);
  at.dateTime = new Date(backAt).toISOString();
  at.textContent = hour(backAt, document.documentElement.lang);
}
