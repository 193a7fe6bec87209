/**
 * News that nobody has looked at yet: a conversation that was given and not opened, words that were not read, a danger
 * that was not dealt with. Its tone is heard again (`console/repeats.js`).
 *
 * @module
 */

import { dangerOf } from "./dangers.js";
import { createRepeats } from "./repeats.js";
import { playAgain, whenHeard } from "./sound.js";
import { desk, dutyBar, own } from "./state.js";
import { isWanted } from "./tones.js";

/** @typedef {import("./state.js").Conversation} Conversation */
/** @typedef {import("./repeats.js").Unseen} Unseen */

const repeats = createRepeats();
whenHeard((news) => repeats.heard(news, Date.now()));

const SIGNS_OF_LIFE = ["keydown", "pointerdown", "pointermove", "wheel"];

/** @type {Set<Conversation>} those that the page opened by itself: that nobody has looked is possible */
const openedAlone = new Set();

function somebodyIsThere() {
  openedAlone.clear();
  for (const sign of SIGNS_OF_LIFE) document.removeEventListener(sign, somebodyIsThere, true);
}

/** The page opened what came, because nothing was open. Until a key or a pointer moves, that is no look. @param {Conversation} c */
export function openedByPage(c) {
  openedAlone.add(c);
  for (const sign of SIGNS_OF_LIFE) document.addEventListener(sign, somebodyIsThere, { capture: true, passive: true });
}

/**
 * Another page of this agent may have read what is unread here: then somebody has looked.
 *
 * @param {Conversation} c
 * @param {number} unread what the server has
 */
export function readElsewhere(c, unread) {
  if (unread >= c.unread) return;
  c.unread = unread;
  c.isNew = false;
}

/** @param {Conversation} c @returns {Unseen[]} */
function newsOf(c) {
  /** @type {Unseen[]} */
  const news = [];
  if (dangerOf(c.entry)) news.push({ key: `danger ${c.id} ${c.entry.dataset.dangerSeq}`, news: "danger" });
  const isHere = c === desk.current && !document.hidden;
  if (c.isNew || openedAlone.has(c)) news.push({ key: `new ${c.id}`, news: c.urgency > 1 ? "danger" : "arrival" });
  else if (c.unread && !isHere) news.push({ key: `words ${c.id} ${c.unread}`, news: "message" });
  return news;
}

let askedAt = 0; // when « Êtes-vous là ? » came, in ms; 0: it does not stand

/** « Êtes-vous là ? » stands, and is heard again, whatever the agent chose to be told of. @param {boolean} isAsked */
export const standQuestion = (isAsked) => {
  askedAt = isAsked ? Date.now() : 0;
};

/** Nobody who pauses, or whose session is over, is called. */
const isCalled = () => !desk.isOver && dutyBar().dataset.availability === "available";

/** Play again what is due. */
export function tickUnseen() {
  const unseen = isCalled() ? own().flatMap((c) => (c.entry ? newsOf(c) : [])) : [];
  const wanted = unseen.filter((one) => isWanted(one.news, document.cookie));
  if (askedAt && isCalled()) wanted.push({ key: `question ${askedAt}`, news: "arrival" });
  const news = repeats.due(wanted, Date.now());
  if (news) playAgain(news);
}
