/**
 * This module reads conversations into the console's page: one that arrives, one whose reading failed, and one of which
 * the server does not say any more whose it is.
 *
 * @module
 */

import { all } from "../lib/dom.js";
import { flush } from "./compose.js";
import { refreshDuty } from "./duty.js";
import { leave, tellEnded } from "./leaving.js";
import { count } from "./list.js";
import { load } from "./pages.js";
import { pageOf } from "./panels.js";
import { conversations, list, over } from "./state.js";
import { entryOf, take } from "./take.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @type {Map<string, Promise<Conversation | undefined>>} what is being read, by its conversation */
export const loading = new Map();

/** @type {Map<string, "closed" | "released">} what left while it was being read: what the server drew may be older */
export const leftMeanwhile = new Map();

/** @type {Set<string>} ours, as the server told, and not on the page: their reading failed, and is tried again */
export const awaited = new Set();

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
    const wasEnded = over.contains(entryOf(id)) && !conversations.get(id)?.gone;
    const c = page ? take(page, id) : undefined;
    const isNews = c?.over && !wasEnded;
    const reason = leftMeanwhile.get(id);
    awaited.delete(id);
    if (c && reason) leave(c, reason);
    else if (!page) dropLine(id);
    if (isNews && !c.gone) tellEnded(c);
    return c;
  } catch {
    if (leftMeanwhile.has(id)) awaited.delete(id);
    return undefined; // `readMissing` or `readAwaited` asks again
  } finally {
    loading.delete(id);
    leftMeanwhile.delete(id);
  }
}

/** Take a line out of the list of which there is no thread to read any more. @param {string} id */
function dropLine(id) {
  if (conversations.has(id)) return;
  entryOf(id)?.remove();
  count();
}

/**
 * Read the conversations again of which the list has a line, and the page no thread, because their first reading failed:
 * they may have ended since they were drawn, and no frame tells this page so.
 */
export function readMissing() {
  for (const { dataset } of all(".console-entry", list)) {
    const id = dataset.conversation ?? "";
    if (!conversations.has(id)) fetchConversation(id);
  }
}

/**
 * The server says that a conversation left of which this page has no thread (yet). What was lost in an absence is read
 * again, as for any that leaves. One that is being read leaves as soon as it is drawn.
 *
 * @param {string} id
 * @param {"closed" | "released"} reason
 */
export function leftUnread(id, reason) {
  if (loading.has(id)) leftMeanwhile.set(id, reason);
  else {
    awaited.delete(id);
    readMissing();
  }
  refreshDuty();
}

/** Ask whether a conversation that the server did not name is still ours. @param {Conversation} c */
export async function check(c) {
  try {
    if (await load(pageOf(c.id))) flush(c);
    else leave(c, "released");
  } catch {
    // The next beat asks again.
  }
}
