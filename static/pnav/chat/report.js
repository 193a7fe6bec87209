/**
 * The signalement in the waiting room: what is touched is kept at once, one request after the other, always as it is
 * ticked when the request leaves.
 *
 * @module
 */

import { all, byId, seek, write } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { createTimers } from "../lib/timers.js";
import { data, visit, words } from "./state.js";

const AGAIN_MS = 5000;
const timers = createTimers();
let isSaving = false;
let isStale = false;

/** @param {HTMLElement} card */
const ticked = (card) => {
  const chosen = new URLSearchParams();
  for (const box of /** @type {HTMLInputElement[]} */ (all("input:checked", card))) chosen.append(box.name, box.value);
  return chosen;
};

/** @param {HTMLElement} card @returns {Promise<"kept" | "later" | "never">} */
async function send(card) {
  try {
    const headers = { "X-CSRFToken": data.csrf ?? "", Accept: "application/json" };
    const answer = await request(card.dataset.address ?? "", { method: "POST", headers, body: ticked(card) });
    if (answer.ok) return "kept";
    return answer.status === 401 || answer.status === 409 ? "never" : "later";
  } catch {
    return "later"; // no network
  }
}

/** @param {HTMLElement} card */
async function save(card) {
  timers.clear("again");
  if (isSaving) {
    isStale = true;
    return;
  }
  isSaving = true;
  isStale = false;
  const outcome = await send(card);
  isSaving = false;
  if (visit.signal.aborted || outcome === "never") return;
  write(byId("facts-told"), outcome === "kept" ? words.facts_kept : words.facts_later);
  if (outcome === "later") timers.set("again", AGAIN_MS, () => save(card));
  else if (isStale) save(card);
}

export function watchReport() {
  const card = seek("#signalement");
  if (!card) return;
  card.addEventListener("change", () => save(card));
  visit.signal.addEventListener("abort", () => timers.clear());
}
