/**
 * « Fiche des faits » is saved by itself: a moment after the last change, and at once after an answer was pressed.
 * Without this file its buttons save it. There is one save at a time: a form that was sent waits for its answer
 * (`saved`). One that got none is tried again (`retryLater`).
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";
import { session } from "../lib/session.js";
import { pause } from "../lib/timers.js";
import { tell } from "./notice.js";
import { desk, isReady, known, sayOf, words } from "./state.js";

const PAUSE_MS = 1500;

/**
 * @typedef {object} Sheet
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 * @property {boolean} isSending
 * @property {boolean} isDirty it has changes that were not sent, or that got no answer
 * @property {number} failures how many saves got no answer since the last one that did
 * @property {[HTMLInputElement, string | boolean][]} sent the answers and ticks of the save that is under way
 */

/** @type {Map<HTMLFormElement, Sheet>} */
const sheets = new Map();

/** @param {HTMLFormElement} form @returns {Sheet} */
const sheetOf = (form) => {
  const before = sheets.get(form);
  if (before) return before;
  const fresh = { timer: undefined, isSending: false, isDirty: false, failures: 0, sent: [] };
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

/**
 * Save the sheet. An older page does not save by itself: the agent compares both versions and presses the button.
 *
 * @param {HTMLFormElement} form
 */
function save(form) {
  if (!form.isConnected || seek("[data-conflict]", form)) return;
  if (sheetOf(form).isSending) {
    later(form);
    return;
  }
  form.requestSubmit();
  const sheet = sheetOf(form);
  // Held until the session was asked, and not sent if it is over (staff/session.js). A save that leaves clears this.
  if (!sheet.isSending) sheet.timer = setTimeout(again, pause(sheet.failures + 4), form);
}

/** The answer to this form has come, whether it was saved or not. @param {HTMLFormElement} form */
export const saved = (form) => {
  const sheet = sheets.get(form);
  if (!sheet) return;
  if (sheet.isSending) {
    // Otherwise none has come (`retryLater`). Where the sheet stands now is told as it was told that it is not saved.
    if (sheet.failures) tell((find("[id^=fiche-gardee]", form).textContent ?? "").trim());
    sheet.failures = 0;
  }
  sheet.isSending = false;
  if (!wrongInSheet(form)) sheet.sent.forEach(keepSaved);
  sheet.sent = [];
};

/** Return what is answered and ticked in a sheet now. @param {HTMLFormElement} form @returns {Sheet["sent"]} */
const given = (form) => {
  /** @type {Sheet["sent"]} */
  const sent = [];
  for (const one of all("[data-pressed] input[type=hidden]", form, HTMLInputElement)) sent.push([one, one.value]);
  for (const box of all("[name=evidence]", form, HTMLInputElement)) sent.push([box, box.checked]);
  return sent;
};

/** This is saved. What was changed while the save was under way is not. @param {Sheet["sent"][number]} one */
const keepSaved = ([field, value]) => {
  const row = /** @type {HTMLElement | null} */ (field.closest("[data-pressed]"));
  if (typeof value === "boolean") field.defaultChecked = value;
  else if (row && field.value === value) delete row.dataset.pressed;
};

/** Save what was just answered. @param {HTMLFormElement} form */
export function saveNow(form) {
  clearTimeout(sheetOf(form).timer);
  sheetOf(form).isDirty = true;
  save(form);
}

/**
 * No answer came to a save: the sheet says that it is not saved, and is sent again once the line is there, at growing
 * intervals of half a minute at most. If the service has saved it, the same facts again change nothing. A sheet with a
 * newer version beside it does not leave by itself (`save`), so the agent is asked to press the button again.
 *
 * @param {HTMLFormElement} form
 * @returns {boolean} whether the form is a sheet
 */
export function retryLater(form) {
  if (!form.matches("[data-autosave]")) return false;
  const sheet = fail(form);
  if (seek("[data-conflict]", form)) {
    const of = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
    tell(sayOf("unanswered", known(of?.dataset.conversation), seek("button[type=submit]", form)));
    return true;
  }
  goOn(form, words.sheet_unsaved);
  if (sheet.failures === 1) tell(words.sheet_unsaved);
  return true;
}

/** A save was not taken: the sheet has changes that are nowhere else. @param {HTMLFormElement} form */
function fail(form) {
  const sheet = sheetOf(form);
  sheet.isSending = false;
  sheet.isDirty = true;
  sheet.sent = [];
  sheet.failures += 1;
  clearTimeout(sheet.timer);
  return sheet;
}

/**
 * Send the sheet again once the line is there. The text stands in it until it is drawn by the save that is answered.
 *
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function goOn(form, text) {
  const sheet = sheetOf(form);
  sheet.timer = setTimeout(again, pause(sheet.failures + 2), form);
  find("[id^=fiche-gardee]", form).textContent = text;
}

/**
 * The answer to a save is another page, mostly because the session has ended. The sheet says that it is not saved,
 * leaving the page asks, and it is sent again once the agent has signed in in another tab.
 *
 * @param {HTMLFormElement} form
 */
export function keepUnsaved(form) {
  if (!form.matches("[data-autosave]")) return;
  fail(form);
  if (!seek("[data-conflict]", form)) goOn(form, words.sheet_refused);
}

/**
 * A save was refused, mostly because its token is of the session before one that began in another tab. Loading the page
 * again would lose what was answered: the next try asks for the present token first (staff/session.js).
 *
 * @param {HTMLFormElement} form
 * @returns {boolean} whether the form is a sheet
 */
export function askSession(form) {
  if (!form.matches("[data-autosave]")) return false;
  session.dispatchEvent(new Event("over"));
  return true;
}

/**
 * Send the sheet again. Once the session is over no line comes: the save asks whether somebody has signed in again
 * (staff/session.js), and begins the line if so. Where that script did not come, the sheet waits.
 *
 * @param {HTMLFormElement} form
 */
function again(form) {
  if (desk.isOver ? session.isAsked : isReady()) save(form);
  else if (form.isConnected) sheetOf(form).timer = setTimeout(again, PAUSE_MS, form);
}

/**
 * Return whether a sheet in this part has changes that are not saved yet, be it because the service refused them.
 *
 * @param {Node} [part]
 */
export const isUnsaved = (part = document) =>
  [...sheets].some(
    ([form, sheet]) => part.contains(form) && (sheet.isDirty || sheet.isSending || wrongInSheet(form) !== null),
  );

/* --- errors --- */

/**
 * Show beside each text what is wrong with it, and remove errors that are mended. A text that is being typed does not
 * change.
 *
 * @param {HTMLFormElement} form
 * @param {Document} page the answer
 */
export function showErrors(form, page) {
  for (const area of /** @type {HTMLTextAreaElement[]} */ (all("textarea", form))) {
    const id = `${area.id}-error`;
    const told = seek(`[id="${id}"]`, page);
    seek(`[id="${id}"]`, form)?.remove();
    if (told) area.after(document.adoptNode(told));
    area.classList.toggle("fr-input--error", Boolean(told));
    area.closest(".fr-input-group")?.classList.toggle("fr-input-group--error", Boolean(told));
    if (told) {
      area.setAttribute("aria-invalid", "true");
      area.setAttribute("aria-describedby", id);
    } else {
      area.removeAttribute("aria-invalid");
      area.removeAttribute("aria-describedby");
    }
  }
}

/**
 * Return what keeps the sheet from being saved: a text with an error, or a newer version.
 *
 * @param {HTMLFormElement} form
 */
export const wrongInSheet = (form) => seek("[aria-invalid=true]", form) || seek("[data-conflict] [tabindex]", form);

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
    // The button was pressed while the last save is under way.
    event.preventDefault();
    event.stopPropagation();
    later(form);
    return;
  }
  // What leaves by itself says so, also when it was held until the session was asked, and is sent once more.
  const mark = /** @type {HTMLInputElement} */ (form.elements.namedItem("autosave"));
  mark.disabled = event.submitter !== null;
  clearTimeout(sheet.timer);
  sheet.isSending = true;
  sheet.isDirty = false;
  sheet.sent = given(form);
}

export const watchSheets = () => {
  document.addEventListener("input", change);
  document.addEventListener("change", change);
  // After `document`, where a form is held until the session was asked (staff/session.js), and then sent once more.
  document.documentElement.addEventListener("submit", submit, true);
};
