/**
 * Where letters go that are typed while no field has the focus. Agents who look at the keyboard and not at the screen go
 * on writing after they pressed a button. Their words go into the open answer from the first letter, and nothing is
 * sent. In another form they belong to that form: a private note was typed on the button that keeps it, and was sent to
 * the person.
 *
 * @module
 */

import { all, seek } from "../lib/dom.js";
import { wasPressed } from "./sheet-answers.js";
import { desk } from "./state.js";

const TEXTS = "textarea:not([readonly]), input:is([type=text], [type=search], :not([type]))";

// The page itself and its columns, which have the focus after a press on a text; the list, and the thread.
const OF_THE_ANSWER = "body, main, #echange, #dossiers, .console-own *, .console-thread, .console-thread *";

/**
 * Return the field that takes the letters typed here, or null: they go nowhere. A form with one text keeps them there.
 * One with several or none keeps them from the person, unless it is an act of the thread that is being sent.
 *
 * @param {HTMLElement} at what has the focus, no field
 * @param {HTMLTextAreaElement} area the open answer
 */
function fieldFor(at, area) {
  if (wasPressed(at)) return area; // an answer of the sheet, by mouse: what is typed next is for the person
  const form = /** @type {HTMLFormElement | null} */ (at.closest("form"));
  if (form && form !== area.form) {
    const texts = all(TEXTS, form).filter((one) => one.offsetParent && !one.closest("details:not([open])"));
    if (texts.length) return texts.length === 1 ? texts[0] : null;
    if (form.matches(".console-action__panel") && form.ariaBusy !== "true") return null;
  }
  return at.matches(OF_THE_ANSWER) ? area : null;
}

/** Put the focus where the letter that is being typed belongs. @param {HTMLElement} at what has the focus, no field */
export function writeOn(at) {
  const area = desk.current?.area;
  if (!area || area.disabled || !area.offsetParent || seek("dialog[open]")) return;
  fieldFor(at, area)?.focus({ preventScroll: true }); // the letter itself follows the focus
}
