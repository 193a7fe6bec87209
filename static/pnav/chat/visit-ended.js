/**
 * The visit that a page showed has ended: nothing of it stays, text being typed included. Whoever holds the page now may
 * not be who wrote it (docs/adr/0010). What takes its place is in `_visit_ended.html`.
 *
 * @module
 */

import { all, byId } from "../lib/dom.js";

export const showVisitEnded = () => {
  const { content, dataset } = byId("left", HTMLTemplateElement);
  document.title = dataset.title ?? "";
  for (const place of all(".pnav-nav__state")) place.remove(); // the town chosen, in the menu
  byId("contenu").replaceChildren(content);
  scrollTo({ top: 0, behavior: "instant" });
  byId("ended").focus({ preventScroll: true });
};
