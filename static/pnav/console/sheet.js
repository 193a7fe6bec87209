/**
 * « Fiche des faits » is saved by itself: a moment after the last change, and at once after an answer was pressed.
 * Without this file its buttons save it. There is one save at a time: a form that was sent waits for its answer
 * (`saved`). One that got none is tried again (`retryLater`).
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";
import { pause } from "../lib/timers.js";
import { tell } from "./notice.js";
import { isReady, words } from "./state.js";

const PAUSE_MS = 1500;

/**
 * @typedef {object} Sheet
 * @property {ReturnType<typeof setTimeout> | undefined} timer
 * @property {boolean} isSending
 * @property {boolean} isDirty it has changes that were not sent, or that got no answer
 * @property {number} failures how many saves got no answer since the last one that did
 */

/** @type {Map<HTMLFormElement, Sheet>} */
const sheets = new Map();

/** @param {HTMLFormElement} form @returns {Sheet} */
const sheetOf = (form) => {
  const known = sheets.get(form);
  if (known) return known;
  const fresh = { timer: undefined, isSending: false, isDirty: false, failures: 0 };
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
  const mark = /** @type {HTMLInputElement} */ (form.elements.namedItem("autosave"));
  mark.disabled = false;
  form.requestSubmit();
  mark.disabled = true;
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
};

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
    tell(words.unanswered);
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

/** @param {HTMLFormElement} form */
function again(form) {
  if (isReady()) save(form);
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

/* --- answers of one press: oui, non, ? --- */

/** @param {Element} row of one element @returns {HTMLButtonElement[]} */
const answersOf = (row) => /** @type {HTMLButtonElement[]} */ (all("[name=press]", row));

/**
 * Show an answer at once, and keep it as what the form sends. A save that is under way does not take it back.
 *
 * @param {HTMLButtonElement} pressed
 */
function answer(pressed) {
  const row = pressed.closest("[data-element]");
  if (!row) return;
  const value = pressed.value.split(":")[1];
  find("input[type=hidden]", row, HTMLInputElement).value = value;
  for (const one of answersOf(row)) one.ariaPressed = String(one === pressed);
  for (const mark of all("[data-unconfirmed]", row)) /** @type {HTMLElement} */ (mark).hidden = value !== "";
}

/** Return the answer that an event concerns, in a sheet that saves by itself. @param {Event} event */
const answerAt = (event) =>
  /** @type {HTMLButtonElement | null} */ (target(event).closest("[data-autosave] [data-element] [name=press]"));

/**
 * The answer that has the focus, by its id, because the sheet may be drawn again around it. isByKey: the keyboard led
 * there. After a press by mouse or finger the agent goes on typing to the person, and the letters of « Non, restez »
 * would answer two elements.
 */
const reached = { id: "", isByKey: false };

/** @param {HTMLButtonElement} button */
function choose(button) {
  const form = /** @type {HTMLFormElement} */ (button.form);
  answer(button);
  clearTimeout(sheetOf(form).timer);
  sheetOf(form).isDirty = true;
  save(form);
}

/** @param {MouseEvent} event */
function press(event) {
  const button = answerAt(event);
  if (!button) return;
  event.preventDefault();
  if (event.detail) reached.isByKey = false; // by mouse or finger; a key gives 0
  choose(button);
}

/**
 * Return where an agent goes on in a sheet to confirm what was said before the exchange. For each element that nobody
 * has confirmed, this is the answer that was said. When all are confirmed, it is each element without an answer, and
 * otherwise the first element.
 *
 * @param {Element} form
 * @param {Element | null} [after] an element: only what stands below it, and only what is to be confirmed
 */
export function nextToConfirm(form, after = null) {
  const rows = all("[data-element]", form);
  const said = rows
    .slice(rows.indexOf(/** @type {HTMLElement} */ (after)) + 1)
    .filter((row) => seek("[data-unconfirmed]:not([hidden])", row));
  const open = rows.filter((row) => !find("input[type=hidden]", row, HTMLInputElement).value);
  const some = said.length || after ? said : open.length ? open : rows;
  return some.map((row) => /** @type {HTMLElement} */ (seek("[data-said]", row) ?? answersOf(row)[0]));
}

const LETTERS = "on?"; // oui, non, à demander: in the order of the answers

/**
 * « O », « N » and « ? » press an answer to which the keyboard led, and lead to the next element to confirm. After a
 * press by mouse or finger these letters begin a message.
 *
 * @param {KeyboardEvent} event
 */
function letter(event) {
  const button = answerAt(event);
  const at = LETTERS.indexOf(event.key.toLowerCase());
  if (!button || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!reached.isByKey || document.documentElement.hasAttribute("data-no-singles")) return;
  event.preventDefault(); // the letter neither goes into the answer to the person nor opens the list of keys
  if (event.repeat) return; // a key that is held down would confirm the whole sheet
  const row = /** @type {HTMLElement} */ (button.closest("[data-element]"));
  const pressed = answersOf(row)[at];
  choose(pressed);
  (nextToConfirm(/** @type {HTMLFormElement} */ (button.form), row)[0] ?? pressed).focus();
}

/** The answers of one element are one stop for Tab, as radio buttons are. @param {FocusEvent} event */
function enter(event) {
  const button = target(event).closest("[data-element] [name=press]");
  const row = button?.closest("[data-element]");
  if (row) for (const one of answersOf(row)) one.tabIndex = one === button ? 0 : -1;
  const id = button?.id ?? "";
  if (id === reached.id) return; // the window has the focus again, or the sheet was drawn again
  reached.id = id;
  reached.isByKey = Boolean(button?.matches(":focus-visible"));
}

const STEPS = new Map([
  ["ArrowRight", [0, 1]],
  ["ArrowLeft", [0, -1]],
  ["ArrowDown", [1, 0]],
  ["ArrowUp", [-1, 0]],
]);

/**
 * Arrows lead from answer to answer, and to the same answer of the element above or below.
 *
 * @param {KeyboardEvent} event
 */
function move(event) {
  const [down, right] = STEPS.get(event.key) ?? [];
  const button = /** @type {HTMLButtonElement | null} */ (target(event).closest("[data-element] [name=press]"));
  const row = button?.closest("[data-element]");
  if (down === undefined || !button || !row || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const rows = all("[data-element]", /** @type {HTMLFormElement} */ (button.form));
  const own = answersOf(row);
  const next = rows[rows.indexOf(/** @type {HTMLElement} */ (row)) + down];
  const at = (own.indexOf(button) + right + own.length) % own.length;
  if (next) answersOf(next)[at].focus();
}

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
  clearTimeout(sheet.timer);
  sheet.isSending = true;
  sheet.isDirty = false;
}

export const watchSheets = () => {
  document.addEventListener("input", change);
  document.addEventListener("change", change);
  // After `document`, where a form is held until the session was asked (staff/session.js), and then sent once more.
  document.documentElement.addEventListener("submit", submit, true);
  document.addEventListener("click", press);
  document.addEventListener("focusin", enter);
  document.addEventListener("keydown", move);
  document.addEventListener("keydown", letter, true); // before the keys of the screen
};
