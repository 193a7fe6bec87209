/**
 * Shows who waits, and what colleagues and supervisors offer or say to this agent.
 *
 * @module
 */

import { all, byId, find, fromTemplate, hide, seek, write } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { createRows } from "../lib/rows.js";
import { keepDrafts } from "./drafts.js";
import { refreshDuty } from "./duty.js";
import { refreshFigures, tickFigures } from "./duty-figures.js";
import { tell } from "./notice.js";
import { askForLists, listsDue, showLists } from "./open-lists.js";
import { tryToLoad } from "./pages.js";
import { refreshBeside } from "./panels.js";
import { showMarked } from "./queue-title.js";
import { note } from "./recent.js";
import { beep } from "./sound.js";
import { alarm, announce, desk, dutyBar, known, own, root, say, seekSlot, slot, words } from "./state.js";
import { followPassages } from "./supervisor-words.js";
import { sayDuration } from "./times.js";
import { usualForce } from "./usual-force.js";

const OFFERS_EVERY_MS = 10_000;

/** @param {Record<string, any>} item of a `queue` frame; it names its exchange */
function drawRow(item) {
  const row = fromTemplate("modele-attente");
  const since = /** @type {HTMLTimeElement} */ (slot("since", row));
  row.dataset.role = item.role;
  row.dataset.force = item.force ?? "";
  row.dataset.urgency = find(".console-urgency", row).dataset.urgency = item.urgency;
  slot("urgency", row).textContent = item.urgency_label;
  since.dateTime = item.since;
  since.textContent = sayDuration(new Date(item.since));
  slot("place", row).textContent = slot("place", row).title = item.place;
  slot("role", row).textContent = words[`role_${item.role}`] || "";
  slot("force", row).textContent = words[`force_${item.force}`] || "";
  slot("minor", row).hidden = !item.minor;
  slot("crowded", row).hidden = !item.crowded;
  slot("marked", row).hidden = !item.marked;
  slot("in-emergency", row).hidden = !item.emergency; // a server of before does not say
  const seen = /** @type {HTMLTimeElement} */ (slot("seen", row));
  row.dataset.whereabouts = item.whereabouts ?? "here";
  slot("absent", row).hidden = !item.seen_at;
  slot("whereabouts", row).textContent = words[`whereabouts_${item.whereabouts}`] || "";
  if (item.seen_at) {
    seen.dateTime = item.seen_at;
    seen.textContent = sayDuration(new Date(item.seen_at));
  } else seen.removeAttribute("datetime");
  return row;
}

/** @param {Record<string, any>} one of the groups of a `queue` frame */
function drawGroup(one) {
  const row = fromTemplate("modele-semblables");
  const way = /** @type {HTMLAnchorElement} */ (slot("way", row));
  way.href = `${way.getAttribute("href")}semblables/${one.group}/`;
  fillGroup(row, one);
  return row;
}

/**
 * Each arrival changes its group, several times a second in a raid. « Regrouper » stays the same element, under the finger
 * that presses it and with the focus.
 *
 * @param {Element} row
 * @param {Record<string, any>} one
 */
function fillGroup(row, one) {
  const taken = slot("taken", row);
  const key = isSingular(one.count) ? "alike_one" : "alike";
  write(slot("words", row), say(key, { n: one.count, s: one.seconds, place: one.place }));
  slot("danger", row).hidden = !one.critical;
  write(slot("danger", row), say(isSingular(one.critical) ? "alike_danger_one" : "alike_danger", { n: one.critical }));
  write(taken, one.taken_by ? say("alike_taken", { name: one.taken_by }) : "");
  hide(taken, !one.taken_by);
  write(slot("of", row), ` ${one.place}`);
}

/*
 * A frame comes for each change of the queue, and most of its hundred rows have not changed. Those rows stay as they
 * are. Drawing all of them again took a tenth of a second on a slow processor, while somebody was typing.
 */
const showRows = createRows(byId("attente"), drawRow, ({ conversation }) => conversation);
const showGroups = createRows(byId("semblables"), drawGroup, ({ group }) => String(group), fillGroup);

