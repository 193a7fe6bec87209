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
const AGAIN_MS_MAX = 60_000;
// The save is too late (401: the visit is over, 409: the exchange is): the page says so elsewhere.
const OVER = [401, 409];
// The same request may be accepted later: it took too long, or there were too many.
const PASSING = [408, 425, 429];
const timers = createTimers();
let isSaving = false;
let isStale = false;
let failures = 0;

/** @param {HTMLElement} card */
const ticked = (card) => {
  const chosen = new URLSearchParams();
  for (const box of /** @type {HTMLInputElement[]} */ (all("input:checked", card))) chosen.append(box.name, box.value);
  return chosen;
};

/** @param {HTMLElement} card @returns {Promise<"kept" | "later" | "refused" | "over">} */
async function send(card) {
  try {
    const headers = { "X-CSRFToken": data.csrf ?? "", Accept: "application/json" };
    const options = { method: "POST", headers, body: ticked(card), keepalive: true }; // it arrives although the page goes
    const answer = await request(card.dataset.address ?? "", options);
    if (answer.ok) return "kept";
    if (OVER.includes(answer.status)) return "over";
    return answer.status >= 500 || PASSING.includes(answer.status) ? "later" : "refused";
  } catch {
    return "later"; // no network
  }
}

/**
 * Save what is ticked. What fails is sent again after 5 seconds, then after twice as long each time, up to a minute.
 * What the server refuses is not sent again until something else is ticked.
 *
 * @param {HTMLElement} card
 * @param {boolean} [isLeaving] a page that goes does not wait for the save under way
 */
async function save(card, isLeaving = false) {
  timers.clear("again");
  if (isSaving && !isLeaving) {
    isStale = true;
    return;
  }
  isSaving = true;
  isStale = false;
  const outcome = await send(card);
  isSaving = false;
  failures = outcome === "later" ? failures + 1 : 0;
  if (visit.signal.aborted || outcome === "over") return;
  const told = byId("facts-told");
  told.classList.toggle("pnav-chat__unkept", outcome !== "kept"); // in sight, however far above its line the box is
  write(told, words[`facts_${outcome}`]);
  const pause = Math.min(AGAIN_MS_MAX, AGAIN_MS * 2 ** (failures - 1));
  if (outcome === "later") timers.set("again", pause, () => save(card));
  else if (isStale) save(card);
}

/**
 * When the page goes out of sight or is left, send what is not kept yet. A quick exit sends nothing.
 *
 * @param {HTMLElement} card
 */
function leave(card) {
  const isWaiting = isStale || timers.has("again");
  if (isWaiting && !document.documentElement.classList.contains("pnav-leaving")) save(card, true);
}

export function watchReport() {
  const card = seek("#choix");
  if (!card) return;
  const options = { signal: visit.signal };
  card.addEventListener("change", () => save(card));
  document.addEventListener("visibilitychange", () => document.hidden && leave(card), options);
  addEventListener("pagehide", () => leave(card), options);
  addEventListener("beforeunload", () => leave(card), options); // before the next page is asked for, as compose.js
  visit.signal.addEventListener("abort", () => timers.clear());
  // On a slow line somebody may tick before this script runs.
  const boxes = /** @type {HTMLInputElement[]} */ (all("input", card));
  if (boxes.some((box) => box.checked !== box.defaultChecked)) save(card);
}
