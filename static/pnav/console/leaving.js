/**
 * A conversation leaves the agent, because it has ended or is somebody else's now. What was being written stays, so
 * that it can be copied.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { refuseAll } from "./compose.js";
import { dangerOf, showDanger } from "./dangers.js";
import { forCopying, written } from "./drafts.js";
import { refreshDuty } from "./duty.js";
import { emergencyOf, showEmergency } from "./emergency.js";
import { paint } from "./list.js";
import { showPromise } from "./list-entry.js";
import { note, takeBack } from "./notice.js";
import { load, swapFrom } from "./pages.js";
import { dossierOf, pageOf, refreshBeside } from "./panels.js";
import { drop } from "./pending-ends.js";
import { refreshOffers } from "./queue.js";
import { notStored, settleUnsure, tellUnsure, unsure } from "./refusals.js";
import { isUnsaved } from "./sheet.js";
import { answersToCopy } from "./sheet-answers.js";
import { beep } from "./sound.js";
import { announce, desk, known, over, say, seekSlot, slot, words } from "./state.js";
import * as threads from "./thread.js";
import { tellLeft } from "./told-ends.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @param {Conversation} c @param {"closed" | "released"} reason */
export function leave(c, reason) {
  if (c.gone || (c.over && reason === "closed")) return;
  drop(c);
  const at = document.activeElement;
  // A part that was drawn again may have left the focus to what is around it, or to the page.
  const isHere = [c.thread, c.dossier].some((part) => part.contains(at) || at?.contains(part));
  // Whoever writes beside the thread (a note, a question, a summary) goes on: the part is read again when they leave it.
  const isWriting =
    reason === "closed" && c.dossier.contains(at) && Boolean(at?.matches("textarea:not([readonly]), input.fr-input"));
  // Whoever else is in the open thread is led to its last line, which says so already.
  const text = say("left", { name: c.name, reason: words[reason] });
  if (c !== desk.current || reason !== "closed" || !isHere || isWriting) announce(text);
  note(text, c.id);
  const isUnread = c.unread > 0 && !threads.isShown(c);
  Object.assign(c, { over: true, gone: reason === "released", number: 0, unread: 0 });
  const unsent = reason === "closed" ? c.outbox.clear() : [];
  refuseAll(c, words.refused);
  if (c.gone) settleUnsure(c, words.refused);
  over.prepend(c.entry);
  if (reason === "closed") {
    // Its procedure is still open; or nobody has read their last words. Those of danger are told of by `followEnd`.
    if (emergencyOf(c.entry)) tellLeft(c, "left_in_danger");
    else if (isUnread && !dangerOf(c.entry)) tellLeft(c, "left_unread");
  }
  delete c.entry.dataset.waits;
  slot("waits", c.entry).textContent = words[reason];
  seekSlot("turn", c.entry)?.replaceChildren();
  threads.showTyping(c, false);
  showPromise(c, ""); // it ended with the exchange
  find(c.gone ? "[data-gone]" : "[data-over]", c.thread).hidden = false;
  find("[data-more]", c.thread).hidden = true;
  c.draft?.end();
  c.draft = undefined;
  if (c.form && c.area) {
    c.area.readOnly = true; // what was being written can still be copied
    c.area.dataset.toCopy = "";
    c.area.removeAttribute("aria-describedby"); // how to send, and what is wrong with it
    // So do the keys that lead to nothing any more.
    for (const part of all("button, details, .console-say-row, .console-reply__row", c.form)) part.hidden = true;
    const label = c.area.labels[0];
    label.textContent = words.to_copy;
    delete label.dataset.showsKey;
    c.form.hidden = !c.area.value;
  }
  if (c.gone) dropMark(c);
  else followEnd(c, unsent);
  for (const way of all("[data-danger-model], [data-danger] :is(button, a)", c.thread)) way.remove();
  for (const action of all("header :is([data-action], .console-to-procedure)", c.thread)) action.remove();
  if (c.gone) {
    // The conversation is no longer ours to read. A note or a question that was being written can still be copied.
    for (const element of all("[data-seq]:not([data-refused])", c.log)) element.remove();
    c.dossier.replaceChildren(...answersToCopy(c.dossier), ...written(c.dossier).map(forCopying));
    if (!isUnsaved()) takeBack(words.sheet_unsaved); // its sheet does not leave again
  } else {
    const passage = seek(`#passage-${c.id}`, c.dossier);
    // A summary that was begun there is kept to be copied, once the panel is read again.
    if (passage && !passage.contains(at) && !written(passage).length) passage.remove();
    refreshBeside(c, dossierOf(c)); // a sheet that is not saved yet is saved first (`followEnd`)
  }
  if (c.gone) refreshOffers(); // they say who took it
  refreshDuty(); // a pause may be offered now
  // Whoever writes elsewhere (an aparté, a reason, the duty bar) goes on there: letters must not become keys.
  const isLed = c === desk.current && !c.gone && !isWriting;
  if (isLed && (isHere || document.activeElement === document.body)) c.log.focus();
  if (c === desk.current && c.gone && isHere) goOn(c);
  paint(c);
}

