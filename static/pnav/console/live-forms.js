/**
 * This module sends forms whose answer is put into the page without loading it again (`form-answers.js`). `data-live`
 * names the parts that are replaced.
 *
 * @module
 */

import { all, target } from "../lib/dom.js";
import { request, valuesOf } from "../lib/http.js";
import { sendByKey } from "./by-key.js";
import { noteSent } from "./drafts.js";
import { conversationOf, settle } from "./form-answers.js";
import { tellUnanswered } from "./line.js";
import { noteWork } from "./moved-on.js";
import { dossierOf, refreshBeside } from "./panels.js";
import { retryLater, saved } from "./sheet.js";
import { known } from "./state.js";

/**
 * Return the conversation of an act, also after its form was drawn again and is nowhere: its address names it.
 *
 * @param {HTMLFormElement} form
 */
const whose = (form) => conversationOf(form) ?? known(/\/echange\/([0-9a-f-]{36})\//.exec(form.action)?.[1]);

/** @param {HTMLFormElement} form @param {HTMLButtonElement | null} button */
async function send(form, button) {
  noteSent(form);
  const body = valuesOf(form, button);
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action; // a button may have its own
  const hasMovedOn = noteWork();
  await settle(form, button, await request(address, { method: "POST", body }), hasMovedOn);
}

/** @type {WeakMap<HTMLFormElement, HTMLButtonElement[]>} what was pressed in a form while an act of it was under way */
const pressedNext = new WeakMap();

/**
 * Remember a press on another button of a form that is being sent. Two presses of one button send once, and only a form
 * whose acts do not build on each other (`data-each-press`) sends each of the others, one after the other.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement | null} button
 */
function rememberPress(form, button) {
  if (!button || button.ariaBusy === "true" || !("eachPress" in form.dataset)) return;
  pressedNext.set(form, [...(pressedNext.get(form) ?? []), button]);
}

/**
 * Return where a button of a form is now that the form may have been drawn again; undefined: it is gone.
 *
 * @param {HTMLButtonElement} button
 * @param {HTMLFormElement} form
 */
function whereNow(button, form) {
  if (button.isConnected) return button;
  const same = (/** @type {HTMLElement} */ one) =>
    one instanceof HTMLButtonElement &&
    one.name === button.name &&
    one.value === button.value &&
    one.form?.getAttribute("action") === form.getAttribute("action");
  return /** @type {HTMLButtonElement | undefined} */ (all("form[data-each-press] button").find(same));
}

/**
 * Press the first of what was pressed meanwhile that is not gone, where the button now is. What was pressed after it
 * follows once this one is answered.
 *
 * @param {HTMLFormElement} form
 */
function pressNext(form) {
  const buttons = pressedNext.get(form) ?? [];
  pressedNext.delete(form);
  while (buttons.length) {
    const now = whereNow(/** @type {HTMLButtonElement} */ (buttons.shift()), form);
    if (!now?.form) continue;
    if (buttons.length) pressedNext.set(now.form, [...buttons, ...(pressedNext.get(now.form) ?? [])]);
    now.form.requestSubmit(now);
    return;
  }
}

/**
 * A save of a sheet was answered after the exchange had ended. What is known of the person is read again, as it is after
 * an end, because it stayed for the sheet.
 *
 * @param {HTMLFormElement} form
 */
function followEnd(form) {
  const c = form.matches("[data-autosave]") ? conversationOf(form) : undefined;
  if (c?.over) refreshBeside(c, dossierOf(c));
}

/** A key that is held down would do each step of a procedure after the other. @param {KeyboardEvent} event */
function doesOneStep(event) {
  const isPress = event.key === "Enter" || event.key === " ";
  if (event.repeat && isPress && target(event).closest("[name=step]")) event.preventDefault();
}

export const watchForms = () => {
  document.addEventListener("keydown", doesOneStep);
  document.addEventListener("keydown", sendByKey);
  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.dataset.live) return;
    event.preventDefault();
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (form.ariaBusy === "true") {
      rememberPress(form, button);
      return;
    }
    form.ariaBusy = "true";
    if (button) button.ariaBusy = "true"; // the button that was pressed shows it
    try {
      await send(form, button);
    } catch {
      if (!retryLater(form)) tellUnanswered(whose(form), button);
    } finally {
      form.ariaBusy = "false";
      if (button) button.ariaBusy = "false";
      saved(form);
      followEnd(form);
      pressNext(form);
    }
  });
};
