/**
 * What the console knows: the conversations of one agent, which of them is open, and the words that the server gave.
 *
 * @module
 */

import { all, byId, find, seek } from "../lib/dom.js";
import { createVoice, heardDespiteCuts } from "../lib/voice.js";
import { fill } from "../lib/words.js";
import { byRank, inOrder } from "./numbers.js";

/** @typedef {import("../lib/protocol.js").Frame} Frame */

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {HTMLElement} entry in the list
 * @property {HTMLElement} thread
 * @property {HTMLElement} dossier what is known of the person
 * @property {HTMLElement} log the messages
 * @property {HTMLFormElement | null} form to answer; none once it is over
 * @property {HTMLTextAreaElement | null} area of that form
 * @property {string} name its word and its place: « renard · Toulouse (31) »
 * @property {string} aim its number and its word: « 4 · renard »
 * @property {number} number of its key, which the server gave and which does not change; 0: it has ended
 * @property {number} urgency 0 to 2
 * @property {number} unread
 * @property {string} waits whose turn it is: "me", "given" (mine too: it came from a colleague), "them", or "left"
 * @property {string} since when the person waits for an answer, in ISO 8601; empty: they do not
 * @property {number} [turnAt] when this page learnt that they wait for us, in ms
 * @property {number} [lateOf] the wait of which was said that its limit is broken, by its beginning, in seconds
 * @property {string} seen when the person was seen last, as the list told it, in ISO 8601
 * @property {boolean} offline
 * @property {boolean} asleep the person's page is out of sight, and may sleep
 * @property {boolean} dormant their exchange is at rest, and fills no place
 * @property {number} [backAt] when the list told that they are back, in ms; 0: they are away, or were answered
 * @property {boolean} [isReturnRead] the line that says that they are back was read aloud since the list was read
 * @property {boolean} over
 * @property {boolean} gone no longer ours to read
 * @property {boolean} isNew until it is opened
 * @property {boolean} isUnanswered since they were given to us, we have not written to them
 * @property {boolean} isBeyond it came beyond our places, because of a danger, and we hold more than these still
 * @property {boolean} isEndHeld its end was undone by a word of the person, and nobody has answered since
 * @property {string} [said] by supervisors to this agent alone, and not read yet; a line for each
 * @property {boolean} isStale what its person says of it has changed since it was drawn
 * @property {boolean} confirmed the server has named it since the line began
 * @property {boolean} atEnd its last messages are on screen
 * @property {number} lastSeq
 * @property {number} readSeq up to where we read
 * @property {number} readSent up to where the server was told so, on this line
 * @property {number} theirRead up to where the person has read
 * @property {number} typedAt when the person was last told that we write, in ms
 * @property {ReturnType<typeof setTimeout>} [typingTimer]
 * @property {import("../lib/outbox.js").Outbox} outbox
 * @property {ReturnType<typeof import("../lib/draft.js").createDraft>} [draft] of the answer, as the server keeps it
 */

export const root = byId("console");
export const home = root.dataset.home ?? "";
export const list = byId("liste");
export const over = byId("termines");
/** @type {Record<string, string>} */
export const words = JSON.parse(root.dataset.words ?? "{}");
export const announce = createVoice(byId("annonces"));
const atOnce = createVoice(byId("annonces-danger"), () => Infinity);
/** Says a danger, at once, and again when the focus moves meanwhile or somebody types. */
export const alarm = heardDespiteCuts(atOnce, document);
/** @type {Map<string, Conversation>} */
export const conversations = new Map();

export const desk = {
  /** @type {Conversation | null} */
  current: null,
  /** @type {import("../lib/protocol.js").Line | null} once the page has begun */
  line: null,
  /** The session has ended, so nothing can be sent from this page. */
  isOver: false,
};

/** @param {string} key @param {Record<string, string | number>} [values] */
export const say = (key, values) => fill(words[key], values);

