/**
 * « Copier ce texte »: a letter of the removal kit is chosen, and copied where the browser lets a page do so. Without
 * this file the text is chosen by hand.
 *
 * @module
 */

const status = /** @type {HTMLElement} */ (document.getElementById("copie"));

/** @param {HTMLElement} text */
function copy(text) {
  getSelection()?.selectAllChildren(text);
  let isCopied = false;
  try {
    isCopied = document.execCommand("copy"); // our policy closes the clipboard of scripts; a key or a press opens this
  } catch {
    // What is chosen stays chosen: the person copies it.
  }
  status.textContent = (isCopied ? status.dataset.copied : status.dataset.chosen) ?? "";
}

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copy]"))) {
  const text = document.getElementById(button.dataset.copy ?? "");
  if (!text || !button.parentElement) continue;
  button.parentElement.hidden = false;
  button.addEventListener("click", () => copy(text));
}
