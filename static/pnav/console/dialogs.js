/**
 * Opens the dialogs of the console. What is outside of an open one is inert, and a screen reader says nothing that comes
 * there: so the regions that are read aloud are inside it for as long as it is open. A dialog is read in one breath: a
 * space that is no space of the page's layout parts them from its last word.
 *
 * @module
 */

import { byId, seek } from "../lib/dom.js";

const regions = [byId("annonces"), byId("annonces-danger")];

const gap = document.createElement("span");
gap.className = "fr-sr-only";
gap.textContent = "\u00a0";

/** The event of a dialog that was closed comes late: another one, or the same, may be open again. */
function bringBack() {
  if (seek("dialog[open]")) return;
  byId("apartes-non-lus").before(...regions);
  gap.remove();
  // Opened over a page where nothing had the focus, it has it until the page is drawn again: keys would be lost there.
  const at = /** @type {HTMLElement | null} */ (document.activeElement);
  if (at?.closest("dialog")) at.blur();
}

/** @param {HTMLDialogElement} dialog */
export function openDialog(dialog) {
  dialog.showModal();
  for (const one of regions) one.textContent = ""; // it was said, and would be read with what the dialog holds
  dialog.append(gap, ...regions);
  dialog.addEventListener("close", bringBack, { once: true }); // by Escape, or by « Fermer »
}

/** Close a dialog so that what is said next is heard. @param {HTMLDialogElement} dialog */
export function closeDialog(dialog) {
  dialog.close();
  bringBack();
}