/** @param {import("./state.js").Frame} frame of type `queue` */
export function showQueue(frame) {
  showRows(frame.items);
  byId("attente").dataset.usualForce = usualForce(frame.items);
  const groups = frame.groups ?? [];
  showGroups(groups);
  write(find("[data-count=queue]"), String(frame.present ?? frame.waiting));
  const apart = find("[data-apart]");
  apart.hidden = !frame.apart;
  write(apart, say(isSingular(frame.apart) ? "apart_one" : "apart_many", { n: frame.apart }));
  showMarked(frame.items.filter((/** @type {Record<string, any>} */ item) => item.marked).length);
  find("[data-empty=queue]").hidden = frame.items.length > 0 || groups.length > 0;
  showClosed(frame.closed);
  refreshFigures();
}

/**
 * Say above the screen that the chat is closed to new people, and take it away when it opens again. Until when a later
 * closing lasts is not known here.
 *
 * @param {boolean} [isClosed] undefined: a process of an older version does not say it
 */
function showClosed(isClosed) {
  const notice = find("[data-chat-closed]");
  if (isClosed === undefined || notice.hidden !== isClosed) return;
  notice.hidden = !isClosed;
  announce(isClosed ? (find("p", notice).textContent ?? "") : say("chat_opened"));
  if (!isClosed) find("p", notice).textContent = notice.dataset.undated ?? "";
}

/**
 * Show how many disclosure requests wait for us. An urgent one cannot wait until the next page, nor can an answer that
 * is kept for an hour.
 *
 * @param {Document} page
 */
function showOpenings(page) {
  const before = seek("[data-openings]");
  const after = seek("[data-openings]", page);
  if (!before || !after || before === document.activeElement) return;
  const isNew = Number(after.dataset.openings) > Number(before.dataset.openings);
  before.replaceWith(document.adoptNode(after));
  if (!isNew) return;
  announce(words.opening);
  beep("other");
}

/** What may be new among the offers, and what is announced then. */
const NEWS = [
  ["offers", "offered"],
  ["whispers", "whispered"],
  ["kept", "kept_after"],
];
/** @param {HTMLElement} part */
const counts = (part) => NEWS.map(([name]) => Number(part.dataset[name]));
/** How many of the offers are of somebody in danger; a server of before does not say. @param {HTMLElement} part */
const inDangerAmong = (part) => Number(part.dataset.offersInDanger ?? 0);
const offers = {
  askedAt: 0,
  counts: counts(byId("offres")),
  inDanger: inDangerAmong(byId("offres")),
  isAsked: false,
  isAgain: false,
};

/**
 * Whether we were given the exchange again after this line: then it does not say why the exchange left us now.
 *
 * @param {HTMLElement} line
 * @param {import("./state.js").Conversation} c
 */
const isOfBefore = (line, c) =>
  Date.parse(line.dataset.at ?? "") < Date.parse(seekSlot("own", c.entry)?.dataset.assigned ?? "");

/**
 * Announce who took what is ours no more, once that is known, and show it under its thread and in its line of the list.
 *
 * @param {Element} part
 */
function showTakers(part) {
  for (const line of all("[data-passed]", part)) {
    const c = known(line.dataset.passed);
    if (!c?.gone || isOfBefore(line, c)) continue;
    const text = (line.textContent ?? "").trim().replace(/\s+/g, " ");
    const gone = find("[data-gone]", c.thread);
    if (gone.textContent === text) continue;
    gone.textContent = text;
    write(slot("waits", c.entry), text);
    announce(`${c.name} : ${text}`);
  }
}

/**
 * Read the offers, one reading at a time, because several exchanges may leave at once. To whom an exchange may be passed,
 * and who may be asked, come with them while those lists are open.
 */
export async function refreshOffers() {
  offers.askedAt = Date.now();
  offers.isAgain = offers.isAsked;
  if (offers.isAsked) return;
  offers.isAsked = true;
  const folds = listsDue();
  const page = await tryToLoad(`${root.dataset.offers ?? ""}${askForLists(folds)}`);
  offers.isAsked = false;
  if (page) showLists(page, folds);
  if (page) showOffers(page);
  if (offers.isAgain) refreshOffers();
}

