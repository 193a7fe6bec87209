/**
 * The conversations on the console's screen: how one arrives, is opened, is read again and leaves. Each keeps its own
 * thread, dossier and draft in the memory of the page. Nothing is put into the browser's storage.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { afterFrame } from "../lib/turns.js";
import { writeAddress } from "./addresses.js";
import { keepDrafts } from "./drafts.js";
import { leave } from "./leaving.js";
import { count, paint, waitsSince } from "./list.js";
import { load } from "./pages.js";
import { hasUnread, pageOf, refreshTold } from "./panels.js";
import { beep } from "./sound.js";
import { announce, conversations, desk, list, over, own, putAside, say, seekSlot, transmit } from "./state.js";
import * as threads from "./thread.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @type {Map<string, Promise<Conversation | undefined>>} what is being read, by its conversation */
const loading = new Map();
const opening = { wanted: "" }; // id of a conversation that the agent just accepted; it is opened when it arrives

/** @type {Set<string>} who waited in the list that the page came with; their threads are read one after the other */
const drawnWaiting = new Set();
/** @type {Promise<unknown>[]} the reading of those that the page came with */
const beginnings = [];

/** Wait until the whole list that the page came with is read. Before that, one would choose among a part of it. */
export const listIsRead = () => Promise.all(beginnings);

/** @param {string} id */
export const entryOf = (id, from = document) => seek(`.console-entry[data-conversation="${id}"]`, from);

/** @param {string} id @returns {Conversation} */
function blank(id) {
  const fresh = /** @type {Conversation} */ ({
    id,
    number: 0,
    typedAt: 0,
    readSent: 0,
    isNew: false,
    isStale: false,
    isEndHeld: false,
    confirmed: false,
  });
  fresh.outbox = threads.createOutbox(() => fresh);
  if (desk.line) fresh.outbox.lineIs(desk.line.ready ? "connected" : "reconnecting");
  return fresh;
}

/** Take over a conversation that the server drew. @param {HTMLElement} entry @param {HTMLElement} thread @param {HTMLElement} dossier */
function adopt(entry, thread, dossier) {
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
    offline: Boolean(offline && !offline.hidden),
    asleep: Boolean(asleep && !asleep.hidden),
    dormant: entry.hasAttribute("data-dormant"),
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
  threads.prepareForm(c);
  for (const { node } of c.outbox.entries) c.log.insertBefore(node, find("[data-end]", c.log));
  for (const part of [thread, dossier]) putAside(part, c !== desk.current);
  c.isStale ||= hasUnread(dossier);
  if (c.isStale && c === desk.current) refreshTold(c);
  paint(c);
  return c;
}

/** Put a conversation that was read into the page. @param {Document} page @param {string} id */
function take(page, id) {
  const names = [".console-entry", ".console-thread", ".console-dossier"];
  const [entry, thread, dossier] = names.map((name) => document.adoptNode(find(name, page)));
  const before = conversations.get(id);
  const old = entryOf(id);
  const draft = before?.area?.value; // even when it was just emptied: what the server drew may be older
  if (before?.thread) {
    keepDrafts(before.thread, thread);
    keepDrafts(before.dossier, dossier);
    for (const part of [before.thread, before.dossier]) part.remove();
  }
  const place = thread.dataset.status === "closed" ? over : list;
  if (old && old.parentElement === place) old.replaceWith(entry);
  else {
    old?.remove();
    place.append(entry);
  }
  find("#echange").prepend(thread);
  find("#dossiers").append(dossier);
  const c = adopt(entry, thread, dossier);
  c.confirmed = true;
  if (c.area && draft !== undefined) c.area.value = draft;
  if (c === desk.current) threads.toEnd(c);
  threads.flush(c);
  return c;
}

/** Read a conversation into the page, unless it is being read already. @param {string} id */
export async function fetchConversation(id) {
  if (loading.has(id)) return undefined;
  const read = readConversation(id);
  loading.set(id, read);
  return read;
}

/** @param {string} id */
async function readConversation(id) {
  try {
    const page = await load(pageOf(id));
    return page ? take(page, id) : undefined;
  } catch {
    return undefined; // the next beat asks again
  } finally {
    loading.delete(id);
  }
}

