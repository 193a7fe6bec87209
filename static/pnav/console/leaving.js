/**
 * A conversation leaves the agent, because it has ended or is somebody else's now. What was being written stays, so
 * that it can be copied.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { dangerOf, showDanger } from "./dangers.js";
import { forCopying, written } from "./drafts.js";
import { refreshDuty } from "./duty.js";
import { emergencyOf, showEmergency } from "./emergency.js";
import { paint, showPromise } from "./list.js";
import { tell } from "./notice.js";
import { swapFrom, tryToLoad } from "./pages.js";
import { dossierOf, pageOf, refreshBeside } from "./panels.js";
import { drop } from "./pending-ends.js";
import { refreshOffers } from "./queue.js";
import { beep } from "./sound.js";
import { announce, desk, dutyBar, known, over, say, seekSlot, slot, words } from "./state.js";
import * as threads from "./thread.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @param {Conversation} c @param {"closed" | "released"} reason */
export function leave(c, reason) {
  if (c.gone || (c.over && reason === "closed")) return;
  drop(c);
  const at = document.activeElement;
  const isHere = at === document.body || c.thread.contains(at) || c.dossier.contains(at);
  // In the open thread, its last line says so already.
  if (c !== desk.current || reason !== "closed") announce(say("left", { name: c.name, reason: words[reason] }));
  Object.assign(c, { over: true, gone: reason === "released", number: 0, unread: 0 });
  threads.refuseAll(c, reason === "closed" ? words.refused_closed : words.refused);
  over.prepend(c.entry);
  if (reason === "closed" && emergencyOf(c.entry)) tellLeft(c, "left_in_danger"); // its procedure is still open
  delete c.entry.dataset.waits;
  slot("waits", c.entry).textContent = words[reason];
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
  if (c.gone || !dangerOf(c.entry)) dropMark(c);
  else followMark(c);
  for (const way of all("[data-danger-model], [data-danger] :is(button, a)", c.thread)) way.remove();
  for (const action of all("header :is([data-action], .console-to-procedure)", c.thread)) action.remove();
  if (c.gone) {
    // The conversation is no longer ours to read. A note or a question that was being written can still be copied.
    for (const element of all("[data-seq]:not([data-refused])", c.log)) element.remove();
    c.dossier.replaceChildren(...written(c.dossier).map(forCopying));
  } else {
    seek(`#passage-${c.id}`, c.dossier)?.remove();
    refreshBeside(c, dossierOf(c)); // a sheet that is not saved yet is saved first (`followEnd`)
  }
  if (c.gone) refreshOffers(); // they say who took it
  refreshDuty(); // a pause may be offered now
  if (c === desk.current && !c.gone && !dutyBar().contains(document.activeElement)) c.log.focus();
  if (c === desk.current && c.gone && isHere) goOn(c);
  paint(c);
}

/**
 * Unfold « Terminés » for somebody who left in danger, and say it.
 *
 * @param {Conversation} c
 * @param {"left_in_danger" | "left_marked"} key their procedure is still open; their words are not dealt with
 */
function tellLeft(c, key) {
  over.closest("details")?.setAttribute("open", "");
  tell(say(key, { aim: c.aim }));
}

/**
 * A conversation that was under way, as far as this page knew, had ended when it was read into it. Nothing has told of
 * its danger here, so it is heard as any danger that arrives.
 *
 * @param {Conversation} c
 */
export function tellEnded(c) {
  const isOpen = emergencyOf(c.entry) !== "";
  const isMarked = dangerOf(c.entry) !== "";
  if (isOpen) tellLeft(c, "left_in_danger");
  if (isMarked) tellLeft(c, "left_marked");
  if (isOpen || isMarked) beep("danger");
}

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

/** Read a conversation that has ended. Return null when that fails, or when it goes on. @param {string} id */
async function readEnded(id) {
  const page = await tryToLoad(pageOf(id));
  return page && seek(".console-thread[data-status=closed]", page) ? page : null;
}

/** Show the mark as the server has it. @param {Conversation} c @param {HTMLElement} fresh its line */
function showMark(c, fresh) {
  if (dangerOf(fresh)) showDanger(c, dangerOf(fresh), Number(fresh.dataset.dangerSeq));
  else dropMark(c);
}

/**
 * An exchange has ended with words of danger that nobody has dealt with. If the person ended it, the mark stays until
 * the agent says that they are; the server tells. Without its answer the mark stays and is said too, and `readMarks`
 * asks again.
 *
 * @param {Conversation} c
 */
async function followMark(c) {
  const form = seek("[data-slot=danger-sign] form", c.thread);
  if (form && c.log.id) form.dataset.focus = `#${c.log.id}`; // there is no answer to write
  const page = await readEnded(c.id);
  if (!c.over) return; // it came back meanwhile
  if (page) showMark(c, find(lineOf(c.id), page));
  if (dangerOf(c.entry)) tellLeft(c, "left_marked");
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
  for (const entry of all(".console-entry", over)) {
    if (dangerOf(entry) || emergencyOf(entry)) await renewMarks(entry);
  }
  marks.readAt = Date.now();
}

/** @param {HTMLElement} entry */
async function renewMarks(entry) {
  const id = entry.dataset.conversation ?? "";
  const page = await readEnded(id);
  const fresh = page && seek(lineOf(id), page);
  const c = known(id);
  if (!fresh || !over.contains(entry) || c?.gone) return;
  if (!c) {
    swapFrom(page, lineOf(id)); // the page came with its line alone
    return;
  }
  showMark(c, fresh);
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
