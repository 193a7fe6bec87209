/**
 * When a part of a page is replaced, what was being written in it goes into the new part.
 *
 * @module
 */

/** @typedef {HTMLTextAreaElement | HTMLInputElement | HTMLSelectElement | HTMLDetailsElement} Kept */

// A box of « Propositions » is kept as what is chosen and typed beside it is; those elsewhere are ticked anew.

const KEPT = "textarea[id], input.fr-input[id], details[id], select[id], .console-fields [type=checkbox][id]";

/**
 * Treat words with which the server drew a field, and which it keeps nowhere, as if they had been typed here. They then
 * survive the next replacement of the part.
 *
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 */
const asDraft = (field) => {
  const { value } = field;
  field.defaultValue = "";
  field.value = value;
  if (!value) field.dataset.emptied = ""; // sent empty: it stays so where the server proposes words
};

/** @type {Map<string, string>} what was sent of each text, by the id of its field, for as long as the page lives */
const sentTexts = new Map();

/** Note the texts of a form as they are sent. What is typed until the answer comes is kept. @param {HTMLFormElement} form */
export const noteSent = (form) => {
  for (const field of /** @type {Iterable<HTMLInputElement>} */ (form.elements)) {
    if (field.matches("textarea[id], input.fr-input[id]")) sentTexts.set(field.id, field.value);
  }
};

/**
 * Return what a field has after its form was sent and something was typed meanwhile: what follows the words that were
 * sent, or everything, if these were changed or stand in the new field too. Empty when nothing was typed.
 *
 * @param {HTMLTextAreaElement | HTMLInputElement} field
 * @param {HTMLTextAreaElement | HTMLInputElement} fresh
 */
const typedSince = ({ id, value }, fresh) => {
  const sent = sentTexts.get(id);
  if (sent === undefined || value === sent) return "";
  return !fresh.value && value.startsWith(sent) ? value.slice(sent.length).trimStart() : value;
};

/**
 * Whether the agent has chosen something in a list and not sent it. Otherwise the list shows what the server has, which
 * another page of the agent may have changed.
 *
 * @param {HTMLSelectElement} list
 */
const isChosen = ({ options, selectedIndex }) => {
  const drawn = [...options].findIndex(({ defaultSelected }) => defaultSelected);
  return selectedIndex !== Math.max(0, drawn); // where none is drawn as chosen, it is the first
};

/**
 * Carry the content of one field over to the field that takes its place.
 *
 * @param {Kept} field
 * @param {Kept} fresh
 * @param {HTMLFormElement | undefined} sent
 * @param {boolean} isUntaken
 */
export const keep = (field, fresh, sent, isUntaken) => {
  if ("options" in field && "options" in fresh) {
    const isThere = [...fresh.options].some((choice) => choice.value === field.value);
    const isShown = !field.closest(".console-transfer") && !isChosen(field);
    if (field.form !== sent && isThere && !isShown) fresh.value = field.value;
  } else if ("checked" in field && "checked" in fresh && field.type === "checkbox") {
    if (field.form !== sent && field.checked !== field.defaultChecked) fresh.checked = field.checked;
  } else if ("open" in field && "open" in fresh) {
    const isDone = sent?.hasAttribute("data-closes") && field.contains(sent) && !isUntaken;
    if (field.open && !isDone) fresh.open = true;
  } else if ("defaultValue" in field && "defaultValue" in fresh) {
    const typed = field.form === sent ? typedSince(field, fresh) : "";
    if (isUntaken && field.form === sent) asDraft(fresh);
    if (typed && !fresh.readOnly) fresh.value = typed;
    const isEmptied = "emptied" in field.dataset;
    if ((field.defaultValue === field.value && !isEmptied) || field.form === sent || fresh.readOnly) return;
    fresh.value = field.value;
    if (isEmptied) fresh.dataset.emptied = "";
  }
};

/**
 * Write into `after` what was being written in `before`, and open the folds that were open.
 *
 * @param {Element} before
 * @param {Element} after
 * @param {HTMLFormElement} [sent] the form whose answer `after` is: its own words were taken, and what was typed since
 *   it was sent (`noteSent`) is kept
 * @param {boolean} [isUntaken] they were not: the answer gives them back, and they are kept nowhere else
 */
export const keepDrafts = (before, after, sent, isUntaken = false) => {
  for (const field of /** @type {NodeListOf<Kept>} */ (before.querySelectorAll(KEPT))) {
    const fresh = /** @type {Kept | null} */ (after.querySelector(`[id="${field.id}"]`));
    if (fresh) keep(field, fresh, sent, isUntaken);
  }
  if (before instanceof HTMLDetailsElement && before.open) /** @type {HTMLDetailsElement} */ (after).open = true;
};

/**
 * Return the fields in which something is written that the server does not have, also those that it gave back to be
 * copied.
 *
 * @param {Element} part
 */
export const written = (part) =>
  [...part.querySelectorAll("textarea")].filter((area) => area.value !== area.defaultValue || "toCopy" in area.dataset);

/** Keep a text that can no longer be sent, so that it can be copied. @param {HTMLTextAreaElement} area */
export const forCopying = (area) => {
  const label = area.labels[0];
  if (label) area.setAttribute("aria-label", label.textContent ?? "");
  area.readOnly = true;
  area.dataset.toCopy = "";
  return area;
};

/** Whether a text that can no longer be sent stands in the page, and was not copied yet. */
export const isToCopy = () =>
  [.../** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll("[data-to-copy]"))].some((area) =>
    area.value.trim(),
  );

/** A text that was copied can be left. @param {ClipboardEvent} event */
const copied = ({ target }) => {
  if (target instanceof HTMLTextAreaElement) delete target.dataset.toCopy;
};

export const watchCopies = () => document.addEventListener("copy", copied);

/**
 * Return whether something is being written in this part, apart from the answers, which the server keeps.
 *
 * @param {Element} part
 */
export const isWritten = (part) =>
  [
    .../** @type {NodeListOf<HTMLTextAreaElement>} */ (
      part.querySelectorAll("textarea, [name=explanation], [name=note]")
    ),
  ].some(
    (area) =>
      !(area.readOnly || area.closest("[data-reply]")) && area.value !== area.defaultValue && area.value.trim() !== "",
  );
