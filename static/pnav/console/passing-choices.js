/**
 * « Passer » offers nothing that the server refuses: whom, how and why each leave out what does not go with the others.
 * What is chosen stays chosen, and what is left out says why in its own words: « pas disponible », « Vous connaissez une
 * personne concernée ».
 *
 * @module
 */

import { find, target } from "../lib/dom.js";

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

/** @param {Event} event */
const change = (event) => fitPassing(target(event));

export const watchPassing = () => {
  document.addEventListener("change", change);
  // A form that was drawn again is fitted when one comes to it.
  document.addEventListener("focusin", change);
};
