/**
 * This module notes signs of life of the agent on a page of the staff, and asks « Êtes-vous là ? » when there are none
 * while somebody needs them (docs/adr/0134). The tabs of one browser tell each other of signs, and nothing else; other
 * devices learn of them by the server, to which each beat tells the last one (docs/adr/0139).
 *
 * A key or a move of the pointer writes one time stamp here and does nothing more, because they are many.
 *
 * @module
 */

import { byId, find, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { createIdleness } from "../lib/idleness.js";
import { hour } from "../lib/time.js";
import { fill } from "../lib/words.js";
import { sayOnPhone } from "./phone.js";

const ANSWER_MS = 2 * 60_000; // `chat.conversations.idle.ANSWER`
const DAY_S = 86_400; // nothing longer is taken
// A click too: who reads with a screen reader, or speaks to the machine, makes it without a key and without a pointer.
const SIGNS = ["keydown", "input", "pointerdown", "pointermove", "touchstart", "wheel", "click"];
const PRESS_MS = 600; // from the first touch of a press to its click, at most
const OFFERED_MS = 6000; // for how long « Je suis au téléphone » can be pressed after a sign on the way to it
const how = { capture: true, passive: true };

const place = byId("etes-vous-la");
const text = find("[data-idle-text]", place);
const AFTER_MS = 1000 * Number(place.dataset.after);
const idleness = createIdleness(AFTER_MS, ANSWER_MS);
const tabs = globalThis.BroadcastChannel ? new BroadcastChannel("pnav-signs") : null;

let signAt = Date.now(); // the page was asked for just now
let sharedAt = 0;
let isBusy = false;
let isAsked = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let leaving;

const isByScript = (/** @type {Event | undefined} */ event) => event?.isTrusted === false;

/** @param {Event} [event] */
const noteSign = (event) => {
  if (!isByScript(event)) signAt = Date.now();
};

/** @type {Node | null} where the caret stood last */
let caretIn = null;

/**
 * A screen reader keeps its own keys to itself: whoever reads the page with them only moves the caret, or the focus. In
 * a field keys come to the page; and a caret whose place was drawn anew was moved by the page.
 */
function noteReading() {
  const before = caretIn;
  const field = document.activeElement?.closest("input, textarea, select");
  caretIn = field ?? getSelection()?.anchorNode ?? null; // where in a field is not asked: it costs a layout at each letter
  if (field || !(before?.isConnected ?? true)) return;
  noteSign();
  const isInside = place.contains(caretIn);
  answer(isInside, isInside ? { type: "selectionchange", target: caretIn } : undefined);
}

/**
 * Return for how many seconds there was no sign; null when it is so long that the server need not know. The server
 * tells other devices of the agent. The number is rather too large than too small, because the server must never have a
 * later sign than there was.
 */
export function secondsWithoutSign() {
  const since = Date.now() - signAt;
  return since >= 0 && since < AFTER_MS ? Math.ceil(since / 1000) + 1 : null;
}

/** Tell other tabs of the last sign here, unless they know of it. */
function share() {
  if (signAt <= sharedAt) return;
  sharedAt = signAt;
  tabs?.postMessage(signAt);
}

/** @type {Element | null} where the focus was before it came into the question */
let focusBefore = null;

/** Remove the question from the screen. The focus, if it is inside, goes back to where it came from. */
function leave() {
  clearTimeout(leaving);
  const isHeld = place.contains(document.activeElement);
  place.hidden = true;
  place.removeAttribute("aria-hidden");
  delete place.dataset.offer;
  for (const sign of SIGNS) removeEventListener(sign, leaveOffer, how);
  if (!isHeld) return;
  const before = /** @type {HTMLElement | null} */ (focusBefore);
  const next = before?.isConnected && before.offsetParent ? before : page.home();
  if (next && next.tabIndex < 0) next.tabIndex = -1; // a title takes the focus only with it
  next?.focus({ preventScroll: true });
}

/** @typedef {{ type: string, target: EventTarget | null }} Sign an event, or what stands for one */

/** Return whether this sign may be on its way to a button of the question. @param {Sign | undefined} event */
const isOnItsWay = (event) =>
  Boolean(event) &&
  (place.contains(/** @type {Node} */ (event?.target)) ||
    (event?.type === "pointermove" && /** @type {PointerEvent} */ (event).pointerType === "mouse"));

/**
 * After a sign on its way to a button, the buttons stay for some seconds, and any other sign removes them. After a call
 * that was not taken they stay until a press elsewhere: the sentence must be read, also by who goes on typing.
 *
 * @param {Event} event
 */
function leaveOffer(event) {
  if (isByScript(event)) return;
  const isEscape = /** @type {KeyboardEvent} */ (event).key === "Escape";
  const isElsewhere = event.type === "click" && !place.contains(/** @type {Node} */ (event.target));
  if (isEscape || ("offer" in place.dataset ? !isOnItsWay(event) : isElsewhere)) leave();
}

/** Remove the buttons, unless one of them is pointed at, or has the focus. */
function endOffer() {
  if (place.matches(":focus-within") || seek("button:hover", place)) leaving = setTimeout(endOffer, OFFERED_MS);
  else leave();
}

/**
 * End the question. After a sign in this tab its place stays for a moment, empty: the sign may be a press, and
 * otherwise its click would fall on what lies beneath, which may be « Envoyer ». After a sign on the way to one of its
 * buttons, these stay where they are.
 *
 * @param {boolean} [isHere]
 * @param {Sign} [event] the sign
 */
function hide(isHere = false, event = undefined) {
  if (!isAsked) return;
  isAsked = false;
  for (const sign of SIGNS) removeEventListener(sign, answerHere, how);
  page.over();
  if (isHere && isOnItsWay(event)) {
    place.dataset.offer = ""; // its words are not shown any more, and keep their room
    for (const sign of SIGNS) addEventListener(sign, leaveOffer, how);
    leaving = setTimeout(endOffer, OFFERED_MS);
    return;
  }
  text.textContent = "";
  if (isHere && !place.contains(document.activeElement)) {
    place.setAttribute("aria-hidden", "true");
    leaving = setTimeout(leave, PRESS_MS);
  } else leave();
}

/** @type {Required<Watcher>} */
let page = {
  isCalled: () => true,
  asked() {},
  over() {},
  answered() {},
  paused() {},
  phoned() {},
  home: () => seek("h1"),
};

/**
 * @typedef {object} Watcher what a page does
 * @property {() => boolean} [isCalled] whether its agent may be needed, as far as the page knows
 * @property {(text: string) => void} [asked] the question is shown
 * @property {() => void} [over] the question is over, for whatever reason
 * @property {() => void} [answered] somebody is there
 * @property {() => void} [paused] the agent was set in pause
 * @property {(failure: string) => void} [phoned] the agent said that they telephone; failure: the sentence that is shown
 *   when the server has not taken it, else empty
 * @property {() => HTMLElement | null} [home] where the focus goes when what had it before the question is gone
 */

/**
 * Take the last sign; when it answers the question, remove the question.
 *
 * @param {boolean} [isHere] it comes now, in this tab
 * @param {Sign} [event] what it is
 */
function answer(isHere = false, event = undefined) {
  if (!idleness.sign(signAt, isHere)) return;
  hide(isHere, event);
  share();
  page.answered();
}

/** @param {Event} event */
function answerHere(event) {
  if (!isByScript(event)) answer(true, event);
}

/** « Je suis au téléphone »: nobody asks and nobody new comes for some minutes (`chat.conversations.phone_calls`). */
async function telephone() {
  const address = find("[data-idle-phone]", place).dataset.idlePhone ?? "";
  const why = await sayOnPhone(address, new FormData(find("form", place, HTMLFormElement)));
  const failure = why && (place.dataset[why] ?? "");
  if (failure && !isAsked) standAgain(failure);
  page.phoned(failure);
}

/** Show the buttons again, with this sentence in place of the question. @param {string} failure */
function standAgain(failure) {
  leave();
  place.hidden = false;
  text.textContent = failure; // after it is shown, as in `ask`
  for (const sign of SIGNS) addEventListener(sign, leaveOffer, how);
}

function ask() {
  const asked = fill(text.dataset.text ?? "", {
    time: hour(new Date(idleness.until()), document.documentElement.lang),
  });
  leave(); // what is left of a question before
  isAsked = true;
  place.hidden = false;
  text.textContent = asked; // after it is shown: a live region says what is put into it
  for (const sign of SIGNS) addEventListener(sign, answerHere, how); // after `noteSign`, which was added before
  page.asked(asked);
}

async function lookWhoWaits() {
  const headers = { Accept: "application/json" };
  const askedAt = Date.now(); // the answer may be long under way, and no sign may look later than it was
  const said = await request(place.dataset.ask ?? "", { headers, cache: "no-store", redirect: "manual" });
  if (!said.ok) return;
  const { needed, sign } = await said.json();
  if (typeof sign === "number" && askedAt - 1000 * sign > signAt) {
    signAt = askedAt - 1000 * sign; // at another device
    answer();
  }
  const does = idleness.heard(Boolean(needed), Date.now());
  if (does === "ask") ask();
  else if (does === "drop") hide();
}

/** The server looks again, because somebody may have answered elsewhere, and the person may have gone. */
async function pause() {
  const form = find("form", place, HTMLFormElement);
  const body = new FormData(form);
  body.set("seconds", String(Math.min(DAY_S, Math.floor((Date.now() - signAt) / 1000))));
  const said = await request(form.action, { method: "POST", body, redirect: "manual" });
  if (!said.ok) return; // asked again at the next look
  idleness.settle();
  hide();
  if ((await said.json()).paused) page.paused();
}

/** Look whether the question is due. A page calls it with the clock that it has, every 5 to 20 seconds. */
export async function lookForSigns() {
  share();
  answer();
  const does = idleness.due(Date.now());
  if (!page.isCalled()) {
    idleness.settle();
    hide();
  } else if (does && !isBusy) {
    isBusy = true;
    try {
      await (does === "look" ? lookWhoWaits() : pause());
    } catch {
      // No network. The next look asks again; without a line the lease ends as well.
    } finally {
      isBusy = false;
    }
  }
}

/** @param {Watcher} watcher */
export function watchSigns(watcher) {
  page = { ...page, ...watcher };
  for (const sign of SIGNS) addEventListener(sign, noteSign, how);
  addEventListener("focus", noteSign);
  document.addEventListener("selectionchange", noteReading);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) share();
    else noteSign();
  });
  place.addEventListener("mousedown", (event) => event.preventDefault()); // a press leaves the focus where one writes
  place.addEventListener("focusin", ({ relatedTarget }) => {
    if (!place.contains(/** @type {Node | null} */ (relatedTarget)))
      focusBefore = /** @type {Element | null} */ (relatedTarget);
  });
  place.addEventListener("click", ({ target }) => {
    const button = /** @type {Element} */ (target).closest("button");
    if (!button) return;
    noteSign(); // whoever presses this is there, also by an extension of the browser
    answer(true);
    leave();
    if (button.matches("[data-idle-phone]")) telephone();
  });
  tabs?.addEventListener("message", ({ data }) => {
    if (!(data > signAt)) return;
    signAt = sharedAt = Math.min(data, Date.now());
    answer();
  });
  share();
}
