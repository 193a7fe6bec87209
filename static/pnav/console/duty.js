/**
 * The agent's own availability, as the server has it, and the conversations that left while the agent was away.
 *
 * @module
 */

import { byId, find, seek } from "../lib/dom.js";
import { count } from "./list.js";
import { showNotifications } from "./notifications.js";
import { load, swapFrom } from "./pages.js";
import { beep, showSound } from "./sound.js";
import { announce, desk, dutyBar, home, words } from "./state.js";

const PRESSED = "#disponibilite [aria-pressed=true]";

/** Restore what the bar needs after it was drawn again. */
export function showDuty() {
  showSound();
  showNotifications();
  const open = seek("[name=echange]", document, HTMLInputElement);
  if (open) open.value = desk.current ? desk.current.id : "";
  count(); // what an empty list says depends on the availability
}

/**
 * Show the conversations that left while the agent was away. They are announced once, when they are new, and stay on
 * screen until they are read.
 *
 * @param {Document | null} page
 */
function showLosses(page) {
  const before = byId("partis");
  const { until } = before.dataset;
  if (before.contains(document.activeElement) || !swapFrom(page, "#partis")) return;
  const told = seek("#partis-titre");
  if (!told || byId("partis").dataset.until === until) return;
  announce(told.textContent?.trim() ?? "");
  beep(740);
}

/** Show « Absent » when the lease has ended. */
export async function refreshDuty() {
  const page = await load(home).catch(() => undefined);
  if (page === undefined) return;
  // The agent may be there already. The focus stays on the same button, or goes to the button that replaces it.
  const at = /** @type {HTMLButtonElement} */ (document.activeElement);
  const held = dutyBar().contains(at) && (at.id || at.value);
  showLosses(page);
  if (!swapFrom(page, "#disponibilite")) return;
  showDuty();
  if (!held) return;
  const same = document.getElementById(held) || seek(`#disponibilite button[value="${CSS.escape(held)}"]`);
  (same || find(PRESSED)).focus();
}

const PAUSE_ASKED_EVERY_MS = 3000;
let pauseAskedAt = 0;

/** A pause ends by itself. Show and announce what the server says then. */
export async function checkPause() {
  const now = Date.now();
  const pause = seek("[data-pause-until]");
  if (!pause || now < Date.parse(pause.dataset.pauseUntil ?? "") || now - pauseAskedAt < PAUSE_ASKED_EVERY_MS) return;
  pauseAskedAt = now;
  const page = await load(home).catch(() => null);
  if (!page || seek("[data-pause-until]", page)) return; // by the server's clock the pause is not over yet
  const held = dutyBar().contains(document.activeElement);
  swapFrom(page, "#disponibilite");
  showDuty();
  if (held) find(PRESSED).focus();
  if (dutyBar().dataset.availability !== "available") return;
  announce(words.pause_over);
  beep(880);
}

/** The session is over, so nobody is assigned to this agent. */
export function showNoDuty() {
  const bar = dutyBar();
  const now = find(".console-duty__now", bar);
  now.textContent = now.dataset.out ?? "";
  bar.dataset.availability = "away";
  for (const choice of bar.querySelectorAll("[name=availability][aria-pressed=true]")) {
    choice.setAttribute("aria-pressed", "false");
    choice.classList.replace("fr-icon-check-line", "fr-btn--secondary");
    choice.classList.remove("fr-btn--icon-left");
  }
  count();
}
