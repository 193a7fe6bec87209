/**
 * What stands below the thread and follows it: answers that one tap gives, the link to the summary, and what was told
 * to the person.
 *
 * @module
 */

import { byId, find, seek } from "../lib/dom.js";
import { heldIn } from "../lib/focus.js";
import { request } from "../lib/http.js";
import { put } from "./compose.js";
import { exchange, root, visit, voice, words } from "./state.js";
import { isAtEnd, list, steady, toEnd } from "./thread.js";

const ready = byId("answers", HTMLFormElement);
const asked = () => find("[name=client_id]", ready, HTMLInputElement);
const SUMMARY_MS = 200;
const LONGEST_MS = 2 ** 31 - 1; // the longest time of a browser's timer, more than three weeks
// Readings are numbered as they begin. `shown` is the last one on screen.
let readings = 0;
let shown = 0;
/** @type {Set<string>} names of the person's messages that came since the page was drawn, answers among them */
const answered = new Set();

/**
 * Whether the server drew this name: that of a question is a UUID of version 8.
 *
 * @param {string | null | undefined} id
 */
const isDrawn = (id) => Boolean(id) && id?.[14] === "8";

/** @param {import("./thread.js").Message} message */
export const isQuestion = ({ author, client_id: id }) => author !== "reporter" && isDrawn(id);

/** The name that an answer to the question on screen will have; empty when there is none. */
export const question = () => asked().value;

/**
 * Give the focus to the words of a message. Orca would say a whole message again at « Envoyé » and at « Lu », which the
 * voice says.
 *
 * @param {Element} message
 */
function give(message) {
  const body = find("[data-part=body]", message);
  body.tabIndex = -1;
  body.focus({ preventScroll: true });
}

/**
 * Change what is shown below the thread. If what has the focus goes with it, the last message takes the focus. If
 * that was an answer, it is said that none is waited for any more.
 *
 * @param {() => void} change
 */
function keepFocus(change) {
  const held = heldIn(root);
  const isAnswering = held !== null && ready.contains(held);
  change();
  if (held === null || (held.isConnected && !held.closest("[hidden]"))) return;
  if (list.lastElementChild) give(list.lastElementChild);
  if (isAnswering && ready.hidden) voice(words.answered);
}

/** Whoever is at the end of the thread stays there, and whoever reads further up at what they read. @param {() => void} change */
function inPlace(change) {
  if (!isAtEnd()) {
    steady(change);
    return;
  }
  change();
  toEnd();
}

/** @param {string} id the name of the message that answers */
function noteAnswer(id) {
  answered.add(id);
  if (id !== question()) return;
  watchHour(null);
  asked().value = "";
  ready.hidden = true;
}

/**
 * Hide the answers to a question that was answered, here or in another tab. Any other message changes nothing.
 *
 * @param {string | null | undefined} id the name of the message
 */
export function hideAnswers(id) {
  if (id) keepFocus(() => noteAnswer(id));
}

/** Until when the question on screen can be answered, by this device's clock; Infinity where that has no end. */
const hour = { at: Number.POSITIVE_INFINITY, timer: 0 };

/** The hour of the appointment has passed: nothing can be pressed any more, and why is said in place of the buttons. */
function passHour() {
  watchHour(null); // a device that slept may call this before its timer does
  if (exchange.status === "closed") return;
  const said = find("[data-past]", ready);
  asked().value = "";
  const change = () => {
    find("[data-choices]", ready).replaceChildren();
    said.hidden = false;
  };
  keepFocus(() => inPlace(change));
  voice(said.textContent ?? "");
}

/** @param {number | null | undefined} seconds until the hour of the appointment; none for any other question */
function watchHour(seconds) {
  clearTimeout(hour.timer);
  hour.at = seconds ? Date.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
  if (seconds && seconds * 1000 < LONGEST_MS) hour.timer = setTimeout(passHour, seconds * 1000);
}

/** @param {string} answer */
function choice(answer) {
  const button = document.createElement("button");
  button.className = "fr-btn fr-btn--secondary";
  button.name = "body";
  button.value = button.textContent = answer;
  return button;
}

/**
 * Read the answers that can be tapped. If reading fails, nothing is lost: the question is in the thread, and can be
 * answered in words. A reading that comes after a later one is not shown, and neither is a question that was answered
 * while it was read.
 */
export async function readAnswers() {
  readings += 1;
  const reading = readings;
  try {
    const reply = await request(ready.dataset.src ?? "", { cache: "no-store" });
    if (!reply.ok || visit.signal.aborted) return;
    const { question: asking, past, told, follow, slip, document: hasDocument } = await reply.json();
    if (reading < shown || visit.signal.aborted) return;
    shown = reading;
    const found = asking && !answered.has(asking.client_id) ? asking : null;
    const isSame = found?.client_id === question(); // its buttons stay, because one of them may have the focus
    const choices = found ? found.answers.map(choice) : [];
    asked().value = found ? found.client_id : "";
    watchHour(found?.ends_in);
    const change = () => {
      if (!isSame) find("[data-choices]", ready).replaceChildren(...choices);
      ready.hidden = !found && !past;
      find("[data-past]", ready).hidden = !past;
      find("button", byId("follow")).textContent = follow;
      byId("follow").hidden = !follow;
      byId("document").hidden = !hasDocument;
      byId("slip").hidden = !slip;
    };
    keepFocus(() => inPlace(change));
    // The question was said alone, and nobody knows by it that buttons stand below. They may go before this is said.
    if (found && !isSame) {
      const said = `${find("[data-choices]", ready).getAttribute("aria-label")} : ${found.answers.join(", ")}.`;
      voice(said, () => question() === found.client_id);
    }
    byId("told").textContent = told;
    byId("told-block").hidden = !told;
  } catch {
    // The network was cut. The page that is loaded next has the answers.
  }
}

/**
 * Watch for a summary that waits to be read (« Relire avant la suite »). The link to it is shown as soon as Pnav says
 * so in the thread, and is hidden when the summary no longer waits. Only the status of that page is asked for, and
 * nothing of it is read here.
 */
function watchSummary() {
  const way = seek("#handover");
  const end = byId("fin");
  if (!way) return;
  let timer = 0;
  const look = async () => {
    try {
      const address = way.dataset.handover ?? "";
      const answer = await request(address, { method: "HEAD", redirect: "manual", cache: "no-store" });
      const isNew = way.hidden && answer.status === 200;
      const wasAtEnd = end.getBoundingClientRect().top < innerHeight;
      keepFocus(() => {
        way.hidden = answer.status !== 200;
      });
      if (isNew && wasAtEnd) end.scrollIntoView(); // somebody who reads further up stays there
    } catch {
      // The next line of the thread asks again.
    }
  };
  new MutationObserver((changes) => {
    const lines = changes.flatMap((change) => [.../** @type {NodeListOf<HTMLElement>} */ (change.addedNodes)]);
    if (!lines.some((line) => line.dataset?.author === "system")) return;
    clearTimeout(timer);
    timer = setTimeout(look, SUMMARY_MS);
  }).observe(list, { childList: true });
}

export function watchAnswers() {
  ready.addEventListener("submit", (event) => {
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (!button) return; // an old browser, which sends the form by itself
    event.preventDefault();
    if (Date.now() >= hour.at) passHour(); // the device slept, and its timer comes late
    const id = question();
    if (!id || exchange.status === "closed") return;
    noteAnswer(id);
    give(put(id, button.value).node); // somebody who only taps does not want a keyboard
  });
  watchHour(Number(ready.dataset.endsIn));
  visit.signal.addEventListener("abort", () => watchHour(null));
  watchSummary();
}
