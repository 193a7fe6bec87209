/**
 * Lets the agent fold the sections of « Ce que je sais ». The choice holds for every conversation, also after the page
 * was left. It is kept in a cookie, because it says nothing of anybody. Without this script all sections are open.
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";

const NAME = "pnav_console_plis";

/** Return the sections that a cookie says are folded. @param {string} cookies */
export const foldedIn = (cookies) => {
  const [, kept = ""] = new RegExp(`(?:^|; )${NAME}=([a-z.]*)`).exec(cookies) ?? [];
  return new Set(kept.split(".").filter(Boolean));
};

/** Return the cookie's value for these sections. @param {Set<string>} folded */
export const asCookie = (folded) =>
  `${NAME}=${[...folded].sort().join(".")}; path=/console/; max-age=31536000; samesite=lax`;

/** @type {Set<string>} ids of the sections that a key or a link led to: open for this once, also when they are drawn again */
const ledTo = new Set();

/**
 * Turn the title of a section into a button, once. A section is not folded while it holds an error, has the focus, or
 * was reached by a key or a link.
 *
 * @param {HTMLElement} section
 */
function dress(section) {
  const title = seek(":scope > h3", section);
  if (!title || seek("[data-fold-press]", title)) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "console-fold";
  button.dataset.foldPress = "";
  button.append(...title.childNodes);
  title.append(button);
  const isHere = ledTo.has(section.id) || section.contains(document.activeElement);
  const isNeeded = isHere || seek("[aria-invalid=true], [role=alert]", section);
  show(section, !isNeeded && foldedIn(document.cookie).has(section.dataset.fold ?? ""));
}

/** @param {HTMLElement} section @param {boolean} isFolded */
function show(section, isFolded) {
  section.toggleAttribute("data-folded", isFolded);
  find("[data-fold-press]", section).setAttribute("aria-expanded", String(!isFolded));
}

/** @param {Event} event */
function press(event) {
  const button = target(event).closest("[data-fold-press]");
  const section = /** @type {HTMLElement | null | undefined} */ (button?.closest("[data-fold]"));
  if (!section) return;
  const isFolded = !section.hasAttribute("data-folded");
  const folded = foldedIn(document.cookie);
  const key = section.dataset.fold ?? "";
  if (isFolded) folded.add(key);
  else folded.delete(key);
  document.cookie = asCookie(folded);
  for (const one of all(`[data-fold="${key}"]:has([data-fold-press])`)) {
    ledTo.delete(one.id);
    show(one, isFolded);
  }
}

/** Unfold what a key or a link leads to, until the section's title is pressed. @param {Element | null} to */
export function unfold(to) {
  const section = /** @type {HTMLElement | null | undefined} */ (to?.closest("[data-folded]"));
  if (!section || to?.matches("[data-fold-press]")) return;
  if (section.id) ledTo.add(section.id);
  show(section, false);
}

/** @param {Event} event */
function follow(event) {
  const way = /** @type {HTMLAnchorElement | null} */ (target(event).closest("a[href^='#']"));
  if (way) unfold(document.getElementById(way.hash.slice(1)));
}

export const watchFolding = () => {
  const dossiers = find("#dossiers");
  const dressIn = (/** @type {Element} */ part) => {
    for (const section of all("[data-fold]", part)) dress(section);
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node instanceof Element) dressIn(node.parentElement ?? node);
    }
  }).observe(dossiers, { childList: true, subtree: true });
  dressIn(dossiers);
  document.addEventListener("click", press);
  document.addEventListener("click", follow); // before the browser follows the link
  dossiers.addEventListener("focusin", (event) => unfold(target(event)));
};
