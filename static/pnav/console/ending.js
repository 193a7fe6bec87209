/**
 * « Terminer »: the server checks the form first, so that what is missing is said at once. The end is then held for
 * some seconds (`pending-ends`) before it is sent. Without this file the form ends the exchange when it is sent.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { request, valuesOf } from "../lib/http.js";
import { fold } from "../lib/search.js";
import { flush } from "./compose.js";
import { settle } from "./form-answers.js";
import { tellUnanswered } from "./line.js";
import { noteWork } from "./moved-on.js";
import { load } from "./pages.js";
import { pageOf } from "./panels.js";
import { hold, isPending, tellHeld, tellSeen } from "./pending-ends.js";
import { desk, isReady, known, say } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const NOTHING_MISSING = 204;

const KEEPALIVE_MOST = 60_000; // bytes; browsers refuse 64 KiB and more from a page that is being closed

/** The length of what a form sends, or more: letters with accents take more bytes here. @param {FormData} body */
const sizeOf = (body) => new URLSearchParams(/** @type {[string, string][]} */ ([...body])).toString().length;

/**
 * @param {HTMLFormElement} form
 * @param {FormData} body
 * @param {boolean} [isKept] whether it arrives although the page is left meanwhile
 */
const post = (form, body, isKept = false) =>
  request(form.action, { method: "POST", body, keepalive: isKept && sizeOf(body) < KEEPALIVE_MOST });

/** @param {HTMLFormElement} form */
function threadOf(form) {
  const thread = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
  return known(thread?.dataset.conversation);
}

/**
 * The server refused an end because the person has written something that this page does not have: it is asked for, and
 * a line that died silently, which lost it, is noticed within seconds.
 *
 * @param {Conversation} c
 */
function readUnseen(c) {
  flush(c);
  desk.line?.wake();
}

/**
 * Send an end whose seconds are over.
 *
 * @param {Conversation} c
 * @param {HTMLFormElement} form
 * @param {FormData} body
 * @param {HTMLButtonElement | null} button
 */
async function end(c, form, body, button) {
  try {
    const answer = await post(form, body, true);
    await settle(form, button, answer);
    if (!answer.redirected) tellRefused(c);
  } catch {
    // If it was not ended, the button can be pressed again.
    tellUnanswered(c, button, say("end_unanswered", { aim: c.aim }));
  }
}

/** Say that an end was refused, and why. Its panel has been drawn again, and is closed. @param {Conversation} c */
function tellRefused(c) {
  const refusal = seek(`#cloture-${c.id} [role=alert], #cloture-${c.id} .fr-error-text`);
  if (!refusal) return;
  find(`#cloture-${c.id} [name=confirm]`, document, HTMLInputElement).checked = false; // as after « Annuler »
  const isUnseen = refusal.hasAttribute("data-unseen");
  const why = (refusal.textContent ?? "").trim().replace(/\s+/g, " ");
  tellHeld(c, say(isUnseen ? "end_held" : "end_refused", { name: c.name, why }));
  if (isUnseen) readUnseen(c);
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement | null} button */
async function check(form, button) {
  const c = threadOf(form);
  if (!c || isPending(c)) return;
  const body = valuesOf(form, button);
  const asked = valuesOf(form, button);
  asked.set("verifier", "1");
  tellSeen(c, asked);
  const hasMovedOn = noteWork();
  const answer = await post(form, asked);
  const isElsewhere = hasMovedOn();
  if (answer.status !== NOTHING_MISSING) {
    await settle(form, button, answer);
    // Nobody looks at the panel in which it says why.
    if (isElsewhere) tellRefused(c);
    else if (seek(`#refus-fin-${c.id} [data-unseen]`)) readUnseen(c);
    return;
  }
  const panel = form.closest("details");
  if (panel) panel.open = false;
  hold(c, form, body, () => end(c, form, body, button), isElsewhere);
}

/**
 * The service did not say whether anything is missing, so nothing was ended. Each end is told of by its name: the agent
 * may be with somebody else by now.
 *
 * @param {Conversation | undefined} c
 * @param {HTMLButtonElement | null} button
 */
