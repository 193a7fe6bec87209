/**
 * Alerts while somebody waits: the screen stays on, and a sound, a vibration or a notification says that somebody
 * answers. All of them are off until the person asks for them, and only those that the browser supports are offered.
 * The choice is kept for this page of this tab alone.
 *
 * @module
 */

import { all, byId, find, write } from "../lib/dom.js";
import { visit, words } from "./state.js";

const APART_MS = 15_000; // messages that follow one another within this time raise one alert
const SOUND_HZ = [660, 880];
const VIBRATION_MS = [200, 100, 200];

/** @typedef {"awake" | "sound" | "vibration" | "notification"} Way */

/** @type {Set<Way>} what the person asked for */
const chosen = new Set();
/** @type {WakeLockSentinel | null} */
let lock = null;
/** @type {AudioContext | null} */
let audio = null;
/** @type {Notification | null} */
let shown = null;
let alertedAt = 0;

const told = byId("alerts-told");
/** @param {string} text */
function tell(text) {
  write(told, text);
}

/* --- what this browser can do --- */

/**
 * Telephones show notifications only through a service worker, which would stay on the device. They are not offered
 * there.
 */
function canNotify() {
  if (!("Notification" in window) || Notification.permission === "denied") return false;
  if (Notification.permission === "granted") return true;
  try {
    new Notification("").close(); // without a permission nothing is shown; a telephone raises an error
    return true;
  } catch {
    return false;
  }
}

/** @type {Record<Way, () => boolean>} */
const CAN = {
  awake: () => "wakeLock" in navigator,
  sound: () => "AudioContext" in window,
  vibration: () => "vibrate" in navigator && matchMedia("(pointer: coarse)").matches,
  notification: canNotify,
};

/*
 * --- keeping the choice for a reload: in the history of the tab, because nothing is put in the browser's storage ---
 */

const keep = () => history.replaceState({ ...history.state, alerts: [...chosen] }, "");

/** @returns {Way[]} */
const kept = () => (history.state?.alerts ?? []).filter((/** @type {string} */ way) => way in CAN);

/** @param {Way} way */
const button = (way) => find(`[data-way=${way}]`, byId("alerts"), HTMLButtonElement);

/** @param {Way} way @param {boolean} isOn */
function set(way, isOn) {
  if (isOn) chosen.add(way);
  else chosen.delete(way);
  button(way).setAttribute("aria-pressed", String(isOn));
  keep();
}

/* --- the screen --- */

/** The browser releases the lock whenever the page goes out of sight. It is asked for again when the page returns. */
async function holdScreen() {
  if (lock || document.hidden || !chosen.has("awake")) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => {
      lock = null;
    });
    if (!chosen.has("awake")) await letGo();
  } catch {
    set("awake", false); // the browser refuses, because the battery is low or a setting forbids it
    tell(words.awake_failed);
  }
}

async function letGo() {
  await lock?.release();
  lock = null;
}

/* --- the alerts --- */

function ring() {
  if (audio?.state !== "running") return;
  SOUND_HZ.forEach((pitch, place) => {
    if (!audio) return;
    const at = audio.currentTime + 0.25 * place;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.15, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.4);
  });
}

/** Nothing in the notification says what this page is, because others may see the screen. */
function notify() {
  try {
    closeShown();
    shown = new Notification(words.notice_title, { body: words.notice_body, tag: "page", silent: true });
    shown.onclick = () => {
      focus();
      closeShown();
    };
  } catch {
    set("notification", false);
    tell(words.warn_failed);
  }
}

/** A notification stays in the list of the system, under the name of this site, until it is closed. */
function closeShown() {
  shown?.close();
}

/** Whether the quick exit covers the page, which lives on until the other site answers. */
const isBeingLeft = () => document.documentElement.classList.contains("pnav-leaving");

/** Somebody answers, or has written while the page was out of sight. Say so in each way that the person asked for. */
export function alertPerson() {
  if (isBeingLeft() || Date.now() - alertedAt < APART_MS) return;
  alertedAt = Date.now();
  if (chosen.has("sound")) ring();
  if (chosen.has("vibration")) navigator.vibrate(VIBRATION_MS);
  if (chosen.has("notification")) notify();
}

/* --- asking for them --- */

/** @type {Record<Way, () => Promise<boolean>>} whether it can be done; each shows at once what it will be like */
const START = {
  async awake() {
    await holdScreen();
    return Boolean(lock);
  },
  async sound() {
    audio ??= new AudioContext();
    await audio.resume();
    ring();
    return audio.state === "running";
  },
  vibration: async () => navigator.vibrate(VIBRATION_MS),
  notification: async () => (await Notification.requestPermission()) === "granted",
};

/** @param {Way} way */
async function toggle(way) {
  if (chosen.has(way)) {
    set(way, false);
    if (way === "awake") await letGo();
    tell("");
    return;
  }
  set(way, true);
  const isAwake = way === "awake";
  let isDone = false;
  try {
    isDone = await START[way]();
  } catch {
    isDone = false; // the reason is said below
  }
  if (visit.signal.aborted) return;
  if (!isDone) set(way, false);
  tell(isDone ? (isAwake ? words.awake_on : words.warn_on) : isAwake ? words.awake_failed : words.warn_failed);
}

/**
 * After a reload, turn on what works without being asked for again. A sound needs a press on the page first, so it is
 * not shown as on.
 */
function restore() {
  for (const way of kept()) {
    if (way === "sound" || !CAN[way]()) continue;
    if (way === "notification" && Notification.permission !== "granted") continue;
    set(way, true);
  }
  if (chosen.has("awake")) holdScreen();
}

function end() {
  chosen.clear();
  keep();
  closeShown();
  letGo();
}

export function watchAlerts() {
  const ways = /** @type {HTMLButtonElement[]} */ (all("[data-way]", byId("alerts")));
  for (const one of ways) {
    const way = /** @type {Way} */ (one.dataset.way);
    one.hidden = !CAN[way]();
    one.addEventListener("click", () => toggle(way));
  }
  const warn = byId("warn-me");
  const choices = byId("warn-by");
  const offered = ways.filter((one) => !one.hidden);
  warn.hidden = !offered.some((one) => one.dataset.way !== "awake");
  byId("alert-ways").hidden = !offered.length;
  warn.addEventListener("click", () => {
    choices.hidden = !choices.hidden;
    warn.setAttribute("aria-expanded", String(!choices.hidden));
  });
  restore();
  document.addEventListener("visibilitychange", holdScreen, { signal: visit.signal });
  document.addEventListener("visibilitychange", () => document.hidden || closeShown(), { signal: visit.signal });
  addEventListener("pagehide", closeShown);
  addEventListener("pnav-leaving", () => {
    closeShown();
    audio?.suspend(); // a sound that has begun
  });
  visit.signal.addEventListener("abort", end);
}
