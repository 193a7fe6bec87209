/**
 * The agent's own availability, as the server has it, and the conversations that left while the agent was away.
 *
 * @module
 */

import { byId, find, seek, write } from "../lib/dom.js";
import { hour } from "../lib/time.js";
import { column, count } from "./list.js";
import { tell } from "./notice.js";
import { showNotifications } from "./notifications.js";
import { load, swapFrom, tryToLoad } from "./pages.js";
import { beep, showSound } from "./sound.js";
import { alarm, announce, desk, dutyBar, home, say, words } from "./state.js";

const PRESSED = "#disponibilite [aria-pressed=true]";

const reminder = byId("pause-rappel");
const pause = () => seek("#disponibilite [data-pause-until]");
const until = () => pause()?.dataset.pauseUntil ?? "";
const pausing = { until: until() };

/**
 * A pause that begins is said once, on screen and aloud. While it runs, a line stays in sight where the bar scrolls away
 * (console.css).
 */
function showPause() {
  const begins = until() && !pausing.until;
  pausing.until = until();
  reminder.hidden = !pausing.until;
  if (!pausing.until) return;
  const isPhone = pause()?.hasAttribute("data-phone");
  const text = say(isPhone ? "phone_begins" : "pause_begins", {
    time: hour(new Date(pausing.until), document.documentElement.lang),
  });
  write(find("a", reminder), text);
  if (begins) tell(text);
}

const places = { told: dutyBar().dataset.capacity };

/** Say how many places there are when that has changed, by whom and wherever: what says it is in a fold. */
export function tellPlaces() {
  const { capacity } = dutyBar().dataset;
  if (capacity === places.told) return;
  places.told = capacity;
  if (capacity) announce(`${find("#disponibilite label[for=capacite]").textContent} : ${capacity}.`);
}

/** Restore what the bar needs after it was drawn again. */
export function showDuty() {
  showPause();
  showSound();
  showNotifications();
  const open = seek("[name=echange]", document, HTMLInputElement);
  if (open) open.value = desk.current ? desk.current.id : "";
  count(); // what an empty list says depends on the availability
}

// On a touch screen, what was pressed last counts as pointed at until something else is pressed.
const hovers = matchMedia("(hover: hover)");

const told = { until: byId("partis").dataset.until }; // the return of which this page has said what was lost

/**
 * Show the conversations that left while the agent was away. They are announced once, when they are new, and stay on
 * screen until they are read. They stand over the list and would push it under a pointer, so that a press would open a
 * neighbour: they are drawn once it has left, and the focus those that were there before, from what the server says then.
 *
 * @param {Document | null} page
 */
function showLosses(page) {
  const before = byId("partis");
  const after = page && seek("#partis", page);
  if (!after) return;
  const { until } = after.dataset;
  if (until && until !== told.until) {
    told.until = until;
    announce(find("#partis-phrase", after).textContent?.trim() ?? "");
    beep("other");
  }
  if (!until && !before.dataset.until) return;
  if (before.contains(document.activeElement)) {
    before.addEventListener("focusout", refreshDuty, { once: true });
    return;
  }
  if (hovers.matches && column.matches(":hover")) {
    column.addEventListener("pointerleave", refreshDuty, { once: true });
    return;
  }
  const isOther = until !== before.dataset.until;
  swapFrom(page, "#partis");
  if (until && isOther) column.scrollTop = 0; // they are above what was scrolled to
}

/**
 * The notice stands until it is read, and the exchanges go from hand to hand meanwhile: where they are is read again
 * when the list is unfolded.
 */
async function readPlaces() {
  const page = await tryToLoad(home);
  if (!page || seek("#partis", page)?.dataset.until !== byId("partis").dataset.until) return;
  for (const part of ["titre", "phrase"]) swapFrom(page, `#partis-${part}`);
  swapFrom(page, "#partis-liste > ul");
}

column.addEventListener(
  "toggle",
  ({ target }) => {
    if (target instanceof HTMLDetailsElement && target.id === "partis-liste" && target.open) readPlaces();
  },
  { capture: true }, // this event does not bubble
);

/** Whether a supervisor has set this agent in pause, as the page shows it. */
const isOrdered = () => dutyBar().hasAttribute("data-ordered");

/** Whether a page has set this agent in pause because it saw no sign of them, as the page shows it. */
const isIdle = () => dutyBar().hasAttribute("data-idle");

/** Show « Absent » when the lease has ended. */
export async function refreshDuty() {
  const page = await load(home).catch(() => undefined);
  if (page === undefined) return;
  // The agent may be there already. The focus stays on the same button, or goes to the button that replaces it.
  const at = /** @type {HTMLButtonElement} */ (document.activeElement);
  const held = dutyBar().contains(at) && (at.id || at.value);
  const wasOrdered = isOrdered();
  const wasIdle = isIdle();
  showLosses(page);
  if (!swapFrom(page, "#disponibilite")) return;
  showDuty();
  if (isOrdered() && !wasOrdered) {
    announce(words.paused);
    beep("other");
  }
  if (isIdle() && !wasIdle) {
    alarm(words.idle_paused);
    beep("other");
  }
  tellPlaces();
  if (!held) return;
  const same = document.getElementById(held) || seek(`#disponibilite button[value="${CSS.escape(held)}"]`);
  (same || find(PRESSED)).focus();
}

const PAUSE_ASKED_EVERY_MS = 3000;
let pauseAskedAt = 0;

/**
 * A pause ends by itself. Show and announce what the server says then.
 *
 * @param {{ isOver?: boolean }} [known] isOver: the server has shown that it has ended
 */
export async function checkPause({ isOver = false } = {}) {
  const now = Date.now();
  if (!pause()) return;
  if (!isOver && (now < Date.parse(until()) || now - pauseAskedAt < PAUSE_ASKED_EVERY_MS)) return;
  pauseAskedAt = now;
  const page = await load(home).catch(() => null);
  if (!page || seek("[data-pause-until]", page)) return; // by the server's clock the pause is not over yet
  const held = dutyBar().contains(document.activeElement);
  swapFrom(page, "#disponibilite");
  showDuty();
  if (held) find(PRESSED).focus();
  if (dutyBar().dataset.availability !== "available") return;
  announce(words.pause_over);
  beep("other");
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
