/**
 * Takes over a conversation that the server drew: what the page knows of it, and what its thread reacts to.
 *
 * @module
 */

import { find, seek } from "../lib/dom.js";
import { createOutbox, prepareForm } from "./compose.js";
import { paint } from "./list.js";
import { waitsSince } from "./list-entry.js";
import { hasUnread, refreshTold } from "./panels.js";
import { conversations, desk, putAside, seekSlot } from "./state.js";
import * as threads from "./thread.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @type {Set<string>} who waited in the list that the page came with; their threads are read one after the other */
export const drawnWaiting = new Set();

/** @param {string} id @returns {Conversation} */
function blank(id) {
  const fresh = /** @type {Conversation} */ ({
    id,
    number: 0,
    typedAt: 0,
    readSent: 0,
    isNew: false,
    isUnanswered: false,
    isStale: false,
    isEndHeld: false,
    isBeyond: false,
    confirmed: false,
  });
  fresh.outbox = createOutbox(() => fresh);
  if (desk.line) fresh.outbox.lineIs(desk.line.ready ? "connected" : "reconnecting");
  return fresh;
}

/**
 * Take over a conversation that the server drew.
 *
 * @param {HTMLElement} entry
 * @param {HTMLElement} thread
 * @param {HTMLElement} dossier
 * @param {boolean} [isOpen] whether the page came with it: it is not put aside, so its field in error keeps the focus
 */
export function adopt(entry, thread, dossier, isOpen = false) {
  const id = entry.dataset.conversation ?? "";
  const c = conversations.get(id) || blank(id);
  const offline = seekSlot("offline", entry);
  const asleep = seekSlot("asleep", entry);
  const form = seek("[data-reply]", thread, HTMLFormElement);
  Object.assign(c, {
    entry,
    thread,
    dossier,
    form,
    gone: false,
    name: entry.dataset.name,
    aim: entry.dataset.aim,
    number: Number(entry.dataset.number),
    urgency: Number(entry.dataset.urgency),
    unread: Number(entry.dataset.unread),
    waits: entry.dataset.waits,
    // The agent saw all entries of the page's own list at once, in whichever order their threads are read.
    turnAt: c.turnAt ?? (drawnWaiting.delete(id) ? 0 : undefined),
    since: waitsSince(entry),
    over: thread.dataset.status === "closed",
    lastSeq: Number(thread.dataset.lastSeq),
    seen: entry.dataset.seen ?? "",
    offline: Boolean(offline && !offline.hidden),
    asleep: Boolean(asleep && !asleep.hidden),
    dormant: entry.hasAttribute("data-dormant"),
    isUnanswered: entry.hasAttribute("data-unanswered"),
    isBeyond: entry.hasAttribute("data-beyond"),
    readSeq: Number(thread.dataset.readSeq),
    readSent: Number(thread.dataset.readSeq),
    theirRead: Number(thread.dataset.theirRead),
    log: find("[data-log]", thread),
    area: form && find("[name=body]", form),
    atEnd: true,
  });
  conversations.set(id, c);
  // When the room has just changed, only the observer below decides: a scroll event under way is older.
  const room = () => `${c.log.offsetWidth} × ${c.log.offsetHeight}`;
  let judged = "";
  c.log.addEventListener(
    "scroll",
    () => {
      if (room() === judged) c.atEnd = threads.isNearEnd(c);
      threads.markRead(c);
    },
    { passive: true },
  );
  // A panel that opens, or a screen that is turned, leaves less room. The last words stay in sight.
  new ResizeObserver(() => {
    judged = room();
    if (c === desk.current && c.atEnd && c.log.clientHeight) threads.toEnd(c);
  }).observe(c.log, { box: "border-box" });
  prepareForm(c);
  for (const { node } of c.outbox.entries) c.log.insertBefore(node, find("[data-end]", c.log));
  for (const part of [thread, dossier]) putAside(part, !isOpen && c !== desk.current);
  c.isStale ||= hasUnread(dossier);
  if (c.isStale && c === desk.current) refreshTold(c);
  paint(c);
  return c;
}
