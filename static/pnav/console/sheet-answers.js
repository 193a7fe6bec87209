/**
 * The answers of one press in « Fiche des faits »: oui, non, ?, by mouse, by finger and by key. Each is shown at once, and
 * the sheet saves it (`sheet.js`).
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";
import { isUnsaved, saveNow } from "./sheet.js";
import { words } from "./state.js";

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
  /** @type {HTMLElement} */ (row).dataset.pressed = ""; // until it is saved
  for (const one of answersOf(row)) one.ariaPressed = String(one === pressed);
  for (const mark of all("[data-unconfirmed]", row)) /** @type {HTMLElement} */ (mark).hidden = value !== "";
}

/** Return the text of this element without what only a screen reader says. @param {Element | null} element */
function shown(element) {
  const copy = /** @type {Element | undefined} */ (element?.cloneNode(true));
  for (const aloud of copy ? all(".fr-sr-only", copy) : []) aloud.remove();
  return (copy?.textContent ?? "").trim();
}

/**
 * The exchange is somebody else's now, and a sheet of it is not saved. Return what was answered or ticked in it since,
 * as a text to be copied; nothing where all is saved.
 *
 * @param {Element} part
 */
export function answersToCopy(part) {
  if (!isUnsaved(part)) return [];
  const ticked = /** @type {NodeListOf<HTMLInputElement>} */ (part.querySelectorAll("[data-autosave] [name=evidence]"));
  const lines = [
    ...all("[data-autosave] [data-pressed]", part).map((row) =>
      [".console-element__name", "[aria-pressed=true]"].map((one) => shown(seek(one, row))).join(" : "),
    ),
    ...[...ticked].filter((box) => box.checked && !box.defaultChecked).map((box) => shown(box.labels?.[0] ?? null)),
  ];
  if (!lines.length) return [];
  const area = document.createElement("textarea");
  area.className = "fr-input";
  area.readOnly = true;
  area.rows = lines.length + 1;
  area.value = [words.sheet_to_copy, ...lines].join("\n");
  area.setAttribute("aria-label", words.sheet_to_copy);
  area.dataset.toCopy = "";
  return [area];
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

/** Whether this answer was reached by mouse or finger: what is typed next is for the person. @param {HTMLElement} at */
export const wasPressed = (at) => Boolean(at.id) && at.id === reached.id && !reached.isByKey;

/** @param {HTMLButtonElement} button */
function choose(button) {
  const form = /** @type {HTMLFormElement} */ (button.form);
  answer(button);
  saveNow(form);
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

export const watchAnswers = () => {
  document.addEventListener("click", press);
  document.addEventListener("focusin", enter);
  document.addEventListener("keydown", move);
  document.addEventListener("keydown", letter, true); // before the keys of the screen
};