/** Ask whether a conversation that the server did not name is still ours. @param {Conversation} c */
export async function check(c) {
  try {
    if (await load(pageOf(c.id))) threads.flush(c);
    else leave(c, "released");
  } catch {
    // The next beat asks again.
  }
}

/** @param {Conversation} c @param {boolean} isHidden */
const hide = (c, isHidden) => {
  for (const part of [c.thread, c.dossier]) putAside(part, isHidden);
};

/** @param {string} id @param {{ push?: boolean, focus?: boolean }} [how] push: as a step of the browser's history */
export async function open(id, { push = true, focus = true } = {}) {
  let c = conversations.get(id);
  // A press on a line waits while its conversation is being read: it would be lost otherwise.
  if (!c || c.gone || !c.thread) c = await (loading.get(id) ?? fetchConversation(id));
  if (!c) return;
  const before = desk.current === c ? null : desk.current;
  const isOpen = desk.current === c;
  desk.current = c;
  c.isNew = false;
  if (before) hide(before, true);
  find("#repos").hidden = true;
  const hidden = seek("[name=echange]", document, HTMLInputElement);
  if (hidden) hidden.value = c.id;
  const address = find("a", c.entry).getAttribute("href");
  if (!isOpen) writeAddress(c, push ? address : null);
  // Everything is changed before anything is measured, so that the browser lays the page out once.
  putAside(c.thread, false);
  paint(...(before ? [before, c] : [c]));
  threads.toEnd(c);
  if (focus) (c.over || !c.area ? c.log : c.area).focus();
  // Show the thread first. What is known of the person takes as long to draw, and is read after it.
  if (isOpen) find("#dossiers").scrollTop = 0;
  else afterFrame(showDossier);
  if (c.isStale) refreshTold(c);
}

/** Show what is known of the person whose thread is open, from the top. Do nothing when it is on screen already. */
export function showDossier() {
  const { current } = desk;
  if (!current?.dossier.hidden) return;
  putAside(current.dossier, false);
  find("#dossiers").scrollTop = 0;
}

/** Close the open conversation and show none. */
export function closeCurrent() {
  const before = desk.current;
  if (!before) return;
  desk.current = null;
  hide(before, true);
  find("#repos").hidden = false;
  paint(before);
}

/**
 * Remember to open a conversation that was just accepted as soon as it comes.
 *
 * @param {string} id of what we just accepted
 */
export function openWhenItComes(id) {
  opening.wanted = id;
  open(id);
}

/** The server says that this conversation is ours. @param {string} id */
export async function assigned(id) {
  const known = conversations.get(id);
  if (known && !known.over) {
    known.confirmed = true;
    // Over plain HTTP each request asks for all of our conversations, so no frame is needed.
    if (!known.gone && !desk.line?.isSlow) transmit({ type: "sync", conversation: id, after: known.lastSeq });
    return;
  }
  const c = await fetchConversation(id);
  if (!c || c.over) return;
  c.isNew = true; // it is new until it is opened
  count();
  announce(say("assigned", { n: c.number, name: c.name }));
  beep(880);
  if (opening.wanted === id) {
    opening.wanted = "";
    open(id);
    return;
  }
  showMostUrgent();
}

/**
 * When nothing is open, show who comes: the most urgent, if several come together. The focus stays where it is, and
 * nothing replaces what the agent has opened.
 */
async function showMostUrgent() {
  await Promise.all(loading.values());
  const [first] = own().filter((c) => c.isNew);
  if (!desk.current && first) open(first.id, { focus: false });
}

/** When the agent comes back to the page, read what the open conversation's person says now, if it changed. */
const watchReturn = () =>
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && desk.current?.isStale) refreshTold(desk.current);
  });

/** Take over what the page came with: at most one open conversation, and the entries of the others. */
export function begin() {
  watchReturn();
  for (const one of all(".console-entry[data-waits=me]", list)) drawnWaiting.add(one.dataset.conversation ?? "");
  const shown = seek(".console-thread");
  const entry = shown && entryOf(shown.dataset.conversation ?? "");
  if (shown && entry) {
    const c = adopt(entry, shown, find(".console-dossier"));
    desk.current = c;
    hide(c, false);
    paint(c);
    threads.toEnd(c);
  }
  for (const one of all(".console-entry", list)) {
    const id = one.dataset.conversation ?? "";
    if (!conversations.has(id)) beginnings.push(fetchConversation(id));
  }
}
