/**
 * « Fiche des faits »: saved by itself, a moment after the last change. Without this file the button does the same. One
 * save at a time: a form that is on its way waits for its answer (`saved`).
 *
 * @module
 */

import { seek, target } from "../lib/dom.js";

const PAUSE_MS = 1500;

/** @typedef {{ timer: ReturnType<typeof setTimeout> | undefined, isSending: boolean, isDirty: boolean }} Sheet */

/** @type {Map<HTMLFormElement, Sheet>} */
const sheets = new Map();

/** @param {HTMLFormElement} form @returns {Sheet} */
const sheetOf = (form) => {
  const known = sheets.get(form);
  if (known) return known;
  const fresh = { timer: undefined, isSending: false, isDirty: false };
  sheets.set(form, fresh);
  return fresh;
};

/** @param {HTMLFormElement} form */
function later(form) {
  const sheet = sheetOf(form);
  clearTimeout(sheet.timer);
  sheet.isDirty = true;
  sheet.timer = setTimeout(save, PAUSE_MS, form);
}

/** A page that is older does not save by itself: the agent reads both, then presses the button. @param {HTMLFormElement} form */
function save(form) {
  if (!form.isConnected || seek("[data-conflict]", form)) return;
  if (sheetOf(form).isSending) {
    later(form);
    return;
  }
  const mark = /** @type {HTMLInputElement} */ (form.elements.namedItem("autosave"));
  mark.disabled = false;
  form.requestSubmit();
  mark.disabled = true;
}

/** The answer to this form has come, whatever it was. @param {HTMLFormElement} form */
export const saved = (form) => {
  const sheet = sheets.get(form);
  if (sheet) sheet.isSending = false;
};

/** Whether something is not saved yet. */
export const isUnsaved = () =>
  [...sheets].some(([form, sheet]) => form.isConnected && (sheet.isDirty || sheet.isSending));

/** @param {Event} event */
function change(event) {
  const form = /** @type {HTMLFormElement | null} */ (target(event).closest("[data-autosave]"));
  if (form) later(form);
}

/** @param {SubmitEvent} event */
function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("[data-autosave]")) return;
  const sheet = sheetOf(form);
  if (sheet.isSending) {
    // Pressed while the last save is on its way.
    event.preventDefault();
    event.stopPropagation();
    later(form);
    return;
  }
  clearTimeout(sheet.timer);
  sheet.isSending = true;
  sheet.isDirty = false;
}

export const watchSheets = () => {
  document.addEventListener("input", change);
  document.addEventListener("change", change);
  document.addEventListener("submit", submit, true);
};
