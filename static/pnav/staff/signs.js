/**
 * Signs of life of the agent on a page of the staff, and the question « Êtes-vous là ? » when there are none while
 * somebody needs them (docs/adr/0134). The tabs of one browser tell each other of signs, and nothing else.
 *
 * A key or a move of the pointer writes one time stamp here and does nothing more, because they are many.
 *
 * @module
 */

import { byId, find } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { createIdleness } from "../lib/idleness.js";
import { hour } from "../lib/time.js";
import { fill } from "../lib/words.js";

const ANSWER_MS = 2 * 60_000; // `chat.conversations.idle.ANSWER`
const DAY_S = 86_400; // nothing longer is taken
// A click too: who reads with a screen reader, or speaks to the machine, makes it without a key and without a pointer.
const SIGNS = ["keydown", "input", "pointerdown", "pointermove", "touchstart", "wheel", "click"];
const PRESS_MS = 600; // from the first touch of a press to its click, at most
const how = { capture: true, passive: true };

const place = byId("etes-vous-la");
const text = find("[data-idle-text]", place);
const idleness = createIdleness(1000 * Number(place.dataset.after), ANSWER_MS);
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
  caretIn = getSelection()?.anchorNode ?? null;
  if (document.activeElement?.matches("input, textarea, select") || !(before?.isConnected ?? true)) return;
  noteSign();
  answer();
}

/** Tell other tabs of the last sign here, unless they know of it. */
function share() {
  if (signAt <= sharedAt) return;
  sharedAt = signAt;
  tabs?.postMessage(signAt);
}

function leave() {
  place.hidden = true;
  place.removeAttribute("aria-hidden");
}

/**
 * The question is over. After a sign in this tab its place stays for a moment, empty: the sign may be a press, and
 * otherwise its click would fall on what lies beneath, which may be « Envoyer ».
 */
function hide(isHere = false) {
  if (!isAsked) return;
  isAsked = false;
  for (const sign of SIGNS) removeEventListener(sign, answerHere, how);
  page.over();
  text.textContent = "";
  if (isHere && !place.contains(document.activeElement)) {
    place.setAttribute("aria-hidden", "true");
    leaving = setTimeout(leave, PRESS_MS);
  } else leave();
}

/** @type {Required<Watcher>} */
let page = { isCalled: () => true, asked() {}, over() {}, answered() {}, paused() {} };

/**
 * @typedef {object} Watcher what a page does
 * @property {() => boolean} [isCalled] whether its agent may be needed, as far as the page knows
 * @property {(text: string) => void} [asked] the question is shown
 * @property {() => void} [over] the question is over, for whatever reason
 * @property {() => void} [answered] somebody is there
 * @property {() => void} [paused] the agent was set in pause
 */

/** Take the last sign; when it answers the question, remove the question. @param {boolean} [isHere] it comes now, in this tab */
function answer(isHere = false) {
  if (!idleness.sign(signAt, isHere)) return;
  hide(isHere);
  share();
  page.answered();
}

/** @param {Event} event */
function answerHere(event) {
  if (!isByScript(event)) answer(true);
}

function ask() {
  const asked = fill(text.dataset.text ?? "", {
    time: hour(new Date(idleness.until()), document.documentElement.lang),
  });
  clearTimeout(leaving);
  isAsked = true;
  place.removeAttribute("aria-hidden");
  place.hidden = false;
  text.textContent = asked; // after it is shown: a live region says what is put into it
  for (const sign of SIGNS) addEventListener(sign, answerHere, how); // after `noteSign`, which was added before
  page.asked(asked);
}

async function lookWhoWaits() {
  const headers = { Accept: "application/json" };
  const said = await request(place.dataset.ask ?? "", { headers, cache: "no-store", redirect: "manual" });
  if (!said.ok) return;
  const { needed } = await said.json();
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
  find("button", place).addEventListener("click", () => {
    noteSign(); // whoever presses this is there, also by an extension of the browser
    answer(true);
  });
  tabs?.addEventListener("message", ({ data }) => {
    if (!(data > signAt)) return;
    signAt = sharedAt = Math.min(data, Date.now());
    answer();
  });
  share();
}
