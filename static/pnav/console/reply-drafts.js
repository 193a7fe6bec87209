/**
 * Drafts: the server keeps what is being written to each person until it is sent. A page that is loaded again shows it,
 * and nothing of it is stored on the device. See docs/adr/0112.
 *
 * @module
 */

import { createDraft, saveTo } from "../lib/draft.js";
import { csrf, desk, home, own } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** Start the draft of a conversation. What it came with is what the server has. @param {Conversation} c */
export function keepDraft(c) {
  if (!c.area) return;
  if (!c.draft) {
    // Use the token that the page has at this moment, because the token changes with the key of the session.
    const save = async (/** @type {string} */ body, /** @type {boolean} */ isLeaving) =>
      desk.isOver ? "later" : saveTo(`${home}echange/${c.id}/brouillon/`, csrf(), () => "")(body, isLeaving);
    c.draft = createDraft({ text: () => c.area?.value ?? "", came: c.area.defaultValue, save });
  }
  for (const event of ["input", "focus", "blur"]) c.area.addEventListener(event, c.draft.changed); // or a button changed it
  c.draft.changed();
}

/** Whether something is being written that the server does not have yet. */
export const isDraftUnkept = () => own().some((c) => c.draft && !c.draft.isKept());

const leave = () => {
  for (const c of own()) c.draft?.leaving();
};

/** Before a reload `beforeunload` comes before the next page is asked for, `pagehide` after it. */
export const watchDrafts = () => {
  addEventListener("beforeunload", leave);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
  });
};
