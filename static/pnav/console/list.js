/**
 * This module keeps the list of an agent's conversations: its order, its views, and how many there are. What one entry
 * says is in `list-entry.js`.
 *
 * @module
 */

import { all, byId, find, hide, seek, write } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { refreshAsides } from "./asides.js";
import { dangerOf, sayDanger, showDanger } from "./dangers.js";
import { emergencyOf, showEmergency } from "./emergency.js";
import { countEnded } from "./ended-count.js";
import { tickLate } from "./late.js";
import { countDown, paintEntry, showLanguage, showPromise, waitsSince } from "./list-entry.js";
import { choicesMade, followOrder, putInOrder, watchOrder } from "./list-order.js";
import { isInView, isOwed } from "./numbers.js";
import { tryToLoad } from "./pages.js";
import { refreshBeside } from "./panels.js";
import { isAway, noteReturn } from "./returns.js";
import { desk, dutyBar, home, known, list, own, placed, say, seekSlot, slot } from "./state.js";
import { tickTimes } from "./times.js";
import { readElsewhere } from "./unseen.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const title = document.title.replace(/^.* – (?=Console)/, "");

/**
 * Update the entries of these conversations in the list, the counts, and the title of the page.
 *
 * @param {Conversation[]} some
 */
export function paint(...some) {
  for (const c of some) paintEntry(c);
  count(arrange());
}

/* --- the order, and the views that narrow the list --- */

const views = find(".console-views");

const view = () => seek("[aria-current]", views)?.dataset.view ?? "";

// The column includes the room below the entries. A pointer on its way up pressed whichever entry had just moved there.
export const column = /** @type {HTMLElement} */ (list.closest(".console-own"));

const HAND_MS = 1200; // for this long after its last move, a mouse counts as being on its way to the list
const hand = { movedAt: 0, timer: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined) };

/**
 * Nothing moves under a pointer, in front of one that is on its way, or under the focus. The list is put in order once
 * they have left.
 */
function isTouched() {
  const left = hand.movedAt + HAND_MS - Date.now();
  clearTimeout(hand.timer);
  if (left > 0) hand.timer = setTimeout(arrange, left);
  return left > 0 || column.matches(":hover") || list.contains(document.activeElement);
}

/** In an answer to a form that came late, its own conversation is the open one. Mark the one that is open now. */
function markCurrent() {
  for (const link of all(".console-entry__link[aria-current]", column)) {
    const entry = /** @type {HTMLElement | null} */ (link.closest(".console-entry"));
    if (entry?.dataset.conversation !== desk.current?.id) link.removeAttribute("aria-current");
  }
}

/** Keep one line for each conversation: a part that was read may contain one that the page has already. */
function dropTwins() {
  for (const entry of all(".console-entry", list)) {
    const c = known(entry.dataset.conversation);
    if (c?.entry && c.entry !== entry) entry.remove();
  }
}

/** Put the list in its order, which is returned, and apply the view. The open conversation stays in sight. */
export function arrange() {
  const mine = own();
  dropTwins();
  markCurrent();
  for (const c of mine) {
    hide(c.entry, c !== desk.current && !isInView(view(), placed(c)));
    c.turnAt = isOwed(c) ? (c.turnAt ?? Date.now()) : undefined;
  }
  hide(emptyView, !mine.length || mine.some((c) => !c.entry.hidden));
  if (!isTouched()) putInOrder(mine);
  return mine;
}

/** @param {MouseEvent} event */
function narrow(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest("[data-view]");
  if (!link) return;
  event.preventDefault();
  for (const one of all("[data-view]", views)) one.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  arrange();
}

export const watchList = () => {
  views.addEventListener("click", narrow);
  watchOrder();
  document.addEventListener(
    "pointermove",
    ({ pointerType }) => {
      if (pointerType === "mouse") hand.movedAt = Date.now();
    },
    { passive: true },
  );
  column.addEventListener("pointerleave", arrange);
  list.addEventListener("focusout", () => setTimeout(arrange)); // after the focus has moved
};

