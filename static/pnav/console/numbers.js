/**
 * The order of an agent's conversations: where each stands in the list, and which one comes next. The functions are
 * pure.
 *
 * @module
 */

const NORMAL = 0; // triage.rules.Urgency
const CRITICAL = 2;

/**
 * What the list is sorted by.
 *
 * @typedef {object} Placed
 * @property {boolean} [isEmergency] a procedure is open
 * @property {string} waits whose turn it is
 * @property {boolean} [isMarked] words of suicide or of danger are not dealt with
 * @property {number} urgency 0 to 2
 * @property {boolean} [isOffline] nobody has been seen on their page, or their exchange is at rest
 * @property {string} since when the person waits for an answer, in ISO 8601; else when somebody wrote last
 * @property {number} number
 * @property {boolean} [isUnanswered] they wait, and the agent has not written to them yet
 * @property {string} [assigned] when the agent got them, in ISO 8601
 */

const TURNS = ["me", "given", "them", "left"];

/** Whether the agent owes them a word: they wait for it, or were just given. @param {Pick<Placed, "waits">} one */
export const isOwed = ({ waits }) => waits === "me" || waits === "given";

/** @param {Placed} one @returns {number} 0 for each to whom a word is owed, and what comes after them */
const turnOf = (one) => (isOwed(one) ? 0 : TURNS.indexOf(one.waits));

/** @param {Placed} one @returns {number} 1: whoever is there comes first */
const isPutAfter = ({ isOffline, isMarked }) => Number(Boolean(isOffline && !isMarked));

/**
 * Compare two conversations in the order of the list, as `inbox.Entry.rank` does: an open procedure first, then words of
 * danger that are not dealt with, those to whom a word is owed, the urgency, who is there before who is offline (unless
 * their words of danger are not dealt with), who waits for words before who was just given, and the longest wait.
 *
 * @param {Placed} one
 * @param {Placed} other
 */
export const byRank = (one, other) =>
  Number(other.isEmergency ?? false) - Number(one.isEmergency ?? false) ||
  Number(other.isMarked ?? false) - Number(one.isMarked ?? false) ||
  turnOf(one) - turnOf(other) ||
  other.urgency - one.urgency ||
  isPutAfter(one) - isPutAfter(other) ||
  TURNS.indexOf(one.waits) - TURNS.indexOf(other.waits) ||
  Date.parse(one.since) - Date.parse(other.since) ||
  one.number - other.number;

/** @param {Placed} one @returns {number[]} what stands first in every order that an agent may choose, as 0 */
const notFirst = ({ isEmergency, isMarked, isUnanswered, urgency, waits }) =>
  [isEmergency, isMarked, urgency === CRITICAL && waits !== "left", isUnanswered].map((is) => Number(!is));

/** @type {Record<string, (one: Placed) => number[]>} what an agent may choose but the given order (`list_order.Order`) */
const CHOSEN = {
  attente: ({ waits, since }) => [TURNS.indexOf(waits), Date.parse(since)],
  numero: () => [],
  arrivee: ({ assigned }) => [-Date.parse(assigned ?? "")],
};

/**
 * Return how conversations are compared in a chosen order, as `inbox.Entry.place_in` does. Whatever is chosen, an open
 * procedure, words of danger, a critical urgency and who has had no answer yet stand first.
 *
 * @param {string} order
 * @returns {(one: Placed, other: Placed) => number}
 */
export const inOrder = (order) => {
  if (!Object.hasOwn(CHOSEN, order)) return byRank;
  const chosen = CHOSEN[order];
  const key = (/** @type {Placed} */ one) => [...notFirst(one), ...chosen(one), one.number];
  return (one, other) => {
    const others = key(other);
    return key(one).reduce((found, value, at) => found || value - others[at], 0);
  };
};

/**
 * Whether a conversation is shown in a view of the list, as `inbox.is_in_view` decides. Words of danger that are not
 * dealt with, and an open procedure, are shown in each.
 *
 * @param {string} view
 * @param {Pick<Placed, "waits" | "urgency" | "isMarked" | "isEmergency">} one
 */
export const isInView = (view, { waits, urgency, isMarked, isEmergency }) =>
  Boolean(isMarked || isEmergency) ||
  (view === "a-repondre" ? isOwed({ waits }) : view !== "urgents" || urgency > NORMAL);

const TO_SEE_MS = 1500; // from a change on screen until a pointer or a finger that was on its way has stopped

/**
 * Return which of these conversations a key opens next. The most urgent comes first. What counts is what was on
 * screen while the agent was about to press: somebody who came or wrote since then is next only when nobody else waits.
 *
 * @template {{ turnAt?: number }} T
 * @param {T[]} waiting turnAt: when this page learnt that they wait, in ms
 * @param {number} now
 * @returns {T | undefined}
 */
export const nextSeen = (waiting, now) => waiting.find(({ turnAt = 0 }) => now - turnAt >= TO_SEE_MS) ?? waiting[0];

/**
 * Return the index one further down (1) or up (-1); after the last comes the first. When none is chosen, return the
 * first for a step down and the last for a step up.
 *
 * @param {number} count at least 1
 * @param {number} at -1: none is chosen
 * @param {1 | -1} by
 */
export const stepTo = (count, at, by) => (at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count);

/** Whether Alt and a digit opens the conversation with this number (`chat.rules.handles.BY_KEY`). @param {number} number */
export const hasKey = (number) => number >= 1 && number <= 9;

/**
 * Return the name of the sentence that announces a conversation. Only one that a key opens names the key.
 *
 * @param {number} number
 * @param {boolean} [inDanger]
 */
export const arrivalSentence = (number, inDanger = false) =>
  `assigned${hasKey(number) ? "" : "_without_key"}${inDanger ? "_danger" : ""}`;

/** What a key asks for, alone or with Alt. @typedef {{ step?: 1 | -1, letter?: string, number?: number }} Asked */

/**
 * Return what an agent asks for with Alt and a key, or null when it is no key of ours. On a keyboard that is not Latin,
 * the position of the key counts.
 *
 * @param {Pick<KeyboardEvent, "key" | "code">} event
 * @returns {Asked | null}
 */
export const asked = ({ key, code }) => {
  if (key === "ArrowDown") return { step: 1 };
  if (key === "ArrowUp") return { step: -1 };
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (digit) return { number: Number(digit[1]) };
  if (/^[a-z]$/i.test(key)) return { letter: key.toUpperCase() };
  const place = /^Key([A-Z])$/.exec(code);
  return place && { letter: place[1] };
};
