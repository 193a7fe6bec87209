/**
 * The visit that a page showed has ended. Nothing of it stays on the page, not even text that was being typed, because
 * the reader of the page may no longer be the person who wrote it (docs/adr/0010). What is shown instead is in
 * `_visit_ended.html`.
 *
 * @module
 */

import { all, byId } from "../lib/dom.js";

export const showVisitEnded = () => {
  const { content, dataset } = byId("left", HTMLTemplateElement);
  document.title = dataset.title ?? "";
  for (const place of all(".pnav-nav__state")) place.remove(); // the chosen town, in the menu
  byId("contenu").replaceChildren(content);
  scrollTo({ top: 0, behavior: "instant" });
  byId("ended").focus({ preventScroll: true });
};
