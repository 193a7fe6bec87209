/**
 * Sounds, which are off unless the agent asks for them, and what they and the notifications tell of. Whatever is heard
 * is also announced, and in sight in the list. The choice is kept in cookies, because it says nothing about anybody.
 *
 * @module
 */

import { all, byId, find, target } from "../lib/dom.js";
import { createLeader } from "./leader.js";
import { notify } from "./notifications.js";
import { desk, isReady, words } from "./state.js";
import { isRepeated, isWanted, notesOf, repeatCookie, toneCookie, toneIn, wantedCookie, wantedIn } from "./tones.js";

/** @typedef {import("./tones.js").News} News */

/** @type {AudioContext | null} */
let audio = null;
/** @type {News | null} the last tone that the browser holds back, until a hand has touched the page */
let heldBack = null;

const isOn = () => document.cookie.includes("pnav_console_son=1");

/** Return what plays the tones. After a reload the browser holds it back until somebody presses something. */
function player() {
  if (audio) return audio;
  audio = new AudioContext();
  audio.addEventListener("statechange", changed);
  return audio;
}

/** Play what was held back, once the browser plays again, and show whether it does. */
function changed() {
  const news = audio?.state === "running" ? heldBack : null;
  if (audio && news) {
    heldBack = null;
    sound(audio, news);
  }
  showSound();
}

/** Whether the browser plays nothing: before a press (« suspended »), or in a call, in Safari (« interrupted »). */
const isHeldBack = () => audio !== null && audio.state !== "running" && isOn(); // each key asks: cookies are read last

/** Ask the browser to play. It may refuse for now: then the sign says so, and the next press asks again. */
const wake = () => audio?.resume().catch(showSound);

const leader = createLeader(navigator.locks);

/** Of several pages of this agent one sounds. It is one whose line and whose sound work. */
export function followLead() {
  if (isOn() && audio && !isHeldBack() && isReady() && !desk.isOver) leader.stand(document.hasFocus());
  else leader.resign();
}

/** @type {((news: News) => void)[]} */
const listeners = [];

/** Call this with each tone that is heard. @param {(news: News) => void} tell */
export const whenHeard = (tell) => listeners.push(tell);

/** @param {AudioContext} made @param {News} news */
function sound(made, news) {
  for (const { pitch, at, lasts, volume, wave } of notesOf(news, toneIn(document.cookie))) {
    const tone = made.createOscillator();
    const gain = made.createGain();
    const begins = made.currentTime + at;
    tone.type = wave;
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(volume, begins);
    gain.gain.exponentialRampToValueAtTime(0.001, begins + lasts);
    tone.connect(gain).connect(made.destination);
    tone.start(begins);
    tone.stop(begins + lasts);
  }
}

/** @param {News} news */
function play(news) {
  for (const tell of listeners) tell(news);
  const made = player();
  if (made.state === "running") {
    sound(made, news);
    return;
  }
  // Of all that are held back one is heard, because their clock stands still: that of a danger, if there is one.
  if (heldBack !== "danger") heldBack = news;
  wake();
}

/** Something is new: make a sound and show a notification, as the agent chose. @param {News} news */
export const beep = (news) => {
  if (!isWanted(news, document.cookie)) return;
  notify();
  playHere(news);
};

/** Play it, unless another page of this agent does. @param {News} news */
async function playHere(news) {
  if (isOn() && (await leader.maySound())) play(news);
}

/** Call the agent, whatever they chose to be told of. @param {News} news */
export const call = (news) => {
  notify();
  playHere(news);
};

/** Nobody has looked at something: make its sound again, if the agent wants that. @param {News} news */
export const playAgain = (news) => {
  if (isRepeated(document.cookie)) playHere(news);
};

/** Draw what was chosen again after the bar of the availability was drawn. */
export const showSound = () => {
  const button = byId("son");
  const on = isOn();
  byId("alertes").hidden = false;
  button.textContent = on ? words.sound_on : words.sound_off;
  button.classList.toggle("fr-icon-volume-up-line", on);
  button.classList.toggle("fr-icon-volume-mute-line", !on);
  const sign = find("[data-sound-sign]");
  sign.hidden = false;
  const isHeard = on && !isHeldBack();
  sign.ariaLabel = (isHeard ? sign.dataset.on : on ? sign.dataset.waits : sign.dataset.off) ?? "";
  sign.title = sign.ariaLabel; // « coupé » and « en attente » have the same drawing
  sign.classList.toggle("fr-icon-volume-up-line", isHeard);
  sign.classList.toggle("fr-icon-volume-mute-line", !isHeard);
  byId("ton", HTMLSelectElement).value = toneIn(document.cookie);
  byId("sonner-encore", HTMLInputElement).checked = isRepeated(document.cookie);
  const wanted = wantedIn(document.cookie);
  for (const box of all("[data-alert]", document, HTMLInputElement))
    box.checked = wanted.has(/** @type {News} */ (box.dataset.alert));
  followLead();
};

function toggleSound() {
  document.cookie = `pnav_console_son=${isOn() ? 0 : 1}; path=/console/; max-age=31536000; samesite=lax`;
  showSound();
  if (isOn()) play("arrival");
}

/** Take what is chosen: a tone is heard at once, also while the sound is off. @param {Event} event */
function choose(event) {
  const field = target(event);
  if (field.matches("#ton")) {
    document.cookie = toneCookie(/** @type {HTMLSelectElement} */ (field).value);
    play("arrival");
  } else if (field.matches("#sonner-encore")) {
    document.cookie = repeatCookie(/** @type {HTMLInputElement} */ (field).checked);
  } else if (field.matches("[data-alert]")) {
    const checked = all("[data-alert]:checked", byId("alertes"));
    document.cookie = wantedCookie(checked.map((one) => one.dataset.alert ?? ""));
  }
}

export const watchSound = () => {
  if (isOn()) player();
  for (const press of ["pointerdown", "pointerup", "keydown"])
    document.addEventListener(press, () => isHeldBack() && wake(), true); // before a dialog keeps its keys
  addEventListener("focus", followLead);
  addEventListener("pageshow", followLead);
  for (const end of ["pagehide", "freeze"]) addEventListener(end, leader.resign, true);
  document.addEventListener("change", choose);
  document.addEventListener("click", (event) => {
    if (target(event).closest("#son")) toggleSound();
    else if (target(event).closest("#ton-danger")) play("danger");
  });
};
