/**
 * « Copier ce texte »: copies the letter of the removal kit that was chosen, where the browser lets a page do so.
 * Without this file one selects the text by hand.
 *
 * @module
 */

import { markRun } from "./lib/dom.js";

const status = /** @type {HTMLElement} */ (document.getElementById("copie"));

/** @param {HTMLElement} text */
function copy(text) {
  getSelection()?.selectAllChildren(text);
  let isCopied = false;
  try {
    isCopied = document.execCommand("copy"); // our policy denies scripts the clipboard; a key or a press allows this
  } catch {
    // The text stays selected, and the person copies it.
  }
  status.textContent = (isCopied ? status.dataset.copied : status.dataset.chosen) ?? "";
}

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copy]"))) {
  const text = document.getElementById(button.dataset.copy ?? "");
  if (!text || !button.parentElement) continue;
  button.parentElement.hidden = false;
  button.addEventListener("click", () => copy(text));
}
markRun();
