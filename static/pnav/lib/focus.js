/**
 * Keeps the keyboard's focus where a part of a page is replaced. Otherwise it would fall to the top of the page.
 *
 * @module
 */

import { seek } from "./dom.js";

/**
 * Return the element of this part that has the focus, or null when none has.
 *
 * @param {Element} part
 */
export const heldIn = (part) => {
  const at = document.activeElement;
  return at instanceof HTMLElement && part.contains(at) ? at : null;
};

/**
 * Return the element of a part that took the place of the one that had the focus: of the same id, name, value
 * and address. If there is none, return what can take the focus around it.
 *
 * @param {HTMLElement} held
 * @param {HTMLElement} part
 */
function successor(held, part) {
  const named = ["id", "name", "value", "href"].filter((name) => held.hasAttribute(name));
  const same = named.map((name) => `[${name}="${CSS.escape(held.getAttribute(name) ?? "")}"]`).join("");
  const found = same && seek(`${held.tagName}${same}`, part);
  if (found) return found;
  return part.hasAttribute("tabindex") ? part : (seek("[tabindex]", part) ?? part.closest("[tabindex]"));
}

/**
 * Give the focus to what took the place of the element that had it. Nothing scrolls.
 *
 * @param {HTMLElement | null} held of `heldIn`, asked before the part was replaced
 * @param {HTMLElement} part that is in the page now
 */
export const passFocus = (held, part) => {
  if (held) /** @type {HTMLElement | null} */ (successor(held, part))?.focus({ preventScroll: true });
};

const KEPT = new Set(["open", "role", "tabindex", "type"]); // without these it would be another element

/**
 * Remove a part whose focus went elsewhere in the same moment. All that is in it goes at once; the element that had the
 * focus stays for two frames, empty, alone, without a name, and out of sight. Firefox tells a screen reader what was
 * removed before it tells where the focus went, and Orca then often takes up by itself what has the focus, and says
 * nothing of it.
 *
 * @param {HTMLElement} part
 * @param {HTMLElement} held of `heldIn`, asked before the focus went
 */
export const removeHeld = (part, held) => {
  for (let one = /** @type {HTMLElement | null} */ (held); one; one = one === part ? null : one.parentElement) {
    for (const node of [...one.childNodes]) if (!node.contains(held)) node.remove();
    for (const name of one.getAttributeNames()) if (!KEPT.has(name)) one.removeAttribute(name);
  }
  part.className = "fr-sr-only";
  requestAnimationFrame(() => requestAnimationFrame(() => part.remove())); // it was told where the focus went
};

/**
 * Replace a part that has the focus by one in which something else takes it and has to be said (`removeHeld`).
 *
 * @param {HTMLElement} before
 * @param {HTMLElement} after
 * @param {HTMLElement} held of `heldIn`
 */
export const replaceHeld = (before, after, held) => {
  before.before(after);
  passFocus(held, after);
  removeHeld(before, held);
};