// Nothing draws these anew, and each message writes them.
const ownCount = find("[data-count=own]");
const empty = find("[data-empty=own]");
const emptyView = find("[data-empty=view]");
const unreadCount = find("[data-count=unread]"); // at the foot of a screen from which the list may be out of sight
const rest = find("[data-rest]"); // what fills the middle of the screen while no conversation is open

const firstWay = find("[data-first-way]");
const dutyWay = find("[data-duty-way]");

// Their numbers, beside the views that narrow the list.
const viewCounts = all("[data-view]", views).map((one) => ({ name: one.dataset.view ?? "", at: slot("count", one) }));

/** Write how many there are. @param {Conversation[]} [mine] ours that are not over */
export function count(mine = own()) {
  const unread = mine.reduce((sum, c) => sum + (c.unread || Number(c.isNew)), 0); // a new one counts before its first message
  write(ownCount, String(list.children.length));
  const places = mine.map(placed);
  for (const { name, at } of viewCounts) write(at, String(places.filter((one) => isInView(name, one)).length));
  write(unreadCount, unread ? say(isSingular(unread) ? "unread_one" : "unread_many", { n: unread }) : "");
  hide(unreadCount, !unread);
  const isInDanger = mine.some((c) => c.unread > 0 && dangerOf(c.entry));
  unreadCount.toggleAttribute("data-danger", isInDanger);
  hide(empty, list.children.length > 0);
  const duty = dutyBar().dataset.availability === "available" ? "available" : "other";
  write(empty, empty.dataset[duty] ?? "");
  hide(firstWay, !list.children.length);
  hide(dutyWay, list.children.length > 0 || duty === "available");
  write(rest, rest.dataset[list.children.length ? "choose" : duty] ?? "");
  countEnded();
  const now = (unread ? `(${unread}) ` : "") + (desk.current ? `${desk.current.name} – ` : "") + title;
  if (document.title !== now) document.title = now;
}

/** Update the times that change by themselves. */
export function tickList() {
  for (const mark of all("[data-slot=promise][data-until]", byId("console"))) countDown(mark);
  tickLate();
  tickTimes();
}

let isAsked = false;

/**
 * Read the list again, because no frame tells who has left or is offline. A reading that is older than our messages is
 * not used.
 */
export function refreshList() {
  refreshAsides(); // its notification may have been lost
  if (isAsked || !own().length) return;
  isAsked = true;
  setTimeout(async () => {
    isAsked = false;
    const asOf = choicesMade();
    const page = await tryToLoad(`${home}?partie=liste`);
    if (!page) return;
    followOrder(find("ol", page), asOf);
    for (const c of own()) {
      const fresh = seek(`.console-entry[data-conversation="${c.id}"]`, page);
      if (!fresh || Number(fresh.dataset.seq) < c.lastSeq) continue;
      readElsewhere(c, Number(fresh.dataset.unread));
      const wasAway = isAway(c);
      c.waits = fresh.dataset.waits ?? "";
      c.since = waitsSince(fresh);
      c.urgency = Number(fresh.dataset.urgency);
      c.dormant = fresh.hasAttribute("data-dormant");
      c.isUnanswered = fresh.hasAttribute("data-unanswered");
      c.isBeyond = fresh.hasAttribute("data-beyond");
      c.offline = c.dormant || !slot("offline", fresh).hidden;
      const asleep = seekSlot("asleep", fresh);
      c.asleep = Boolean(asleep && !asleep.hidden);
      c.seen = fresh.dataset.seen ?? "";
      noteReturn(c, wasAway);
      const language = seekSlot("language", fresh);
      if (language) showLanguage(c, language.textContent?.trim() ?? "");
      showPromise(c, slot("promise", fresh).dataset.until || "");
      showEmergency(c, emergencyOf(fresh));
      if (showDanger(c, dangerOf(fresh), Number(fresh.dataset.dangerSeq))) {
        sayDanger(c, dangerOf(fresh)); // of their version of a summary, no message told
        refreshBeside(c, `#dire-${c.id}`);
      }
      paintEntry(c);
    }
    count(arrange());
  }, 500);
}
