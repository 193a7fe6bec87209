/**
 * What the console's screen does with each frame from the server (docs/protocol.md).
 *
 * @module
 */

import { find, seek } from "../lib/dom.js";
import { plain } from "../lib/plain.js";
import { hour } from "../lib/time.js";
import { refreshAsides } from "./asides.js";
import { assigned } from "./conversation.js";
import { addDanger, sayDanger } from "./dangers.js";
import { leave, readLate } from "./leaving.js";
import { paint, refreshList } from "./list.js";
import { refreshBeside, refreshTold, refreshTransmission } from "./panels.js";
import { personWrote } from "./pending-ends.js";
import { offersMayBeNew, refreshOffers, showQueue } from "./queue.js";
import { check, leftUnread, readMissing } from "./readings.js";
import { noteReturnRead } from "./returns.js";
import { beep } from "./sound.js";
import { announce, desk, known, own, say, seekSlot, slot, transmit, words } from "./state.js";
import * as threads from "./thread.js";

/** @typedef {import("./state.js").Conversation} Conversation */
/** @typedef {import("./state.js").Frame} Frame */
/** @typedef {{ seq: number, client_id: string | null, author: string, sent_at: string, body: string }} Item */

const LAST_SHOWN = 120;
const LAST_READ = 400;
const BY_SUPERVISOR = /^\[[^\]\n]+\]\n/; // as `inbox.BY_SUPERVISOR`

/** Show the beginning of the last message, as the list has it. @param {Conversation} c @param {Item} item */
function showLast(c, item) {
  const last = seekSlot("last", c.entry);
  if (!last) return;
  const head = (item.author === "agent" && BY_SUPERVISOR.exec(item.body)?.[0]) || "";
  slot("last-own", c.entry).hidden = item.author !== "agent" || Boolean(head);
  // « Agent : » of a colleague before goes with the words: who writes from now on is this page's agent, or the person.
  const said = beginning(plain(item.body.slice(head.length).slice(0, LAST_READ), words.misleading));
  last.textContent = head ? `${words.by_supervisor} ${said}` : said;
  if (last.parentElement) last.parentElement.hidden = !last.textContent;
}

/** Put a text on one line, as `inbox.last_words` does. @param {string} text */
const beginning = (text) => text.split(/\s+/).filter(Boolean).join(" ").slice(0, LAST_SHOWN);

/** Set whose turn it is after this message. @param {Conversation} c @param {Item} item */
function turn(c, item) {
  if (item.author === "agent") {
    if (seekSlot("promise", c.entry)?.dataset.until) refreshList(); // the server knows whether this ends the promise
    c.since = "";
    c.backAt = 0;
    c.isEndHeld = c.isUnanswered = false;
    if (c.waits !== "left") c.waits = "them";
  } else {
    if (!c.since) c.since = item.sent_at;
    c.waits = "me";
  }
  showLast(c, item);
  const active = /** @type {HTMLTimeElement} */ (slot("active", c.entry));
  active.textContent = hour(new Date(item.sent_at), document.documentElement.lang);
  active.dateTime = item.sent_at;
}

/**
 * Announce a danger at once, and show it in the list until the agent has dealt with it.
 *
 * @param {Conversation} c
 * @param {string} what empty: nothing
 * @param {number} seq
 */
function tellDanger(c, what, seq) {
  if (!what) return;
  addDanger(c, what, seq);
  sayDanger(c, what);
}

/**
 * Take the next message of a conversation.
 *
 * @param {Conversation} c
 * @param {Item} item
 * @param {boolean} isPending our own, drawn already
 * @returns {string | undefined} the danger that it tells of, in words
 */
function take(c, item, isPending) {
  c.lastSeq = item.seq;
  const state = item.author === "agent" ? words[item.seq <= c.theirRead ? "read" : "sent"] : "";
  const element = threads.draw(item.author, new Date(item.sent_at), item.body, state);
  element.dataset.seq = String(item.seq);
  c.log.insertBefore(element, threads.nextPlace(c));
  if (threads.isShown(c) && !isPending) announce(`${words[item.author]}. ${slot("body", element).textContent}`);
  if (item.author === "system") {
    if (threads.isShown(c)) noteReturnRead(c, item.body);
    refreshList(); // it tells of a departure, a return or an answer to an offer, which change the list
    offersMayBeNew();
    if (item.client_id?.[14] === "8") refreshTransmission(c);
    return undefined;
  }
  turn(c, item);
  if (item.author !== "reporter") return undefined;
  c.offline = c.asleep = c.dormant = false;
  c.unread += 1;
  personWrote(c);
  const danger = threads.markDanger(c, element, slot("body", element).textContent ?? "");
  tellDanger(c, danger, item.seq);
  if (danger) refreshBeside(c, `#dire-${c.id}`); // the first question is whether they are safe
  threads.showTyping(c, false);
  const proposed = `#proposees-${c.id}`;
  if (seek(`${proposed} [name=asked]`)) {
    refreshBeside(c, proposed); // it may be the answer to that question
    if (seek(`#refus-fin-${c.id} [role=alert]`)) refreshBeside(c, `#refus-fin-${c.id}`); // which an end waited for
  }
  return danger;
}

