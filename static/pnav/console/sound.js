/**
 * Sounds, which are off unless the agent asks for them. The choice is kept in a cookie, because it says nothing about
 * anybody.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { notify } from "./notifications.js";
import { words } from "./state.js";

/** @type {AudioContext | null} */
let audio = null;
const isOn = () => document.cookie.includes("pnav_console_son=1");

/** Something is new: make a sound or show a notification, as the agent chose. @param {number} pitch in Hz */
export const beep = (pitch) => {
  notify();
  if (!isOn()) return;
  audio = audio || new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.4);
};

/** Draw the state of the button again after the bar of the availability was drawn. */
export const showSound = () => {
  const button = byId("son");
  const on = isOn();
  button.hidden = false;
  button.textContent = on ? words.sound_on : words.sound_off;
  button.classList.toggle("fr-icon-volume-up-line", on);
  button.classList.toggle("fr-icon-volume-mute-line", !on);
};

export const toggleSound = () => {
  document.cookie = `pnav_console_son=${isOn() ? 0 : 1}; path=/console/; max-age=31536000; samesite=lax`;
  showSound();
  beep(880);
};
