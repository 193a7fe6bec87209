/**
 * « Terminer »: the server checks the form first, so that what is missing is said at once. The end is then held for
 * some seconds (`pending-ends`) before it is sent. Without this file the form ends the exchange when it is sent.
 *
 * @module
 */

import { all } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { tellUnanswered } from "./line.js";
import { settle } from "./live-forms.js";
import { hold, isPending } from "./pending-ends.js";
import { known } from "./state.js";

const NOTHING_MISSING = 204;

/** @param {HTMLFormElement} form @param {FormData} body */
const post = (form, body) => request(form.action, { method: "POST", body });

/** @param {HTMLFormElement} form */
function threadOf(form) {
  const thread = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
  return known(thread?.dataset.conversation);
}

/** @param {HTMLFormElement} form @param {FormData} body @param {HTMLButtonElement | null} button */
async function end(form, body, button) {
  try {
    await settle(form, button, await post(form, body));
  } catch {
    tellUnanswered(threadOf(form)); // if it was not ended, the button can be pressed again
  }
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement | null} button */
async function check(form, button) {
  const c = threadOf(form);
  if (!c || isPending(c)) return;
  const body = new FormData(form, button);
  const asked = new FormData(form, button);
  asked.set("verifier", "1");
  const answer = await post(form, asked);
  if (answer.status !== NOTHING_MISSING) {
    await settle(form, button, answer);
    return;
  }
  const panel = form.closest("details");
  if (panel) panel.open = false;
  hold(c, form, body, () => end(form, body, button));
}

/** @param {SubmitEvent} event */
async function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.ending) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.ariaBusy === "true") return;
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  form.ariaBusy = "true";
  if (button) button.ariaBusy = "true";
  try {
    await check(form, button);
  } catch {
    tellUnanswered(threadOf(form));
  } finally {
    form.ariaBusy = "false";
    if (button) button.ariaBusy = "false";
  }
}

const LEFT = "left";
const IMPOSSIBLE = "impossible";

/** @type {WeakSet<HTMLSelectElement>} Points that were filled here, and that nobody has chosen since. */
const filled = new WeakSet();

/**
 * A person who has left can be asked nothing more. Points about a minor that were not answered are then filled in to
 * say so, and can still be changed. When another kind of end is chosen, these answers are removed again, because they
 * would say something that nobody chose and that did not happen.
 *
 * @param {Event} event
 */
function fillPoints({ target }) {
  const changed = /** @type {HTMLSelectElement} */ (target);
  filled.delete(changed);
  const form = changed.form;
  if (changed.name !== "outcome" || !form?.dataset.ending) return;
  const points = /** @type {HTMLSelectElement[]} */ (all("select[name^=point_]", form));
  for (const one of points) {
    if (changed.value === LEFT && !one.value) {
      one.value = IMPOSSIBLE;
      filled.add(one);
    } else if (changed.value !== LEFT && filled.has(one)) {
      one.value = "";
      filled.delete(one);
    }
  }
}

export function watchEnds() {
  document.addEventListener("submit", submit, true);
  document.addEventListener("change", fillPoints);
}
