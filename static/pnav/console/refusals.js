/**
 * A message that the server refused: the page says why, in the server's words, and where the text is now. No text is
 * lost: one that can be corrected goes back to the answer, and any other stays to be copied.
 *
 * @module
 */

import { fromTemplate, seek } from "../lib/dom.js";
import { announce, slot, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */
/** @typedef {import("./state.js").Frame} Frame */
/** @typedef {import("../lib/outbox.js").Entry} Entry */

/** What is wrong with the text itself, by the code of the refusal. */
const FAULTS = new Map([
  ["empty", "empty"],
  ["too_long", "too_long"],
  ["bad_frame", "unkeepable"],
]);

/** Return what is wrong with the conversation to which it was sent. @param {Frame | undefined} frame */
const place = (frame) => {
  if (frame?.why === "full") return words.full;
  if (frame?.code === "closed") return words.refused_closed;
  return frame?.code === "forbidden" ? words.refused : words.refused_text;
};

/**
 * Our content policy lets no page write to the clipboard. The text is selected, and the agent copies it with a key.
 *
 * @param {HTMLElement} body
 */
function select(body) {
  getSelection()?.selectAllChildren(body);
  announce(words.selected);
}

/** Whether its agent may still write to this person. @param {Conversation} c */
const isOpen = (c) => Boolean(c.area && !c.area.readOnly && !c.over);

/**
 * Keep a refused message in sight, with the reason.
 *
 * @param {Conversation} c
 * @param {Entry} entry
 * @param {string} why
 * @param {boolean} [canGoAgain] the conversation is still ours, and open: the text may be mended and sent
 */
export function showRefused(c, { node, body }, why, canGoAgain = false) {
  delete node.dataset.pending;
  node.dataset.refused = "";
  slot("state", node).textContent = why;
  announce(why);
  if (seek(".console-message__rescue", node)) return;
  const rescue = fromTemplate("modele-refus");
  slot("select", rescue).addEventListener("click", () => select(slot("body", node)));
  const again = slot("again", rescue);
  again.hidden = !canGoAgain || !isOpen(c);
  again.addEventListener("click", () => {
    const { area } = c;
    if (!area || area.readOnly) return;
    area.value = [area.value.trim(), body].filter(Boolean).join("\n\n");
    c.draft?.changed();
    node.remove();
    area.focus();
  });
  node.append(rescue);
}

/** @param {Element} message */
const bodyOf = (message) => slot("body", message).textContent?.trim();

/**
 * Return those of the agent's messages that are not among what the server has drawn. One that it had stored, although its
 * answer was lost, is. Of two with the same text, each needs one of its own.
 *
 * @param {HTMLElement[]} own
 * @param {HTMLElement[]} drawn what came after the last message that the page had
 */
export function notStored(own, drawn) {
  const stored = drawn.filter(({ dataset }) => dataset.author === "agent").map(bodyOf);
  return own.filter((node) => {
    const place = stored.indexOf(bodyOf(node));
    if (place >= 0) stored.splice(place, 1);
    return place < 0;
  });
}

/** @type {Map<Conversation, Entry[]>} the answers that nothing had acknowledged when it ended, until the end is read */
export const unsure = new Map();

/** The end could not be read yet: say of these answers that it is not known. @param {Conversation} c */
export function tellUnsure(c) {
  const entries = unsure.get(c) ?? [];
  for (const { node } of entries) slot("state", node).textContent = words.unsure;
  if (entries.length) announce(words.unsure);
}

/**
 * The end has been read. An answer that is still drawn by this page was not stored. Of another one, which stands there as
 * the server has it, say that it was.
 *
 * @param {Conversation} c
 * @param {string} why the others were not
 */
export function settleUnsure(c, why) {
  const entries = unsure.get(c) ?? [];
  unsure.delete(c);
  for (const entry of entries) {
    if (entry.node.isConnected) showRefused(c, entry, why);
    else c.thread.dispatchEvent(new CustomEvent("stored", { bubbles: true, detail: { c, id: entry.id } }));
  }
}

/**
 * A conversation is drawn again. When it is ours, a message that was refused may go back to the answer.
 *
 * @param {Conversation} c
 * @param {HTMLElement} node
 */
export function offerAgain(c, node) {
  if (!isOpen(c)) return;
  const state = slot("state", node);
  if (state.textContent === words.refused) state.textContent = words.refused_before;
  slot("again", node).hidden = false;
}

/**
 * @param {Conversation} c
 * @param {Entry} entry
 * @param {Frame | undefined} frame of type `error`
 * @param {(c: Conversation, text: string) => void} showError beside the reply
 */
export function refuse(c, entry, frame, showError) {
  const fault = frame?.why === "unseen" ? "unseen" : FAULTS.get(frame?.code ?? "");
  const { area } = c;
  if (!fault) {
    showRefused(c, entry, place(frame), frame?.code !== "closed" && frame?.code !== "forbidden");
    return;
  }
  if (!area || area.readOnly || area.value.trim()) {
    showRefused(c, entry, words[fault], true); // something else is being written there, and a press brings this text back
    return;
  }
  entry.node.remove();
  area.value = entry.body;
  c.draft?.changed();
  showError(c, words[fault]);
  announce(words[fault]);
}
