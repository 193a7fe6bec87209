/**
 * « Passer » offers nothing that the server refuses: whom, how and why each leave out what does not go with the others.
 * What is chosen stays chosen, and what is left out says why in its own words: « pas disponible », « Vous connaissez une
 * personne concernée ».
 *
 * @module
 */

import { find, seek, target } from "../lib/dom.js";
import { tell } from "./notice.js";
import { desk, known, say } from "./state.js";

const COLD = "cold";
const WARM = "warm";
const KNOWS_SOMEBODY = "impartiality";

/** @param {HTMLFormElement} form */
function fit(form) {
  const [whom, how, why] = ["target", "manner", "reason"].map((name) =>
    find(`[name=${name}]`, form, HTMLSelectElement),
  );
  const [chosen] = whom.selectedOptions;
  const isQueue = Boolean(chosen?.matches("[data-queue]"));
  if (isQueue && how.value === WARM) how.value = COLD; // the queue reads no summary
  for (const option of whom.options) {
    if (option.matches("[data-warm]")) option.disabled = how.value === COLD;
    if (option.matches("[data-queue]")) option.disabled = Boolean(why.value) && why.value !== KNOWS_SOMEBODY;
  }
  for (const option of how.options) {
    if (option.value === COLD) option.disabled = Boolean(chosen?.matches("[data-warm]"));
    if (option.value === WARM) option.disabled = isQueue;
  }
  for (const option of why.options)
    option.disabled = isQueue && Boolean(option.value) && option.value !== KNOWS_SOMEBODY;
}

/**
 * Fit the form of a passing that this element belongs to. Other forms are left as they are.
 *
 * @param {Element} element
 */
export function fitPassing(element) {
  const form = /** @type {HTMLFormElement | null} */ (element.closest("form.console-transfer"));
  if (form) fit(form);
}

// The clock of the console ticks each 5 s, and a tick may come some milliseconds early.
const TARGETS_EVERY_MS = 9500;

/** @type {WeakMap<Element, number>} by fold: when its list was read last, in ms */
const readAt = new WeakMap();

/** The list of this fold is being read. @param {Element} fold */
export const noteTargetsRead = (fold) => readAt.set(fold, Date.now());

/** Return the open list of « Passer » that somebody sees and that was not read lately; null: there is none. */
export function targetsDue() {
  if (document.hidden || !desk.current) return null;
  const fold = seek(`#passer-${desk.current.id}[open]`);
  return fold && Date.now() - (readAt.get(fold) ?? 0) >= TARGETS_EVERY_MS ? fold : null;
}

/** Return what a list offers, as one text. @param {HTMLSelectElement} list */
const drawn = (list) =>
  [...list.options]
    .filter((option) => !option.hasAttribute("data-left"))
    .map((option) => [option.closest("optgroup")?.label, option.value, option.hasAttribute("data-warm"), option.text])
    .join("\n");

/**
 * Bring the list of « Passer » up to date. A list that has not changed is left alone: somebody may be looking through it.
 * What was chosen stays chosen. Where it is no longer possible, the list says why at its place, and the agent is told.
 *
 * @param {import("./state.js").Conversation | undefined} c
 * @param {HTMLSelectElement} list
 * @param {HTMLSelectElement} fresh
 */
export function renewTargets(c, list, fresh) {
  const [chosen] = list.selectedOptions;
  const was = { value: chosen?.value ?? "", isLost: chosen?.disabled };
  if (drawn(list) !== drawn(fresh)) {
    list.replaceChildren(...[...fresh.children].map((choice) => document.adoptNode(choice)));
    list.value = was.value;
    if (list.selectedIndex < 0) {
      const who = (chosen?.text ?? "").split(/\s:\s/)[0];
      const left = new Option(say("target_left", { who }), was.value, true, true);
      left.disabled = true;
      left.dataset.left = "";
      list.append(left);
    }
  }
  fitPassing(list); // how and why may have been chosen while the colleagues were read
  const [now] = list.selectedOptions;
  if (c && was.value && now?.disabled && !was.isLost) tell(say("target_lost", { aim: c.aim, who: now.text }), c.id);
}

/**
 * Show who can take the exchange whose list of « Passer » was open when the offers were asked for.
 *
 * @param {Document} page
 * @param {Element} fold
 */
export function showTargets(page, fold) {
  const list = seek("[name=target]", fold, HTMLSelectElement);
  const fresh = seek("[data-targets]", page, HTMLSelectElement); // a server of before does not send it
  if (list && fresh && fold.isConnected) renewTargets(known(fold.id.slice("passer-".length)), list, fresh);
}

/** @param {Event} event */
const change = (event) => fitPassing(target(event));

export const watchPassing = () => {
  document.addEventListener("change", change);
  // A form that was drawn again is fitted when one comes to it.
  document.addEventListener("focusin", change);
};
