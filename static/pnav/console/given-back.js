/**
 * Reasons of « Décliner » that came too late. The server keeps them nowhere, and gives them back to be copied.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";

/** The part of the screen in which they stand. */
export const GIVEN_BACK = "#refus-a-copier";

const given = { count: 0 };

/**
 * Add the reason that an answer gives back to those that stand there. Each stays until it is copied; one that was copied
 * leaves with the next answer. For each of them its agent has sent a form.
 *
 * @param {Document} page that answers a form
 */
export function takeGivenBack(page) {
  const part = seek(GIVEN_BACK);
  const fresh = seek(GIVEN_BACK, page);
  if (!part || !fresh) return;
  for (const area of all("textarea:not([data-to-copy])", part, HTMLTextAreaElement)) {
    if (area === document.activeElement) continue;
    for (const label of [...area.labels]) label.remove();
    area.remove();
  }
  const reason = seek("textarea", fresh, HTMLTextAreaElement);
  const kept = all("[data-to-copy]", part, HTMLTextAreaElement).map(({ value }) => value);
  if (!reason || kept.includes(reason.value)) return; // the same form may be sent twice
  if (document.getElementById(reason.id)) {
    given.count += 1;
    reason.id = find("label", fresh, HTMLLabelElement).htmlFor = `${reason.id}-${given.count}`;
  }
  part.append(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
}
