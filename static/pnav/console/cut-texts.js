/**
 * The text of a macro or of a ready reply that is cut is whole under the mouse and where the focus is, over the lines
 * below it. Where the panel ends there it goes over the lines above. Without this file the panel is scrolled to read it.
 *
 * @module
 */

import { seek, target } from "../lib/dom.js";

/** @param {Event} event */
function place(event) {
  const line = target(event).closest?.(".console-canned li");
  const box = line?.closest(".console-canned");
  const text = line && seek(".console-canned__text", line);
  if (!(line instanceof HTMLElement) || !box || !text) return;
  delete line.dataset.up;
  if (text.getBoundingClientRect().bottom > box.getBoundingClientRect().bottom) line.dataset.up = "";
}

export const watchCutTexts = () => {
  document.addEventListener("pointerover", place);
  document.addEventListener("focusin", place);
};
