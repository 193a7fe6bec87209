/**
 * The order of an agent's conversations: where each stands in the list, and which comes next. Pure.
 *
 * @module
 */

const NORMAL = 0; // triage.rules.Urgency

/**
 * What the list is sorted by.
 *
 * @typedef {object} Placed
 * @property {boolean} [isEmergency] a procedure is open
 * @property {string} waits whose turn it is
 * @property {boolean} [isMarked] words of suicide or of danger are not dealt with
 * @property {number} urgency 0 to 2
 * @property {string} since when the person waits for an answer, in ISO 8601; else when somebody wrote last
 * @property {number} number
 */

const TURNS = ["me", "them", "left"];

/**
 * The order of the list, as `inbox.Entry.rank` has it: an open procedure, whose turn it is, whose words of danger are
 * not dealt with, the most urgent, who waits the longest.
 *
 * @param {Placed} one
 * @param {Placed} other
 */
export const byRank = (one, other) =>
  Number(other.isEmergency ?? false) - Number(one.isEmergency ?? false) ||
  TURNS.indexOf(one.waits) - TURNS.indexOf(other.waits) ||
  Number(other.isMarked ?? false) - Number(one.isMarked ?? false) ||
  other.urgency - one.urgency ||
  Date.parse(one.since) - Date.parse(other.since) ||
  one.number - other.number;

/**
 * Whether a conversation belongs to what the list is narrowed to (`inbox.VIEWS`).
 *
 * @param {string} view
 * @param {Pick<Placed, "waits" | "urgency">} one
 */
export const isInView = (view, { waits, urgency }) =>
  view === "a-repondre" ? waits === "me" : view !== "urgents" || urgency > NORMAL;

const TO_SEE_MS = 1500; // from a change on the screen until a hand that was on its way has stopped

/**
 * Who is next for a key, of these in their order: by what was on the screen while the hand was on its way. Whoever came
 * or wrote since is next only where nobody else waits.
 *
 * @template {{ turnAt?: number }} T
 * @param {T[]} waiting turnAt: when this page learnt that they wait, in ms
 * @param {number} now
 * @returns {T | undefined}
 */
export const nextSeen = (waiting, now) => waiting.find(({ turnAt = 0 }) => now - turnAt >= TO_SEE_MS) ?? waiting[0];

/**
 * Which of so many, one further down (1) or up (-1); from the last to the first. Nothing chosen: the first, or the last.
 *
 * @param {number} count at least 1
 * @param {number} at -1: none is chosen
 * @param {1 | -1} by
 */
export const stepTo = (count, at, by) => (at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count);

/** What a key alone, or with Alt, asks for. @typedef {{ step?: 1 | -1, letter?: string, number?: number }} Asked */

/**
 * What an agent asks for with Alt and a key; null: nothing of ours. A keyboard may be Latin or not: then it is the place
 * of the key that counts.
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