/**
 * A conversation that was under way, as far as this page knew, had ended when it was read into it. Nothing has told of
 * its danger here, so it is heard as any danger that arrives. Words that nobody has read are told of without a tone.
 *
 * @param {Conversation} c
 */
export function tellEnded(c) {
  if (dangerOf(c.entry)) tellMarked(c);
  else if (emergencyOf(c.entry)) tellLeft(c, "left_in_danger");
  else if (c.unread && !threads.isShown(c)) tellLeft(c, "left_unread");
  if (dangerOf(c.entry) || emergencyOf(c.entry)) beep("danger");
}

/** @param {Conversation} c */
const tellMarked = (c) => tellLeft(c, emergencyOf(c.entry) ? "left_in_danger_marked" : "left_marked");

/** The mark of danger is for who answers. @param {Conversation} c */
function dropMark(c) {
  showDanger(c, "", 0);
  const sign = seekSlot("danger-sign", c.thread);
  const isHeld = sign?.contains(document.activeElement);
  sign?.remove();
  if (isHeld) c.log.focus();
}

/** @param {string} id */
const lineOf = (id) => `.console-entry[data-conversation="${id}"]`;

/** Read a conversation that has ended. Return null when it goes on, or is nobody's to read. @param {string} id */
async function readEnded(id) {
  const page = await load(pageOf(id));
  return page && seek(".console-thread[data-status=closed]", page) ? page : null;
}

/** Show the mark as the server has it. @param {Conversation} c @param {HTMLElement} fresh its line */
function showMark(c, fresh) {
  if (dangerOf(fresh)) showDanger(c, dangerOf(fresh), Number(fresh.dataset.dangerSeq));
  else dropMark(c);
}

/** Whether the server has messages that did not come to this page, as far as it knows. @param {Conversation} c */
const lacksWords = (c) => Number(c.entry.dataset.seq) > c.lastSeq;

/** @type {Set<Conversation>} those that have ended, and could not be read then */
const unreadEnds = new Set();
/** @type {Set<Conversation>} those whose end is being read now */
const beingRead = new Set();

/**
 * An exchange has ended. An act that was answered may have told so before the line did, which brings no messages of what
 * has ended, or may be dead: the last words are then read here, and only after that it is known which messages of the
 * agent were not stored. If the person ended it, the mark of danger stays until the agent says that it is dealt with; the
 * server tells. Without its answer the mark stays and is said too, and `readEnds` asks again.
 *
 * @param {Conversation} c
 * @param {import("../lib/outbox.js").Entry[]} unsent
 */
async function followEnd(c, unsent) {
  if (!unsent.length && !lacksWords(c) && !dangerOf(c.entry)) {
    dropMark(c);
    return;
  }
  const form = seek("[data-slot=danger-sign] form", c.thread);
  if (form && c.log.id) form.dataset.focus = `#${c.log.id}`; // there is no answer to write
  unsure.set(c, unsent);
  const isTold = await readLast(c);
  tellUnsure(c); // if the reading failed
  if (!isTold && c.over && dangerOf(c.entry)) tellMarked(c);
}

/**
 * Read the last words and the mark of an exchange that has ended. Return whether a new danger was told of.
 *
 * @param {Conversation} c
 */
async function readLast(c) {
  unreadEnds.delete(c);
  beingRead.add(c);
  try {
    const page = await readEnded(c.id);
    if (page && c.over && !c.gone) return showEnd(c, page);
    settleUnsure(c, words.refused_closed); // nobody can read any more which were stored
    return false;
  } catch {
    unreadEnds.add(c); // there is no network
    return false;
  } finally {
    beingRead.delete(c);
  }
}

