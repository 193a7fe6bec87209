/**
 * What is being written to each person, kept by the server until it is sent: a page that is loaded again has it, and
 * nothing of it lies on the device. See docs/adr/0112.
 *
 * @module
 */

import { createDraft, saveTo } from "../lib/draft.js";
import { csrf, desk, home, own } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** The conversation has an answer to be written. What it came with is what the server has. @param {Conversation} c */
export function keepDraft(c) {
  if (!c.area) return;
  if (!c.draft) {
    // By this page's token of the moment: it changes with the session's key.
    const save = async (/** @type {string} */ body, /** @type {boolean} */ isLeaving) =>
      desk.isOver ? "later" : saveTo(`${home}echange/${c.id}/brouillon/`, csrf(), () => "")(body, isLeaving);
    c.draft = createDraft({ text: () => c.area?.value ?? "", save });
  }
  for (const event of ["input", "focus", "blur"]) c.area.addEventListener(event, c.draft.changed); // or put there by a button
  c.draft.changed();
}

/** Whether something is being written that the server does not have yet. */
export const isDraftUnkept = () => own().some((c) => c.draft && !c.draft.isKept());

const leave = () => {
  for (const c of own()) c.draft?.leaving();
};

export const watchDrafts = () => {
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
  });
};