/**
 * Return the name of a button as it is read, without whom it acts on and its keys.
 *
 * @param {HTMLElement | null | undefined} button
 */
function actOf(button) {
  if (!button) return "";
  const copy = /** @type {HTMLElement} */ (button.cloneNode(true));
  for (const part of all(".console-aim, .fr-sr-only, kbd", copy)) part.remove();
  return (copy.textContent ?? "").trim().replace(/\s+/g, " ");
}

/**
 * Return a sentence that says what became of an act, of whom and which: « 3 · lama, « Passer l'échange » : … ». The agent
 * may be with somebody else when it comes.
 *
 * @param {"failed" | "unanswered"} key
 * @param {Conversation | undefined} c
 * @param {HTMLElement | null} [button] that was pressed
 */
export function sayOf(key, c, button) {
  const act = actOf(button);
  const aim = c?.aim ?? "";
  if (!act && !aim) return words[key];
  const what = act && aim ? say("act_of", { aim, act }) : act ? say("act", { act }) : aim;
  return say(`${key}_act`, { what });
}

/**
 * Return the conversations that are ours and not over, in this order.
 *
 * @param {(one: import("./numbers.js").Placed, other: import("./numbers.js").Placed) => number} compare
 */
const sorted = (compare) =>
  [...conversations.values()]
    .filter((c) => !c.over)
    .map((c) => ({ c, place: placed(c) })) // what decides is read from the page once, and not at each comparison
    .sort((a, b) => compare(a.place, b.place))
    .map(({ c }) => c);

/** Return the conversations that are ours and not over, in the order of the list, which the agent may choose. */
export const own = () => sorted(inOrder(list.dataset.order ?? ""));

/** Return the same, with those who need an answer first and the most urgent of them at the head, whatever was chosen. */
export const byUrgency = () => sorted(byRank);

/** Return what decides the place of a conversation in the list. @param {Conversation} c */
export const placed = ({ waits, urgency, since, entry, number, isUnanswered, offline, dormant }) => {
  const active = /** @type {HTMLTimeElement} */ (slot("active", entry));
  const assigned = seekSlot("own", entry)?.dataset.assigned;
  const isEmergency = seekSlot("emergency", entry)?.hidden === false;
  const isMarked = seekSlot("danger", entry)?.hidden === false;
  return {
    isEmergency,
    isMarked,
    isUnanswered: isUnanswered && waits === "me",
    isOffline: offline || dormant,
    waits,
    urgency,
    since: since || active.dateTime,
    assigned,
    number,
  };
};

/** @param {string | undefined} id */
export const known = (id) => (id ? conversations.get(id) : undefined);

export const csrf = () => find("[name=csrfmiddlewaretoken]", document, HTMLInputElement).value;

/** Send a frame. It is lost when there is no line, so a caller keeps what must arrive. @param {Frame} frame */
export const transmit = (frame) => desk.line?.send(frame);

/**
 * Put a thread or a dossier aside, or show it. A part that is aside keeps its layout (console.css), so that it can be
 * shown again at once, and is hidden from screen readers. It does not keep the focus, because what is typed would go
 * where nobody sees it.
 *
 * @param {HTMLElement} part
 * @param {boolean} isAside
 */
export const putAside = (part, isAside) => {
  const focused = document.activeElement;
  if (isAside && focused instanceof HTMLElement && part.contains(focused)) focused.blur();
  part.hidden = isAside;
  part.ariaHidden = isAside ? "true" : null;
};

export const isReady = () => Boolean(desk.line?.ready);

/** @param {string} name @param {Element | Document} from */
export const slot = (name, from) => find(`[data-slot=${name}]`, from);

/** @param {string} name @param {Element | Document} from */
export const seekSlot = (name, from) => seek(`[data-slot=${name}]`, from);

/** Where the agent's own availability is drawn. */
export const dutyBar = () => byId("disponibilite");