function tellUnasked(c, button) {
  if (c && isReady()) tellHeld(c, say("end_unasked", { aim: c.aim }));
  else tellUnanswered(c, button);
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
    tellUnasked(threadOf(form), button);
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

/**
 * What was wrong with a field of a refused end is gone once the field is changed. It stayed red until the next try.
 *
 * @param {Event} event
 */
function mend({ target }) {
  const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (target);
  if (!field.form?.dataset.ending || !field.hasAttribute("aria-invalid")) return;
  for (const name of ["aria-invalid", "aria-describedby", "aria-labelledby"]) field.removeAttribute(name);
  document.getElementById(`${field.id}-error`)?.remove();
  field.classList.remove("fr-select--error");
  for (const kind of ["select", "checkbox"]) {
    field.closest(`.fr-${kind}-group`)?.classList.remove(`fr-${kind}-group--error`);
  }
}

/** @param {Element | null} form @returns {HTMLSelectElement[]} */
const pointsOf = (form) => /** @type {HTMLSelectElement[]} */ (form ? all("select[name^=point_]", form) : []);

/**
 * « F », « S », « L » and « P » answer a point of a minor, and lead to the next one that is open, at last to the
 * confirmation. The fieldset says so.
 *
 * @param {KeyboardEvent} event
 */
function letter(event) {
  const { target: at, key, altKey, ctrlKey, metaKey } = event;
  if (!(at instanceof HTMLSelectElement) || !at.form?.dataset.ending || !at.name.startsWith("point_")) return;
  if (altKey || ctrlKey || metaKey || key.length > 1 || document.documentElement.hasAttribute("data-no-singles"))
    return;
  const chosen = [...at.options].find(({ value, text }) => value && fold(text).startsWith(fold(key)));
  if (!chosen) return;
  event.preventDefault();
  if (event.repeat) return; // a key that is held down would answer all of them
  at.value = chosen.value;
  at.dispatchEvent(new Event("change", { bubbles: true }));
  const points = pointsOf(at.form);
  const next = points.slice(points.indexOf(at) + 1).find(({ value }) => !value);
  (next ?? find("[name=confirm]", at.form)).focus();
}

/**
 * The page keys read on in the form. In a closed list a browser takes them for another choice, and whoever read on with
 * the focus in « Comment l'échange se termine » or in a point of a minor changed it.
 *
 * @param {KeyboardEvent} event
 */
function readOn(event) {
  const by = { PageUp: -1, PageDown: 1 }[event.key];
  const { target: at } = event;
  if (!by || !(at instanceof HTMLSelectElement) || !at.form?.dataset.ending) return;
  event.preventDefault();
  const scrolls = (/** @type {Element} */ one) =>
    one.scrollHeight > one.clientHeight && /auto|scroll/.test(getComputedStyle(one).overflowY);
  let box = /** @type {Element | null} */ (at.form);
  while (box && !scrolls(box)) box = box.parentElement;
  const whole = box ?? document.scrollingElement;
  whole?.scrollBy({ top: by * 0.9 * whole.clientHeight });
}

const READ_AFTER_MS = [0, 500, 2000, 5000]; // a reading that failed is tried again after each of these times

/**
 * Read the exchange again for a form. Return null when it is nobody's to read any more, when the network fails each time,
 * or when the form was closed meanwhile.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLDetailsElement} panel it is in
 * @param {Conversation} c
 */
async function readFor(form, panel, c) {
  for (const wait of READ_AFTER_MS) {
    if (wait) await new Promise((goOn) => setTimeout(goOn, wait));
    if (!panel.open || !form.isConnected) return null;
    try {
      return await load(pageOf(c.id));
    } catch {
      // The next time, or what is open is chosen by hand.
    }
  }
  return null;
}

/**
 * Fill the points that are known by now, when the panel is opened: they were drawn when the exchange came. What the
 * agent has chosen stays.
 *
 * @param {Event} event
 */
async function renewPoints({ target: opened }) {
  const panel = /** @type {HTMLDetailsElement} */ (opened);
  const form = panel.open ? seek(":scope > [data-ending]", panel, HTMLFormElement) : null;
  const c = form && threadOf(form);
  if (!form || !c || !pointsOf(form).length) return;
  const page = await readFor(form, panel, c);
  const fresh = page && seek(`[id="${form.id}"]`, page);
  const legend = fresh && seek("legend", fresh);
  if (legend) seek("legend", form)?.replaceWith(document.adoptNode(legend)); // it says that something is filled in
  for (const known of pointsOf(fresh)) {
    const point = pointsOf(form).find(({ name }) => name === known.name);
    if (point && !point.value) point.value = known.value;
  }
}

export function watchEnds() {
  document.addEventListener("keydown", letter);
  document.addEventListener("keydown", readOn);
  document.addEventListener("toggle", renewPoints, true);
  document.addEventListener("submit", submit, true);
  document.addEventListener("change", fillPoints);
  document.addEventListener("change", mend);
}
