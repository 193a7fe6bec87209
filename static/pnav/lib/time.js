/**
 * Writes times and durations as Pnav does, in the time of Paris whatever the time zone of the device.
 *
 * @module
 */

const ZONE = { timeZone: "Europe/Paris" };
/** @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: "2-digit", minute: "2-digit" };
/** @type {Record<"day" | "hour" | "short" | "long", Intl.DateTimeFormatOptions>} */
const PARTS = {
  day: {},
  hour: CLOCK,
  short: { day: "numeric", month: "short" },
  long: { day: "numeric", month: "long", ...CLOCK },
};

/** @param {string} said a date that `Intl` wrote @param {string} language */
const first = (said, language) => (language === "fr" ? said.replace(/^1 /, "1er ") : said); // of a month

/** @type {Map<string, Intl.DateTimeFormat>} a cache: to make a format takes a hundred times as long as to use it */
const formats = new Map();

/**
 * @param {"day" | "hour" | "short" | "long"} kind
 * @param {string} language one of the site's, of which there are few
 */
const format = (kind, language) => {
  const key = `${kind} ${language}`;
  const known = formats.get(key);
  if (known) return known;
  // In English as the server writes it: the day before the month, and twenty-four hours.
  const fresh = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { ...PARTS[kind], ...ZONE });
  formats.set(key, fresh);
  return fresh;
};

/**
 * Return the hour, such as « 14:05 ».
 *
 * @param {Date | number} moment
 * @param {string} language
 */
export const hour = (moment, language) => format("hour", language).format(moment);

/**
 * Make the formats that the first message needs, once the page has nothing else to do. It takes some 15 ms, for which
 * somebody who is typing would wait.
 *
 * @param {string} language
 */
export const prepareFormats = (language) => {
  const make = () => writtenShort(new Date(0), language);
  if ("requestIdleCallback" in globalThis) requestIdleCallback(make);
  else setTimeout(make); // Safari
};

const QUARTER_MS = 15 * 60_000; // a day begins at a quarter of an hour, in every time zone
const DAYS_KEPT = 200; // quarters of an hour

/** @type {Map<number, string>} a cache: to write a date takes a tenth of a millisecond, twice for each message */
const days = new Map();

/** Return the day of this moment, in any form: two moments of one day have the same. @param {Date} moment */
const dayOf = (moment) => {
  const quarter = Math.floor(moment.getTime() / QUARTER_MS);
  const known = days.get(quarter);
  if (known) return known;
  if (days.size >= DAYS_KEPT) days.clear();
  const day = format("day", "fr").format(moment);
  days.set(quarter, day);
  return day;
};

/** @param {Date} moment @param {Date} now */
const isToday = (moment, now) => dayOf(moment) === dayOf(now);

/**
 * Return when a message was written: the hour, with the day before it when that is not today.
 *
 * @param {Date} moment
 * @param {string} language
 * @param {Date} [now]
 */
export const written = (moment, language, now = new Date()) =>
  first(format(isToday(moment, now) ? "hour" : "long", language).format(moment), language);

/**
 * Return when a message was written, in short form for the console: « 1er janv., 14:05 ».
 *
 * @param {Date} moment
 * @param {string} language
 * @param {Date} [now]
 */
export const writtenShort = (moment, language, now = new Date()) => {
  if (isToday(moment, now)) return hour(moment, language);
  return `${first(format("short", language).format(moment), language)}, ${hour(moment, language)}`;
};

/**
 * Return a duration for the page's words: the key of the words, and their numbers.
 * `chat.conversations.wording.duration_in_words` does the same on the server, and a test compares both.
 *
 * @param {number} ms
 * @returns {{ key: "under" | "minutes" | "hours", values: Record<string, number | string> }}
 */
export const duration = (ms) => {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return { key: "under", values: {} };
  if (minutes < 60) return { key: "minutes", values: { n: minutes } };
  return { key: "hours", values: { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") } };
};

/**
 * Return how something that has lasted so long stands against its limit. `chat.rules.service_level.level_of_time` does
 * the same on the server, and a test compares both.
 *
 * @param {number} ms
 * @param {{ near: number, broken: number }} limit in ms
 * @returns {"kept" | "near" | "broken"}
 */
export const level = (ms, { near, broken }) => (ms >= broken ? "broken" : ms >= near ? "near" : "kept");

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/**
 * Return a duration as a clock shows it, where seconds count: « 03:12 », « 1:03:12 ».
 * `chat.conversations.wording.clock_in_words` does the same on the server, and a test compares both.
 *
 * @param {number} ms
 */
export const clock = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${minutes}` : minutes;
};

/**
 * Return what is left of « je reviens dans 5 minutes », for the page's words. `chat.console.inbox.ReturnPromise` does
 * the same on the server, and a test compares both.
 *
 * @param {number} ms until the agent is back
 * @returns {{ key: "promise" | "promise_over", values: Record<string, number> }}
 */
export const promise = (ms) =>
  ms > 0 ? { key: "promise", values: { n: Math.ceil(ms / 60_000) } } : { key: "promise_over", values: {} };

/**
 * Return the position in the queue, for the page's words. `chat.texts.script.position_sentence` does the same on the
 * server, and a test compares both.
 *
 * @param {number} position from 1
 * @returns {{ key: "position_first" | "position", values: Record<string, number> }}
 */
export const queuePosition = (position) =>
  position === 1 ? { key: "position_first", values: {} } : { key: "position", values: { n: position } };

/**
 * Return the range of a wait, for the page's words. `chat.texts.script.wait_words` does the same on the server, and a
 * test compares both.
 *
 * @param {[number, number] | null | undefined} range in minutes
 * @returns {{ key: string, values: Record<string, number> }}
 */
export const wait = (range) => {
  if (!range) return { key: "wait_unknown", values: {} };
  const [low, high] = range;
  const key = low === 0 ? "wait_under" : high <= 90 ? "wait_minutes" : low < 60 ? "wait_mixed" : "wait_hours";
  return { key, values: { low, high, low_hours: Math.floor(low / 60), hours: Math.ceil(high / 60) } };
};
