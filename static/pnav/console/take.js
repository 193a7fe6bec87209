/**
 * A conversation that was read is put into the console's screen: its line in the list, its thread and its dossier. What
 * was typed in them stays.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { adopt } from "./adopt.js";
import { flush } from "./compose.js";
import { keepDrafts } from "./drafts.js";
import { notStored, offerAgain } from "./refusals.js";
import { conversations, desk, list, over } from "./state.js";
import * as threads from "./thread.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @param {string} id */
export const entryOf = (id, from = document) => seek(`.console-entry[data-conversation="${id}"]`, from);

/**
 * Put messages that were refused into the thread that was drawn again: no other place has them.
 *
 * @param {Conversation} c
 * @param {HTMLElement[]} refused
 * @param {number} seen the last message that the page had before
 */
function bringRefused(c, refused, seen) {
  const later = all("[data-seq]", c.log).filter(({ dataset }) => Number(dataset.seq) > seen);
  for (const node of notStored(refused, later)) {
    c.log.insertBefore(node, threads.nextPlace(c));
    offerAgain(c, node);
  }
}

/** Put it into the page, in the place of what was there of it. @param {Document} page what the server drew @param {string} id */
export function take(page, id) {
  const names = [".console-entry", ".console-thread", ".console-dossier"];
  const [entry, thread, dossier] = names.map((name) => document.adoptNode(find(name, page)));
  const before = conversations.get(id);
  const old = entryOf(id);
  const draft = before?.area?.value; // even when it was just emptied: what the server drew may be older
  const refused = before ? all("[data-refused]", before.log) : [];
  const seen = before?.lastSeq ?? 0;
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
  bringRefused(c, refused, seen);
  if (c === desk.current) threads.toEnd(c);
  flush(c);
  return c;
}
