/**
 * This module has the conversations on the console's screen: how one arrives, is opened, is read again and leaves. Each
 * keeps its own thread, dossier and draft in the memory of the page. Nothing is put into the browser's storage.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { afterFrame } from "../lib/turns.js";
import { lastOpen, rememberOpen, writeAddress } from "./addresses.js";
import { adopt, drawnWaiting } from "./adopt.js";
import { followExchange } from "./asides.js";
import { dangerOf } from "./dangers.js";
import { checkPause } from "./duty.js";
import { count, paint } from "./list.js";
import { noteWork } from "./moved-on.js";
import * as notice from "./notice.js";
import { arrivalSentence } from "./numbers.js";
import { refreshTold } from "./panels.js";
import { awaited, fetchConversation, leftMeanwhile, loading } from "./readings.js";
import { note } from "./recent.js";
import { beep } from "./sound.js";
import { alarm, announce, byUrgency, conversations, desk, list, putAside, say, transmit, words } from "./state.js";
import { entryOf } from "./take.js";
import * as threads from "./thread.js";
import { openedByPage } from "./unseen.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const CRITICAL = 2; // triage.rules.Urgency

const wishes = { made: 0 }; // by the agent, to open a conversation; of two that have to be read, the later one counts

/** @type {Promise<unknown>[]} the reading of those that the page came with */
const beginnings = [];

/** Wait until the whole list that the page came with is read. Before that, one would choose among a part of it. */
export const listIsRead = () => Promise.all(beginnings);

/**
 * Read again whom the server gave to this agent while the page could not read them. The person has been told that the
 * agent is there, and the list has no line of theirs yet.
 */
export function readAwaited() {
  for (const id of awaited) if (!loading.has(id)) assigned(id);
}

/** @param {Conversation} c @param {boolean} isHidden */
const hide = (c, isHidden) => {
  if (isHidden) threads.dropUnreadLine(c);
  for (const part of [c.thread, c.dossier]) putAside(part, isHidden);
};

/** @typedef {{ push?: boolean, focus?: boolean }} How push: as a step of the browser's history */

/**
 * Open a conversation because the agent wants it. One that is not in the page is read first: a press on its line would
 * be lost otherwise. When the agent writes or goes elsewhere meanwhile, it waits in the list.
 *
 * @param {string} id
 * @param {How} [how]
 * @returns {Promise<boolean>} whether the page has it; that it waits is said
 */
export async function open(id, how) {
  wishes.made += 1;
  const wish = wishes.made;
  const was = conversations.get(id);
  if (was && !was.gone) {
    show(was, how);
    return true;
  }
  const hasMovedOn = noteWork();
  const c = await read(id);
  if (!c) return false;
  if (wish === wishes.made && !hasMovedOn()) show(c, how);
  else {
    c.isNew ||= c.isUnanswered && c !== desk.current;
    count();
    if (wish === wishes.made) tellWaits(c);
  }
  return true;
}

/**
 * Return a conversation once it is in the page. Of one that is nobody's to read any more, what can be copied is still
 * here.
 *
 * @param {string} id
 */
async function read(id) {
  const was = conversations.get(id);
  if (was && !was.gone) return was;
  return (await (loading.get(id) ?? fetchConversation(id))) ?? was;
}

/** @type {Set<string>} those of which it was said that they wait in the list: their arrival is not shown over that */
const toldToWait = new Set();

/** Say, in sight too, that what was wanted is in the list. @param {Conversation} c */
function tellWaits({ id, aim }) {
  toldToWait.add(id);
  notice.tell(say("opening_waits", { aim }), id);
}

/** @type {WeakMap<Conversation, string>} with which sentence each of them was announced */
const arrivals = new WeakMap();

/**
 * Return what announces an arrival, and why it comes to an agent who has no place.
 *
 * @param {Conversation} c
 * @param {boolean} inDanger
 */
function arrivalOf(c, inDanger) {
  const sentence = say(arrivalSentence(c.number, inDanger), { n: c.number, name: c.name });
  return c.isBeyond ? `${sentence} ${words.beyond}` : sentence;
}

/**
 * A conversation was accepted by an agent who went on with something else meanwhile. It comes with a tone and waits in
 * the list, and that is said where the offer has disappeared.
 *
 * @param {string} id
 */
export async function letWait(id) {
  const isHere = () => conversations.get(id)?.gone === false;
  // The answer may come before the frame that says so, which then finds it known, and says nothing.
  if (!isHere()) await (loading.get(id) ?? assigned(id));
  const c = conversations.get(id);
  if (c && isHere() && c !== desk.current) tellWaits(c);
}

