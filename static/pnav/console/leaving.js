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
import { emergencyOf } from "./emergency.js";
import { paint, showPromise } from "./list.js";
import { tell } from "./notice.js";
import { tryToLoad } from "./pages.js";
import { dossierOf, pageOf, refreshBeside } from "./panels.js";
import { drop } from "./pending-ends.js";
import { refreshOffers } from "./queue.js";
import { announce, desk, dutyBar, over, say, seekSlot, slot, words } from "./state.js";
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
  const ended = over.closest("details");
  if (ended && reason === "closed" && emergencyOf(c.entry)) {
    ended.open = true; // its procedure is still open
    tell(say("left_in_danger", { aim: c.aim }));
  }
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

/** The mark of danger is for who answers. @param {Conversation} c */
function dropMark(c) {
  showDanger(c, "", 0);
  seekSlot("danger-sign", c.thread)?.remove();
}

/**
 * An exchange has ended with words of danger that nobody has dealt with. If the person ended it, the mark stays until
 * the agent says that they are; the server tells. Without its answer the mark stays too.
 *
 * @param {Conversation} c
 */
async function followMark(c) {
  const form = seek("[data-slot=danger-sign] form", c.thread);
  if (form && c.log.id) form.dataset.focus = `#${c.log.id}`; // there is no answer to write
  const page = await tryToLoad(pageOf(c.id));
  const fresh = page && seek(`.console-entry[data-conversation="${c.id}"]`, page);
  if (!fresh) return;
  if (!dangerOf(fresh)) return dropMark(c);
  showDanger(c, dangerOf(fresh), Number(fresh.dataset.dangerSeq));
  over.closest("details")?.setAttribute("open", "");
  tell(say("left_marked", { aim: c.aim }));
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
