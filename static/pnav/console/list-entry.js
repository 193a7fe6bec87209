/**
 * What one entry of the list says about its conversation, and the signs over its thread that say the same.
 *
 * @module
 */

import { all, find, hide, seek, write } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { promise } from "../lib/time.js";
import { showEmergency } from "./emergency.js";
import { showLate } from "./late.js";
import { refreshBeside } from "./panels.js";
import { isAway, showReturn } from "./returns.js";
import { desk, say, seekSlot, slot, words } from "./state.js";
import { showWord } from "./supervisor-words.js";
import { sayDuration } from "./times.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/**
 * Return since when the person waits for an answer, whichever agent held the conversation then; in ISO 8601, or empty.
 *
 * @param {Element} entry
 */
export const waitsSince = (entry) => {
  const waited = seekSlot("waited", entry);
  return waited ? (find("time", waited).getAttribute("datetime") ?? "") : "";
};

/** Write anew what the entry of this conversation says. @param {Conversation} c */
export function paintEntry(c) {
  for (const part of [c.entry, c.thread]) {
    for (const mark of all("[data-slot=number]", part)) hide(mark, !c.number); // its key may be another's now
  }
  write(slot("unread-count", c.entry), String(c.unread || ""));
  const unread = isSingular(c.unread) ? "unread_one" : "unread_many";
  write(slot("unread", c.entry), c.unread ? say(unread, { n: c.unread }) : "");
  hide(slot("unread-sign", c.entry), !c.unread);
  if (!c.over) {
    c.entry.dataset.waits = c.waits;
    c.entry.toggleAttribute("data-dormant", c.dormant);
    const turn = c.dormant && c.waits !== "left" ? "dormant" : c.waits;
    write(slot("waits", c.entry), words[`waits_${turn}`]);
    const mark = seekSlot("turn", c.entry); // what has ended came without it
    if (mark) write(mark, words[`turn_${turn}`] ?? ""); // what is usual needs no word
  }
  const waited = seekSlot("waited", c.entry);
  if (waited) {
    hide(waited, c.over || c.waits !== "me" || !c.since);
    const mark = find("time", waited, HTMLTimeElement);
    if (c.since && mark.getAttribute("datetime") !== c.since) {
      mark.dateTime = c.since;
      mark.textContent = sayDuration(new Date(c.since));
    }
  }
  showOwn(c);
  showLate(c);
  showReturn(c);
  showWord(c);
  if (c.gone) showEmergency(c, ""); // a conversation that has ended keeps this mark until its procedure has ended
  const offline = seekSlot("offline", c.entry); // what has ended came without it
  if (offline) {
    hide(offline, c.over || !c.offline || c.dormant); // an exchange at rest says so elsewhere in its line
    const asleep = seekSlot("asleep", c.entry);
    if (asleep) hide(asleep, c.over || !c.asleep);
    hide(slot("frees", c.entry), c.over || c.dormant || !(c.offline || c.waits === "left"));
  }
  showAway(c);
  hide(find("[data-next-way]", c.thread), !c.over); // a thread that has ended leads on
  const held = seekSlot("end-held", c.entry);
  if (held) hide(held, c.over || !c.isEndHeld);
  for (const mark of [seekSlot("beyond", c.entry), seekSlot("beyond", c.thread)]) {
    if (mark) hide(mark, c.over || !c.isBeyond); // a server of before, and what has ended, come without it
  }
  showGrave(c);
  const draft = seekSlot("draft", c.entry);
  if (draft) {
    hide(draft, c === desk.current || !c.area?.value.trim());
    if (c.over) write(draft, words.to_copy); // it can no longer be sent
  }
  const link = find("a", c.entry);
  if (c === desk.current) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

/**
 * Say with the answer what the line of the list says and the thread does not: a key leads to the answer, past the list.
 *
 * @param {Conversation} c
 */
function showGrave(c) {
  const said = seekSlot("grave", c.thread);
  if (!said) return; // what has ended, and a thread drawn by the version before, came without it
  const [urgency, beyond] = [seek("[data-urgency=critical] [data-slot=urgency]", c.entry), seekSlot("beyond", c.entry)];
  const parts = [urgency, beyond?.hidden ? null : beyond].map((part) => part?.textContent?.trim() ?? "");
  write(said, parts.filter(Boolean).join(", "));
}

/** Say over the messages that nobody reads there now: one would write to nobody. @param {Conversation} c */
function showAway(c) {
  const sign = seekSlot("away", c.thread);
  if (!sign) return; // what has ended came without it
  const isUnseen = !c.dormant && c.waits !== "left" && (c.offline || c.asleep);
  const why = isUnseen ? `away_${c.asleep ? "asleep" : "offline"}` : `waits_${c.waits === "left" ? "left" : "dormant"}`;
  const isAwayNow = !c.over && (isAway(c) || c.asleep);
  if (isAwayNow) write(slot("away-words", sign), words[why]);
  const since = slot("away-since", sign);
  hide(since, !isUnseen || !c.seen);
  const mark = find("time", since, HTMLTimeElement);
  if (isUnseen && c.seen && mark.dateTime !== c.seen) {
    mark.dateTime = c.seen;
    write(mark, sayDuration(new Date(c.seen)));
  }
  hide(sign, !isAwayNow);
}

/**
 * Show the part of the wait that this agent caused, when somebody else held the person before.
 *
 * @param {Conversation} c
 */
function showOwn(c) {
  const part = seekSlot("own", c.entry);
  if (!part) return;
  const assigned = part.dataset.assigned ?? "";
  const isPart = !c.over && c.waits === "me" && Date.parse(assigned) - Date.parse(c.since) >= 60_000;
  hide(part, !isPart);
  if (!isPart) return;
  const mark = find("time", part, HTMLTimeElement);
  mark.dateTime = assigned;
  write(mark, sayDuration(new Date(assigned)));
}

/**
 * Show in which language the person seems to write, or nothing. When that language changes, the words that one press
 * puts into the answer change with it.
 *
 * @param {Conversation} c
 * @param {string} told
 */
export function showLanguage(c, told) {
  const mark = seekSlot("language", c.entry);
  if (!mark) return;
  const isNews = told !== (mark.hidden ? "" : mark.textContent?.trim());
  write(mark, told);
  hide(mark, !told);
  if (isNews) for (const part of ["langue", "dire", "procedure", "reponses"]) refreshBeside(c, `#${part}-${c.id}`);
}

/* --- the promise « je reviens dans 5 minutes » --- */

/**
 * Show the promise in the list and over the thread.
 *
 * @param {Conversation} c
 * @param {string} until in ISO 8601, empty when no promise runs
 */
export function showPromise(c, until) {
  for (const mark of [seekSlot("promise", c.entry), seekSlot("promise", c.thread)]) {
    if (!mark) continue;
    hide(mark, !until);
    if (until) mark.setAttribute("data-until", until);
    else mark.removeAttribute("data-until");
    countDown(mark);
  }
  const held = seekSlot("held", c.thread);
  if (held) hide(held, !until);
}

/** @param {HTMLElement} mark */
export function countDown(mark) {
  if (!mark.dataset.until) return;
  const { key, values } = promise(Date.parse(mark.dataset.until) - Date.now());
  mark.toggleAttribute("data-over", key === "promise_over");
  write(slot("promise-words", mark), say(key, values));
}
