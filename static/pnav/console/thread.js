/**
 * This module draws the messages of one conversation, and notes what was read. `compose.js` sends the agent's.
 *
 * @module
 */

import { build, find as findDanger } from "../lib/danger-words.js";
import { all, find, fromTemplate, hide, seek } from "../lib/dom.js";
import { plain } from "../lib/plain.js";
import { writtenShort } from "../lib/time.js";
import { paint } from "./list.js";
import { announce, desk, isReady, root, seekSlot, slot, transmit, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const TYPING_MS = 6000;
const NEAR = 80; // px from the end

/** @param {string} author @param {Date} sentAt @param {string} body @param {string} state */
export function draw(author, sentAt, body, state) {
  const element = fromTemplate("modele-message");
  const time = /** @type {HTMLTimeElement} */ (slot("time", element));
  element.dataset.author = author;
  slot("author", element).textContent = words[author];
  time.textContent = writtenShort(sentAt, document.documentElement.lang);
  time.dateTime = sentAt.toISOString();
  slot("body", element).textContent = plain(body, words.misleading);
  slot("state", element).textContent = state;
  return element;
}

const phrases = build(JSON.parse(root.dataset.dangerPhrases ?? "[]"));

/**
 * Mark a message in which the person tells of suicide or of danger. Nothing is hidden, and nothing is sent.
 *
 * @param {Conversation} c
 * @param {HTMLElement} element
 * @param {string} text as it is shown
 * @returns {string} what it tells of, in words; empty: nothing
 */
export function markDanger(c, element, text) {
  const kinds = findDanger(phrases, text).sort().reverse(); // suicide first
  const model = seek("[data-danger-model]", c.thread, HTMLTemplateElement);
  if (!kinds.length || !model) return "";
  const what = kinds.map((kind) => words[`danger_${kind}`]).join(", ");
  const mark = /** @type {HTMLElement} */ (find("[data-danger]", model.content).cloneNode(true));
  slot("danger-words", mark).textContent = what;
  slot("prevention", mark).hidden = !kinds.includes("suicide");
  element.append(mark);
  return what;
}

/* --- what is on screen --- */

/** @param {Conversation} c */
export const isNearEnd = (c) => c.log.scrollHeight - c.log.scrollTop - c.log.clientHeight < NEAR;

/** @param {Conversation} c */
export function toEnd(c) {
  c.log.scrollTop = c.log.scrollHeight;
  markRead(c);
}

/** Say no more where unread messages begin. @param {Conversation} c */
export const dropUnreadLine = (c) => seek("[data-unread-line]", c.log)?.remove();

/**
 * Say above the first message that nobody has had on screen that those below are unread. It stands until the
 * conversation is left. A thread of which nothing was read needs no such line.
 *
 * @param {Conversation} c
 */
export function showUnreadLine(c) {
  dropUnreadLine(c);
  if (!c.unread || c.over) return;
  const [first, ...others] = all("[data-seq]:not([data-author=system])", c.log);
  const isUnread = (/** @type {HTMLElement} */ { dataset }) =>
    dataset.author === "reporter" && Number(dataset.seq) > c.readSeq;
  if (first && !isUnread(first)) others.find(isUnread)?.before(fromTemplate("modele-non-lus"));
}

/** Give a message the focus, in the middle of what is on screen. @param {Conversation} c @param {HTMLElement} message */
export function aimAt(c, message) {
  c.atEnd = false;
  message.tabIndex = -1;
  message.focus({ preventScroll: true });
  message.scrollIntoView({ block: "center" });
}

/** Return whether the agent is looking at this conversation. @param {Conversation} c */
export const isShown = (c) => c === desk.current && !document.hidden;

/** @param {Conversation} c */
export function markRead(c) {
  if (!isShown(c) || c.over || !isNearEnd(c)) return;
  find("[data-more]", c.thread).hidden = true;
  if (c.lastSeq <= c.readSeq && !c.unread) return;
  c.readSeq = c.lastSeq;
  c.unread = 0;
  tellRead(c);
  paint(c);
}

/** Tell the server up to which message we have read, unless it knows. @param {Conversation} c */
export function tellRead(c) {
  if (!isReady() || c.readSeq <= c.readSent) return;
  c.readSent = c.readSeq;
  transmit({ type: "read", conversation: c.id, seq: c.readSeq });
}

/** @param {Conversation} c @param {number} seq up to where the person has read */
export function showRead(c, seq) {
  c.theirRead = Math.max(c.theirRead, seq);
  const states = all("[data-author=agent][data-seq]", c.log)
    .filter((element) => Number(element.dataset.seq) && Number(element.dataset.seq) <= c.theirRead)
    .map((element) => slot("state", element))
    .filter((state) => state.textContent !== words.read);
  for (const state of states) state.textContent = words.read;
  if (states.length && c === desk.current) announce(words.read);
}

/** @param {Conversation} c @param {boolean} isOn the person writes */
export function showTyping(c, isOn) {
  clearTimeout(c.typingTimer);
  hide(find("[data-typing] > span", c.thread), !isOn);
  const mark = seekSlot("typing", c.entry); // what has ended came without it
  if (mark) {
    hide(mark, !isOn);
    mark.parentElement?.toggleAttribute("data-typing", isOn);
  }
  if (isOn) c.typingTimer = setTimeout(() => showTyping(c, false), TYPING_MS);
}

/**
 * Return where the next message of the other side goes: before our messages that are not sent yet.
 *
 * @param {Conversation} c
 */
export const nextPlace = (c) => seek("[data-pending]", c.log) || find("[data-end]", c.log);
