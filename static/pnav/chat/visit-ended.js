/**
 * The visit that a page showed has ended. Nothing of it stays on the page, not even text that was being typed, because
 * the reader of the page may no longer be the person who wrote it (docs/adr/0010). What is shown instead is in
 * `_visit_ended.html`. An element that had the focus stays for two frames, emptied before anything else is done, so that
 * a screen reader says the new heading (`removeHeld`).
 *
 * @module
 */

import { all, byId } from "../lib/dom.js";
import { heldIn, removeHeld } from "../lib/focus.js";

export const showVisitEnded = () => {
  const { content, dataset } = byId("left", HTMLTemplateElement);
  document.title = dataset.title ?? "";
  for (const place of all(".pnav-nav__state")) place.remove(); // the chosen town, in the menu
  const page = byId("contenu");
  const parts = [...page.childNodes];
  const held = heldIn(page);
  if (held instanceof HTMLTextAreaElement || held instanceof HTMLInputElement) held.value = "";
  page.prepend(content);
  scrollTo({ top: 0, behavior: "instant" });
  byId("ended").focus({ preventScroll: true });
  for (const part of parts) {
    if (held && part instanceof HTMLElement && part.contains(held)) removeHeld(part, held);
    else part.remove();
  }
};
