/**
 * The answers of one press in « Fiche des faits »: oui, non, ?, by mouse, by finger and by key, and « Confirmer », which
 * gives the answer that was said before the exchange, be it oui or non. Each is shown at once, and the sheet saves it
 * (`sheet.js`).
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";
import { isUnsaved, saveNow } from "./sheet.js";
import { words } from "./state.js";

/** @param {Element} row of one element @returns {HTMLButtonElement[]} */
const answersOf = (row) => /** @type {HTMLButtonElement[]} */ (all("[name=press]:not([data-confirm])", row));

/**
 * Return the button that confirms what was said of an element, unless it has an answer or nothing clear was said.
 *
 * @param {Element} row
 */
const confirmOf = (row) => seek("[data-unconfirmed]:not([hidden]) > [data-confirm]", row, HTMLButtonElement);

/** Return where Tab leads in an element. @param {Element} row */
export const stopIn = (row) => {
  const answers = answersOf(row);
  return confirmOf(row) ?? answers.find(({ tabIndex }) => tabIndex >= 0) ?? answers[0];
};

/** The answers of one element are one stop for Tab, as radio buttons are. @param {Element} row @param {Element} stop */
function makeStop(row, stop) {
  for (const one of all("[name=press]", row)) one.tabIndex = one === stop ? 0 : -1;
}

/**
 * Return the answer that a button gives: « Confirmer » gives the one that was said.
 *
 * @param {HTMLButtonElement} button
 */
const answerOf = (button) =>
  button.matches("[data-confirm]")
    ? (answersOf(/** @type {Element} */ (button.closest("[data-element]"))).find(
        ({ value }) => value === button.value,
      ) ?? button)
    : button;

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
  makeStop(row, pressed); // « Confirmer » may have been it, and is hidden now
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

/**
 * A key leads to this answer, so letters answer there. A browser does not count « Alt » and a letter as the keyboard's
 * after a press of the mouse. Return the answer.
 *
 * @template {HTMLElement | undefined} T
 * @param {T} answer
 */
export function reachByKey(answer) {
  if (answer) Object.assign(reached, { id: answer.id, isByKey: true });
  return answer;
}

/** @param {HTMLButtonElement} button */
function choose(button) {
  const form = /** @type {HTMLFormElement} */ (button.form);
  const given = answerOf(button);
  if (document.activeElement === button) given.focus(); // « Confirmer » goes with its press, the answer stays
  answer(given);
  saveNow(form);
}

/** @param {MouseEvent} event */
function press(event) {
  const button = answerAt(event);
  if (!button) return;
  event.preventDefault();
  choose(button);
  if (event.detail) reached.isByKey = false; // by mouse or finger; a key gives 0
}

/**
 * Return where an agent goes on in a sheet to confirm what was said before the exchange. For each element that nobody
 * has confirmed, this is the button that confirms what was said. When all are confirmed, it is each element without an answer, and
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
  return some.map((row) => confirmOf(row) ?? seek("[data-said]", row) ?? answersOf(row)[0]);
}

const LETTERS = "on?"; // oui, non, à demander: in the order of the answers
const CONFIRMS = "c";

/**
 * « C » confirms what was said of the element to which the keyboard led; « O », « N » and « ? » press an answer of it.
 * Each leads to the next element to confirm, but for an answer that is not what was said: the agent sees it first. After
 * a press by mouse or finger these letters begin a message.
 *
 * @param {KeyboardEvent} event
 */
function letter(event) {
  const button = answerAt(event);
  const typed = event.key.toLowerCase();
  const at = LETTERS.indexOf(typed);
  if (!button || (at < 0 && typed !== CONFIRMS) || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!reached.isByKey || document.documentElement.hasAttribute("data-no-singles")) return;
  event.preventDefault(); // the letter neither goes into the answer to the person nor opens the list of keys
  if (event.repeat) return; // a key that is held down would confirm the whole sheet
  const row = /** @type {HTMLElement} */ (button.closest("[data-element]"));
  const confirm = confirmOf(row);
  const pressed = at < 0 ? confirm && answerOf(confirm) : answersOf(row)[at];
  if (!pressed) return; // nothing of this element is to be confirmed
  const isContrary = confirm !== null && pressed !== answerOf(confirm) && pressed !== answersOf(row).at(-1);
  if (confirm === button) pressed.focus(); // before « Confirmer » goes
  choose(pressed);
  const next = isContrary ? null : nextToConfirm(/** @type {HTMLFormElement} */ (button.form), row)[0];
  (next ?? pressed).focus();
}

/** @param {FocusEvent} event */
function enter(event) {
  const button = target(event).closest("[data-element] [name=press]");
  const row = button?.closest("[data-element]");
  if (row && button) makeStop(row, button);
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
 * Arrows lead from answer to answer, « Confirmer » being the first, and to the same answer of the element above or below.
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
  const next = rows[rows.indexOf(/** @type {HTMLElement} */ (row)) + down];
  if (!next) return;
  if (down) {
    const above = answersOf(next)[answersOf(row).indexOf(answerOf(button))];
    ((button.matches("[data-confirm]") && confirmOf(next)) || above).focus();
    return;
  }
  const own = [confirmOf(row) ?? [], answersOf(row)].flat();
  own[(own.indexOf(button) + right + own.length) % own.length].focus();
}

export const watchAnswers = () => {
  document.addEventListener("click", press);
  document.addEventListener("focusin", enter);
  document.addEventListener("keydown", move);
  document.addEventListener("keydown", letter, true); // before the keys of the screen
};
