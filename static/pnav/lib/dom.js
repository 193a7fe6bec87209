/**
 * Finds elements, with their types. `find` is for what a page always has, and `seek` for what it may have.
 *
 * @module
 */

/** @typedef {Document | DocumentFragment | Element} Part */

/** Count that a script of the page has run to its end. Where one did not, `without-modules.js` replaces it. */
export const markRun = () => {
  const { dataset } = document.documentElement;
  dataset.run = String(Number(dataset.run ?? 0) + 1);
};

/**
 * Return the first element that this selector names. Raise an error that names the selector when there is none.
 *
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {Part} from where to look
 * @param {{ new (): T }} [_kind] what it is, for the types alone
 * @returns {T}
 */
export const find = (selector, from = document, _kind) => {
  const found = from.querySelector(selector);
  if (!found) throw new Error(`not on this page: ${selector}`);
  return /** @type {T} */ (found);
};

/**
 * Return the first element that this selector names, or null when there is none.
 *
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {Part} from
 * @param {{ new (): T }} [_kind]
 * @returns {T | null}
 */
export const seek = (selector, from = document, _kind) => /** @type {T | null} */ (from.querySelector(selector));

/**
 * Return all elements that this selector names, in the order of the page.
 *
 * @template {Element} [T=HTMLElement]
 * @param {string} selector
 * @param {Part} from
 * @param {{ new (): T }} [_kind]
 * @returns {T[]}
 */
export const all = (selector, from = document, _kind) => /** @type {T[]} */ ([...from.querySelectorAll(selector)]);

/**
 * Return the element with this id, which the page always has.
 *
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {{ new (): T }} [kind]
 * @returns {T}
 */
export const byId = (id, kind) => find(`#${id}`, document, kind);

/**
 * Return a copy of the content of a `<template>` of the page.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export const fromTemplate = (id) => {
  const content = byId(id, HTMLTemplateElement).content.firstElementChild;
  return /** @type {HTMLElement} */ (content?.cloneNode(true));
};

/**
 * Return the target of an event, as an element.
 *
 * @param {Event} event
 * @returns {HTMLElement}
 */
export const target = (event) => /** @type {HTMLElement} */ (event.target);

/**
 * Write a text only when it changes, because a screen reader says each change of a live region.
 *
 * @param {Element | null} node
 * @param {string} text
 */
export const write = (node, text) => {
  if (node && node.textContent !== text) node.textContent = text;
};

/**
 * Hide or show an element only when that changes it: whoever writes the same again makes the browser look anew for each
 * style that depends on what is hidden.
 *
 * @param {HTMLElement} node
 * @param {boolean} isHidden
 */
export const hide = (node, isHidden) => {
  if (node.hidden !== isHidden) node.hidden = isHidden;
};

/**
 * Whether a click does not only follow the link here, but opens another tab, downloads, and so on.
 *
 * @param {MouseEvent | KeyboardEvent} event
 */
export const isModified = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

/**
 * Bring the field in error to which the page leads the focus into view, with what is said under it. A browser leaves it
 * where it is when it is within the window, even under « Quitter rapidement ». The room around it is in site.css.
 */
export const showWrong = () => seek("[aria-invalid=true][autofocus]")?.scrollIntoView({ block: "nearest" });
