/**
 * Opens the dialogs of the console. What is outside of an open one is inert, and a screen reader says nothing that comes
 * there: so the regions that are read aloud are inside it for as long as it is open.
 *
 * @module
 */

import { byId, seek } from "../lib/dom.js";

const regions = [byId("annonces"), byId("annonces-danger")];

/** The event of a dialog that was closed comes late: another one, or the same, may be open again. */
function bringBack() {
  if (!seek("dialog[open]")) byId("apartes-non-lus").before(...regions);
}

/** @param {HTMLDialogElement} dialog */
export function openDialog(dialog) {
  dialog.showModal();
  for (const one of regions) one.textContent = ""; // it was said, and would be read with what the dialog holds
  dialog.append(...regions);
  dialog.addEventListener("close", bringBack, { once: true }); // by Escape, or by « Fermer »
}

/** Close a dialog so that what is said next is heard. @param {HTMLDialogElement} dialog */
export function closeDialog(dialog) {
  dialog.close();
  bringBack();
}
