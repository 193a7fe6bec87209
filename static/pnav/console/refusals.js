/**
 * A message that the server did not take: why, in its own words, and where its text is now. Nothing that was written is
 * lost: a text that can be mended goes back to the reply, what can go nowhere stays to be copied.
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

/** What is wrong with where it was sent. @param {Frame | undefined} frame */
const place = (frame) => {
  if (frame?.why === "full") return words.full;
  if (frame?.code === "closed") return words.refused_closed;
  return frame?.code === "forbidden" ? words.refused : words.refused_text;
};

/** Our policy lets no page write to the clipboard: the text is chosen, and a key copies it. @param {HTMLElement} body */
function select(body) {
  getSelection()?.selectAllChildren(body);
  announce(words.selected);
}

/**
 * It stays in sight, with its reason.
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
  again.hidden = !canGoAgain || !c.area || c.area.readOnly || c.over;
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
    showRefused(c, entry, words[fault], true); // something else is being written there: one press brings it back
    return;
  }
  entry.node.remove();
  area.value = entry.body;
  c.draft?.changed();
  showError(c, words[fault]);
  announce(words[fault]);
}
