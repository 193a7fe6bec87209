/**
 * Renews the lease of an agent on every page other than the console. A beat is sent after each third of the lease while
 * the page is open, whether it is hidden or not (docs/adr/0049). Without this file a frame that loads itself again does
 * the same.
 *
 * @module
 */

import { byId, find, markRun, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { isSingular } from "../lib/plurals.js";
import { hour } from "../lib/time.js";
import { fill } from "../lib/words.js";
import { lookForSigns, secondsWithoutSign, watchSigns } from "./signs.js";

const place = byId("presence");
const { address = "" } = place.dataset;
const lease = 1000 * Number(place.dataset.lease);
const BEAT = lease / 3;
const ANSWER = Math.max(5000, lease / 6);
const AGAIN = lease / 12;
const status = find("[role=status]", place);
const alarm = find("[role=alert]", place);

let okAt = Date.now();
let timer = 0;
let isAsking = false;
let wasIn = false;
let isOnDuty = false; // as far as this page knows
let said = "";
let told = "";
/** @type {string[]} the last message of danger of each exchange that has some */
let dangers = [];
/** @type {string[]} those that came beside others while the page was open, and are not dealt with */
let again = [];
let dangerAt = ""; // when the last of these came

/** @param {string} name @param {number} n */
const words = (name, n) => fill(place.dataset[isSingular(n) ? `${name}One` : `${name}Many`] || "", { n });

/**
 * Say when a message of danger came beside those that were said already: the count alone may be the same.
 *
 * @param {string[]} now
 */
const noteDangers = (now) => {
  const fresh = dangers.length ? now.filter((one) => !dangers.includes(one)) : [];
  again = [...again.filter((one) => now.includes(one)), ...fresh];
  if (fresh.length) dangerAt = hour(Date.now(), document.documentElement.lang);
  dangers = now;
};

/**
 * Show in words what is at stake. It is announced again only when it changes.
 *
 * @param {{ kept: boolean, held: number, unread: number, in_danger?: number, dangers?: string[], late?: number,
 *   promises?: number, was_over: boolean, paused: string, phone?: string }} standing
 */
const tell = ({ kept, held, unread, was_over: wasOver, paused, phone, ...more }) => {
  const { in_danger: inDanger, dangers: named, late, promises } = more;
  if (named) noteDangers(named); // a process of the version before names none, and what is known stays
  const parts = [];
  if (paused) parts.push(fill(place.dataset.paused ?? "", { reason: paused }));
  if (phone) parts.push(fill(place.dataset.phone ?? "", { reason: phone }));
  if (wasOver) parts.push(place.dataset.back);
  if (held) parts.push(words("held", held));
  else if (kept && !paused && !phone) parts.push(place.dataset.present);
  if (inDanger) parts.push(words("danger", inDanger));
  if (inDanger && again.length) parts.push(fill(place.dataset.dangerAgain ?? "", { time: dangerAt }));
  if (unread) parts.push(words("unread", unread));
  if (promises) parts.push(words("promise", promises));
  if (late) parts.push(words("late", late));
  const now = parts.join(" ");
  if (now === told) return;
  told = now;
  status.toggleAttribute("data-danger", Boolean(inDanger));
  find("[data-words]", status).textContent = now;
  status.hidden = !now;
};

/** @param {"" | "out" | "over" | "lost"} why "" when all is well, else the name of the template that says so */
const warn = (why) => {
  if (why === said) return;
  said = why;
  const text = why && byId(`presence-${why}`, HTMLTemplateElement).content.cloneNode(true);
  const since = text && seek("[data-since]", /** @type {DocumentFragment} */ (text));
  if (since) since.textContent = hour(okAt, document.documentElement.lang);
  alarm.replaceChildren(...(text ? [text] : []));
  alarm.hidden = !why;
  status.hidden = Boolean(why) || !told;
};

/** Ask the session whose page this is now, as a form asks before it is sent. */
const ask = async () => {
  const sign = secondsWithoutSign();
  const answer = await request(
    sign === null ? address : `${address}?signe=${sign}`,
    { headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual" },
    ANSWER,
  );
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return "out";
  if (!answer.ok) throw new Error(String(answer.status));
  const standing = await answer.json();
  okAt = Date.now();
  wasIn = true;
  isOnDuty = standing.kept && !standing.paused && !standing.phone;
  warn("");
  tell(standing);
  return "";
};

const beat = async () => {
  if (isAsking) return;
  isAsking = true;
  clearTimeout(timer);
  let pause = BEAT;
  try {
    if ((await ask()) === "out") {
      if (!wasIn) return; // the sign-in is not complete, so nothing depends on this page
      warn("out");
    }
  } catch {
    pause = AGAIN;
    if (wasIn || Date.now() - okAt > ANSWER) warn(Date.now() - okAt > lease ? "over" : "lost");
  } finally {
    isAsking = false;
  }
  // This timer is set by an answer of the network, and not by another timer. In a hidden page, browsers slow a chain of
  // timers down to one a minute, which is as long as a lease, and leave this one alone.
  timer = setTimeout(beat, pause);
  lookForSigns(); // after the beat, which it must not delay
};

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) beat();
});
for (const woken of ["online", "pageshow", "focus"]) addEventListener(woken, beat);
watchSigns({ isCalled: () => isOnDuty, paused: beat, phoned: beat }); // what fails stands where the question was
beat();
markRun();