/** @param {Conversation} c @param {How} [how] */
function show(c, { push = true, focus = true } = {}) {
  const before = desk.current === c ? null : desk.current;
  const isOpen = desk.current === c;
  desk.current = c;
  rememberOpen(c.id);
  c.isNew = false;
  notice.takeBack(arrivals.get(c) ?? ""); // it lay over their first words
  if (before) hide(before, true);
  find("#repos").hidden = true;
  const hidden = seek("[name=echange]", document, HTMLInputElement);
  if (hidden) hidden.value = c.id;
  const address = find("a", c.entry).getAttribute("href");
  if (!isOpen) writeAddress(c, push && !c.gone ? address : null); // once it is gone, it has no page
  // Everything is changed before anything is measured, so that the browser lays the page out once.
  putAside(c.thread, false);
  paint(...(before ? [before, c] : [c]));
  if (!isOpen) threads.showUnreadLine(c);
  threads.toEnd(c);
  if (focus) {
    const to = c.over || !c.area ? c.log : c.area;
    to.focus();
    afterFrame(() => keepClear(to));
  }
  // Show the thread first. What is known of the person takes as long to draw, and is read after it.
  if (isOpen) find("#dossiers").scrollTop = 0;
  else afterFrame(showDossier);
  if (c.isStale) refreshTold(c);
}

/**
 * Where the page itself scrolls, the browser had measured before the thread was whole, and left half of the answer under
 * the bar at the foot.
 *
 * @param {HTMLElement} part
 */
function keepClear(part) {
  if (document.activeElement === part) part.scrollIntoView({ block: "nearest" });
}

/** Show what is known of the person whose thread is open, from the top. Do nothing when it is on screen already. */
export function showDossier() {
  const { current } = desk;
  if (!current?.dossier.hidden) return;
  putAside(current.dossier, false);
  followExchange();
  find("#dossiers").scrollTop = 0;
}

/** Close the open conversation and show none. */
export function closeCurrent() {
  const before = desk.current;
  if (!before) return;
  desk.current = null;
  rememberOpen("");
  hide(before, true);
  followExchange();
  find("#repos").hidden = false;
  paint(before);
}

/** The server says that this conversation is ours. @param {string} id */
export async function assigned(id) {
  leftMeanwhile.delete(id); // it came back
  const known = conversations.get(id);
  if (known && !known.over) {
    known.confirmed = true;
    // Over plain HTTP each request asks for all of our conversations, so no frame is needed.
    if (!known.gone && !desk.line?.isSlow) transmit({ type: "sync", conversation: id, after: known.lastSeq });
    return;
  }
  awaited.add(id); // until it has been read
  const c = await fetchConversation(id);
  if (!c || c.over) return;
  c.isNew = true; // it is new until it is opened
  count();
  const inDanger = c.isBeyond || c.urgency >= CRITICAL || dangerOf(c.entry) !== "";
  const sentence = arrivalOf(c, inDanger);
  arrivals.set(c, sentence);
  (inDanger ? alarm : announce)(sentence);
  note(sentence, id);
  // With nobody open, the page opens them by itself.
  if (desk.current && !toldToWait.delete(id)) notice.show(sentence);
  beep(inDanger ? "danger" : "arrival");
  checkPause({ isOver: true }); // nobody is given to an agent who pauses
  showMostUrgent();
}

/**
 * When nothing is open, show who comes: the most urgent, if several come together. The focus stays where it is, and
 * nothing replaces what the agent has opened.
 */
async function showMostUrgent() {
  await Promise.all(loading.values());
  const [first] = byUrgency().filter((c) => c.isNew);
  if (desk.current || !first) return;
  openedByPage(first);
  show(first, { focus: false });
}

/** When the agent comes back to the page, read what the open conversation's person says now, if it changed. */
const watchReturn = () =>
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && desk.current?.isStale) refreshTold(desk.current);
  });

/** Take over what the page came with: at most one open conversation, and the entries of the others. */
export function begin() {
  watchReturn();
  for (const one of all(".console-entry:is([data-waits=me], [data-waits=given])", list))
    drawnWaiting.add(one.dataset.conversation ?? "");
  const shown = seek(".console-thread");
  const entry = shown && entryOf(shown.dataset.conversation ?? "");
  if (shown && entry) {
    const c = adopt(entry, shown, find(".console-dossier"), true);
    desk.current = c;
    hide(c, false);
    paint(c);
    threads.toEnd(c);
    const aimed = seek("#message-cherche", c.log); // the message that the address names
    if (aimed) threads.aimAt(c, aimed);
  }
  for (const one of all(".console-entry", list)) {
    const id = one.dataset.conversation ?? "";
    if (!conversations.has(id)) beginnings.push(fetchConversation(id));
  }
  if (shown) rememberOpen(shown.dataset.conversation ?? "");
  else reopen();
}

/** Open the conversation that was read before the agent went to another page, if it is still theirs. */
async function reopen() {
  const id = lastOpen(document.cookie);
  if (!id || !seek(`.console-entry[data-conversation="${id}"]`, list)) return;
  await loading.get(id);
  const c = conversations.get(id);
  if (c && !c.over && !desk.current) show(c, { focus: false });
}