/**
 * A pause that was set or ended elsewhere: by a supervisor, or by another page of this agent, which saw no sign or where
 * they said that they telephone, until when.
 */
const PAUSES = ["data-ordered", "data-idle", "data-phone"];

/** What was chosen at another page of this agent. A process of an older version does not say it. */
const CHOICES = ["data-availability", "data-capacity"];

/**
 * Return whether the bar says something else of this agent than the server. While a reason or a number of places is
 * being chosen in it, a choice of elsewhere waits: the bar is drawn again, and would close this list.
 *
 * @param {Element} said
 */
function isChangedElsewhere(said) {
  const bar = dutyBar();
  const differs = (/** @type {string} */ name) => said.getAttribute(name) !== bar.getAttribute(name);
  const isChosen = (/** @type {string} */ name) => said.hasAttribute(name) && bar.hasAttribute(name) && differs(name);
  return PAUSES.some(differs) || (!document.activeElement?.matches("#disponibilite select") && CHOICES.some(isChosen));
}

/**
 * Return a line of « Passages » as a sentence, with the number that its exchange has in the list.
 *
 * @param {HTMLElement} line
 */
function sentence({ dataset, textContent }) {
  const c = known(dataset.kept?.split(" ")[0]);
  const text = (textContent ?? "").trim().replace(/\s+/g, " ");
  return c && !c.gone ? `${c.number} · ${text}` : text;
}

/**
 * Return the lines of passages that nobody took, of which the page says nothing yet; empty: none.
 *
 * @param {Element} before
 * @param {Element} after
 */
function newlyKept(before, after) {
  const shown = new Set(all("[data-kept]", before).map(({ dataset }) => dataset.kept));
  const lines = all("[data-kept]", after).filter(({ dataset }) => !shown.has(dataset.kept));
  return lines.map(sentence).join(" ");
}

/** Announce each offer once, and show them, but never while somebody types there. @param {Document} page */
function showOffers(page) {
  showOpenings(page);
  const before = byId("offres");
  const after = seek("#offres", page);
  if (!after) return;
  if (isChangedElsewhere(after)) refreshDuty();
  const now = counts(after);
  const news = NEWS.filter((_, at) => now[at] > offers.counts[at]);
  const kept = newlyKept(before, after);
  /** @type {Record<string, string | undefined>} */
  const whose = followPassages(after);
  // It is told too of an offer that was there before, if its person wrote of danger or a procedure opened since.
  const isDanger = inDangerAmong(after) > offers.inDanger;
  if (isDanger) {
    alarm(words.offered_danger);
    note(words.offered_danger, whose.offers);
  }
  for (const [name, key] of news) {
    if (name === "offers" && isDanger) continue;
    // In sight too, with whose exchange it is: « Passages » is under the list, and may be out of sight.
    if (name === "kept" && kept) tell(kept);
    else {
      announce(words[key]);
      note(words[key], whose[name]);
    }
  }
  if (isDanger) beep("danger");
  else if (news.length) beep("other");
  offers.counts = now;
  offers.inDanger = inDangerAmong(after);
  showTakers(after);
  if (before.contains(document.activeElement)) return; // they are shown once the focus has left
  keepDrafts(before, after);
  before.replaceWith(document.adoptNode(after));
  if (before.textContent === after.textContent) return;
  for (const c of own()) if (c === desk.current || isProposed(c)) refreshBeside(c, `#passage-${c.id}`);
}

/**
 * Whether the panel of an exchange shows a passage that waits for its answer. It is read again, whichever exchange is
 * open, because it says that the exchange stays until then. There are at most as many as an agent has places.
 *
 * @param {import("./state.js").Conversation} c
 */
const isProposed = (c) => Boolean(seek(`#passage-${c.id} [data-proposed]`));

/** Something happened, so the next tick asks. */
export const offersMayBeNew = () => {
  offers.askedAt = 0;
};

export const tickOffers = () => {
  if (Date.now() - offers.askedAt >= OFFERS_EVERY_MS || listsDue().length) refreshOffers();
  tickFigures();
};