/**
 * The line brings words of an exchange after an act has told of its end. They are read from the server, which draws them
 * with their mark, and knows which of the agent's own it stored. A reading that is under way brings them too.
 *
 * @param {Conversation} c
 */
export function readLate(c) {
  if (!beingRead.has(c)) readLast(c);
}

/** Read again what could not be read when it ended, one after the other. */
export async function readEnds() {
  for (const c of [...unreadEnds]) await readLast(c);
}

/**
 * Show the last words and the mark of an exchange that has ended. Return whether they have a danger of which this page
 * knew nothing, and which is then told of.
 *
 * @param {Conversation} c
 * @param {Document} page
 */
function showEnd(c, page) {
  const seen = c.lastSeq;
  const fresh = find(lineOf(c.id), page);
  const isUnread = bringLast(c, find(".console-thread", page));
  showMark(c, fresh);
  const isNews = dangerOf(fresh) !== "" && Number(fresh.dataset.dangerSeq) > seen;
  if (isNews) {
    tellMarked(c);
    beep("danger");
  } else if (isUnread && !dangerOf(c.entry) && !emergencyOf(c.entry)) tellLeft(c, "left_unread");
  settleUnsure(c, words.refused_closed);
  return isNews;
}

/**
 * Put the messages into a thread that did not come to it. One of the agent that waits there, or that counts as refused, is
 * among them if the server has stored it. Return whether words of the person came while nobody looked at the thread.
 *
 * @param {Conversation} c
 * @param {HTMLElement} drawn its thread as the server has it
 */
function bringLast(c, drawn) {
  const later = all("[data-log] > [data-seq]", drawn).filter(({ dataset }) => Number(dataset.seq) > c.lastSeq);
  const isAtEnd = c === desk.current && threads.isNearEnd(c);
  c.lastSeq = Math.max(c.lastSeq, Number(drawn.dataset.lastSeq));
  const own = all("[data-pending], [data-refused]", c.log);
  const kept = new Set(notStored(own, later));
  for (const node of own) if (!kept.has(node)) node.remove();
  for (const message of later) {
    c.log.insertBefore(document.adoptNode(message), threads.nextPlace(c));
    const { author = "" } = message.dataset;
    if (author === "agent") continue;
    if (threads.isShown(c)) announce(`${words[author]}. ${slot("body", message).textContent}`);
    else if (author === "reporter") beep("message");
  }
  if (isAtEnd) threads.toEnd(c);
  return !threads.isShown(c) && later.some(({ dataset }) => dataset.author === "reporter");
}

const MARKS_MS = 60_000;
const marks = { readAt: Date.now() }; // in ms

/**
 * Read again what is marked under « Terminés », because no frame tells that a supervisor has dealt with the words of
 * danger or ended the procedure. Each marked line costs one reading a minute, one after the other; any other line costs
 * nothing.
 */
export async function readMarks() {
  if (Date.now() - marks.readAt < MARKS_MS) return;
  marks.readAt = Number.POSITIVE_INFINITY; // until this reading is over
  try {
    for (const entry of all(".console-entry", over)) {
      if (dangerOf(entry) || emergencyOf(entry)) await renewMarks(entry);
    }
  } finally {
    marks.readAt = Date.now();
  }
}

/** @param {HTMLElement} entry */
async function renewMarks(entry) {
  const id = entry.dataset.conversation ?? "";
  const page = await readEnded(id).catch(() => null); // the next minute asks again
  const fresh = page && seek(lineOf(id), page);
  const c = known(id);
  if (!fresh || !over.contains(entry) || c?.gone) return;
  if (!c) {
    swapFrom(page, lineOf(id)); // the page came with its line alone
    return;
  }
  showEnd(c, page);
  const since = emergencyOf(fresh);
  if (since === emergencyOf(c.entry)) return;
  showEmergency(c, since);
  refreshBeside(c, `#procedure-${c.id}`);
}

/**
 * The open conversation has left. Go to the list, where the next one is. What was being written stays, so that it can
 * be copied.
 *
 * @param {Conversation} c
 */
function goOn(c) {
  const kept = (c.form && !c.form.hidden) || c.dossier.children.length || seek("[data-refused]", c.log);
  find("#mes-echanges").focus();
  announce(say(kept ? "went_kept" : "went", { name: c.name }));
}
