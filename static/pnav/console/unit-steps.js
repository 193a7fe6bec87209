/**
 * A unit's page of one summary. Each reading of a summary is registered, so this script asks again only how many steps
 * there are.
 *
 * @module
 */

import { all, byId, find } from "../lib/dom.js";
import { createVoice } from "../lib/voice.js";
import { swapFrom, tryToLoad } from "./pages.js";

const EVERY_MS = 20_000;
const ZONE = "#etapes-zone";

/** @param {HTMLInputElement} field */
const isChanged = (field) =>
  !field.readOnly &&
  (field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

/** Return the page's own address, which a POST does not change. */
const address = () =>
  location.pathname.replace(/\/[^/]+\/$/, (last) => (/^\/[0-9a-f-]{36}\/$/.test(last) ? last : "/"));

export function followSteps() {
  const old = byId("dossier-ancien");
  const voice = createVoice(byId("dossier-annonces"));
  const acts = byId("actes");
  const fields = () => all("input:not([type=hidden]), textarea", acts, HTMLInputElement);
  const isWritten = () => acts.hasAttribute("data-kept") || fields().some(isChanged);

  async function refresh() {
    if (document.hidden) return;
    const count = await tryToLoad(`${address()}?partie=nombre`);
    old.hidden = Boolean(count);
    if (!count || find("[data-steps]", count).dataset.steps === find(ZONE).dataset.steps) return;
    const page = await tryToLoad(address());
    if (!page) return;
    const at = document.activeElement;
    const id = acts.contains(at) && at?.id;
    swapFrom(page, ZONE);
    // What is being written stays with the steps for which it was written. The answer to it says what has changed.
    if (!isWritten()) {
      acts.replaceChildren(...[...find("#actes", page).childNodes].map((node) => document.adoptNode(node)));
      if (id) document.getElementById(id)?.focus({ preventScroll: true });
    }
    voice(`${find(ZONE).dataset.news} ${find(`${ZONE} li:last-child`).textContent}`);
  }

  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
}