/** Whether somebody's words are among these, and not in the thread yet. @param {Conversation} c @param {Item[]} items */
const hasNews = (c, items) => items.some(({ author, seq }) => author !== "system" && seq > c.lastSeq);

/** @param {Frame} frame of type `messages` */
function receive(frame) {
  const c = known(frame.conversation);
  if (!c || c.gone) return;
  if (c.over && hasNews(c, /** @type {Item[]} */ (frame.items))) {
    readLate(c);
    return;
  }
  // Whether a thread that is not on screen is at its end is decided when it is opened. Measuring it here made the
  // browser lay out the page.
  const wasNear = c === desk.current && threads.isNearEnd(c);
  const isHere = threads.isShown(c);
  const unread = c.unread;
  let isDanger = false;
  for (const item of /** @type {Item[]} */ (frame.items)) {
    const entry = item.client_id ? c.outbox.find(item.client_id) : undefined;
    if (entry) {
      entry.node.remove();
      c.outbox.settle(entry);
      c.thread.dispatchEvent(new CustomEvent("stored", { bubbles: true, detail: { c, id: item.client_id } }));
      if (isHere) announce(words.sent);
    }
    if (item.seq <= c.lastSeq) continue;
    if (item.seq > c.lastSeq + 1) {
      transmit({ type: "sync", conversation: c.id, after: c.lastSeq }); // messages are missing: ask for them
      break;
    }
    if (take(c, item, Boolean(entry))) isDanger = true;
  }
  if (wasNear) threads.toEnd(c);
  else if (frame.items.length && c === desk.current) find("[data-more]", c.thread).hidden = false;
  if (c.unread > unread && !isHere) {
    announce(say("news", { n: c.number, name: c.name }));
    if (!isDanger) beep("message"); // that of a danger is heard already
  }
  paint(c);
  c.outbox.flush();
}

/**
 * The server has named all of our conversations. Those that it did not name left while we were away.
 *
 * @param {Frame} frame
 */
function queue(frame) {
  showQueue(frame);
  for (const mine of own()) if (!mine.confirmed) check(mine);
  readMissing();
}

/** @param {Frame} frame */
function error(frame) {
  const owner = frame.client_id && own().find((c) => c.outbox.find(frame.client_id));
  const entry = owner?.outbox.find(frame.client_id);
  if (entry) owner.outbox.fail(entry, frame);
}

/**
 * The state of a conversation, or what its person says in the signalement, has changed.
 *
 * @param {Frame} frame
 * @param {Conversation | undefined} c
 */
function state(frame, c) {
  if (!c && frame.status === "closed") leftUnread(frame.conversation, "closed");
  if (!c || c.gone) return;
  if (frame.status === "closed") leave(c, "closed");
  else if (frame.status !== "active") return;
  else refreshTold(c);
}

/** @param {Frame} frame @param {Conversation | undefined} c */
function released(frame, c) {
  const reason = frame.reason === "closed" ? "closed" : "released";
  if (c) leave(c, reason);
  else leftUnread(frame.conversation, reason);
}

/** A colleague said something in an aparté, or a supervisor to us alone: it is read at once. */
function besides() {
  refreshAsides();
  refreshOffers();
}

/** @typedef {(frame: Frame, c: Conversation | undefined) => unknown} Handler the conversation: if it is one of ours */

/** @type {[string, Handler][]} */
const HANDLERS = [
  ["messages", receive],
  ["state", state],
  ["queue", queue],
  ["assigned", (frame) => assigned(frame.conversation)],
  ["released", released],
  ["typing", (_, c) => c && threads.showTyping(c, true)],
  ["read", (frame, c) => c && threads.showRead(c, frame.seq)],
  ["asides", besides],
  ["error", error],
];
const handlers = new Map(HANDLERS);

/** @param {Frame} frame */
export const hear = (frame) => handlers.get(frame.type)?.(frame, known(frame.conversation));
