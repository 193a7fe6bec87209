/**
 * Which tones there are, and for what one is heard. Pure: what plays them is `console/sound.js`. The choice is kept in
 * cookies of this device, because it says nothing of anybody.
 *
 * @module
 */

/** @typedef {"arrival" | "message" | "other" | "danger"} News what is new; danger is always heard */
/** @typedef {{ pitch: number, at: number, lasts: number, volume: number, wave: OscillatorType }} Note in Hz and seconds */

/** @type {News[]} those that one may choose not to hear */
export const CHOSEN = ["arrival", "message", "other"];

/** The height of each by which they differ in one tone, in Hz. */
const PITCHES = { arrival: 880, message: 660, other: 740 };

/** @param {number} pitch @param {number} at @param {number} lasts @param {OscillatorType} wave */
const note = (pitch, at, lasts, wave, volume = 0.08) => ({ pitch, at, lasts, volume, wave });

/** @type {Map<string, (pitch: number) => Note[]>} the tones to choose among; the first is that of the beginning */
const TONES = new Map([
  ["note", (pitch) => [note(pitch, 0, 0.4, "sine")]],
  ["montee", (pitch) => [note(pitch, 0, 0.16, "triangle"), note(pitch * 1.5, 0.17, 0.35, "triangle")]],
  ["coups", (pitch) => [0, 0.17, 0.34].map((at) => note(pitch / 2, at, 0.12, "square", 0.05))],
]);

/** Four strokes, two high and two low in turn, longer and louder than any other tone: no choice changes them. */
const DANGER = [990, 620, 990, 620].map((pitch, at) => note(pitch, at * 0.2, 0.18, "sawtooth", 0.12));

/** @param {News} news @param {string} tone its name; an unknown one is the first @returns {Note[]} */
export const notesOf = (news, tone) => {
  if (news === "danger") return DANGER;
  const make = TONES.get(tone) ?? /** @type {(pitch: number) => Note[]} */ (TONES.get("note"));
  return make(PITCHES[news]);
};

/** @param {string} cookies @param {string} name @returns {string | undefined} its value; undefined: there is none */
const read = (cookies, name) =>
  cookies
    .split("; ")
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** Return the name of the chosen tone. @param {string} cookies */
export const toneIn = (cookies) => {
  const kept = read(cookies, "pnav_console_ton") ?? "";
  return TONES.has(kept) ? kept : "note";
};

/** Return what one is told of by a sound and a notification, danger apart: all of it, until one chose. @param {string} cookies */
export const wantedIn = (cookies) => {
  const kept = read(cookies, "pnav_console_pour")?.split(".");
  return new Set(kept ? CHOSEN.filter((one) => kept.includes(one)) : CHOSEN);
};

/** @param {News} news @param {string} cookies */
export const isWanted = (news, cookies) => news === "danger" || wantedIn(cookies).has(news);

/** Return whether a tone is heard again until somebody looks: it is, until one chose. @param {string} cookies */
export const isRepeated = (cookies) => read(cookies, "pnav_console_encore") !== "non";

/** @param {string} name @param {string} value */
const asCookie = (name, value) => `${name}=${value}; path=/console/; max-age=31536000; samesite=lax`;

/** @param {string} tone */
export const toneCookie = (tone) => asCookie("pnav_console_ton", tone);

/** @param {Iterable<string>} wanted */
export const wantedCookie = (wanted) => asCookie("pnav_console_pour", [...wanted].join("."));

/** @param {boolean} isWished */
export const repeatCookie = (isWished) => asCookie("pnav_console_encore", isWished ? "oui" : "non");
