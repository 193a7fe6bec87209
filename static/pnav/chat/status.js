/**
 * Shows what is around the thread: the state of the line, the place in the queue, who is typing, the page's title.
 *
 * @module
 */

import { all, byId, seek, write } from "../lib/dom.js";
import { queuePosition, wait } from "../lib/time.js";
import { createTimers } from "../lib/timers.js";
import { data, exchange, root, say, show, visit, voice, words } from "./state.js";
import { markRead, steady } from "./thread.js";

const UNTOLD_MS = 2500; // a line that is cut for less than this is not shown as cut
const CALM_MS = 4000;
const TYPING_MS = 6000;
const timers = createTimers();
const tab = { title: document.title, unread: 0 };
const line = {
  state: /** @type {import("../lib/protocol.js").State} */ ("reconnecting"),
  hasBeen: false, // whether it was connected once
  isTold: false, // whether the page said that it is not connected
};

/**
 * While one waits, the field stands below what changes by itself. It stays where it is on screen.
 *
 * @param {() => void} change
 */
export function aboveForm(change) {
  if (data.status === "waiting") steady(change, byId("compose-bar"));
  else change();
}

/**
 * The voice says it too: of what changes around it as the line comes back, Orca says the last alone.
 *
 * @param {string} text empty: none
 * @param {boolean} isCalm it goes by itself
 */
export function banner(text, isCalm) {
  voice(text);
  byId("banner").classList.toggle("pnav-chat__banner--calm", isCalm);
  aboveForm(() => show(byId("banner"), text));
  if (isCalm) timers.set("calm", CALM_MS, () => banner("", false));
  else timers.clear("calm");
}

/** Whether the banner says that a message is not sent, and what becomes of it when this page is left. */
export const tellsUnsent = () => [words.unsent, words.unsent_kept].includes(byId("banner").textContent ?? "");

/** Show who is writing. The line disappears after a moment. @param {string} text */
export function typing(text) {
  write(byId("typing"), text);
  timers.set("typing", TYPING_MS, () => write(byId("typing"), ""));
}

/** Count a message that came while the page was out of sight. */
export function countUnread() {
  tab.unread += 1;
  document.title = `(${tab.unread}) ${tab.title}`;
}

export function seen() {
  tab.unread = 0;
  document.title = tab.title;
}

/**
 * Put these cards first in the aside. A node that is moved loses the focus, so the focus is given back.
 *
 * @param {HTMLElement[]} cards
 */
function standAside(cards) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  byId("aside").prepend(...cards);
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
}

/** @param {string} before the status that was */
export function showStatus(before) {
  const { status } = exchange;
  data.status = status;
  if (status === "active") {
    data.answered = "";
    // These cards come first while one waits, and stand in the aside beside a thread.
    standAside(all("#code-card, #alerts, #choix, #journal", root));
  }
  if (status !== "active") show(byId("notice"), "");
  tab.title = tab.title.replace(words[`title_${before}`], words[`title_${status}`]);
  document.title = tab.title;
  for (const node of all("[data-when]", root)) node.hidden = !node.dataset.when?.split(" ").includes(status);
}

/** @param {import("../lib/protocol.js").Frame} frame of type `state`, of somebody who waits */
export function showPlace({ position, wait_minutes: range }) {
  if (!position) return; // an agent is taking the person from the queue now, so no place would be true
  const texts = [queuePosition(position), wait(range)].map(({ key, values }) => say(key, values));
  const shown = [byId("position"), byId("wait")];
  if (texts.every((text, at) => text === shown[at].textContent)) return;
  voice(texts.join(" "));
  const place = byId("place");
  place.style.minHeight = `${place.offsetHeight}px`; // at the top of the page nothing could make up for what it loses
  aboveForm(() => shown.forEach((node, at) => write(node, texts[at])));
}

/** In a wider window, or on a telephone that was turned, the place may be as low as its words are. */
export function watchPlace() {
  let width = innerWidth;
  const changed = () => {
    if (innerWidth !== width) byId("place").style.minHeight = "";
    width = innerWidth;
  };
  addEventListener("resize", changed, { signal: visit.signal });
}

/**
 * Show or hide the notice that the chat is closed to whoever comes anew. The page and the line each know it from a
 * reading that may be some seconds old, so what is hidden may come back. A page that was loaded before has no notice.
 *
 * @param {boolean | undefined} isClosed a server of before does not say
 */
export function showClosed(isClosed) {
  if (isClosed === undefined) return;
  const wrong = all("#waiting-title ~ .pnav-notice--closed", root).filter(({ hidden }) => hidden === isClosed);
  if (!wrong.length) return;
  aboveForm(() => {
    for (const notice of wrong) notice.hidden = !isClosed;
  });
}

export const showInterlocutor = () => write(seek("#interlocutor"), exchange.interlocutor);

/* --- the three states of the line: that it is lost stays on screen, with a button, until the line is back --- */

/** @param {HTMLElement} part */
const plainText = (part) => (part.textContent ?? "").trim().replace(/\s+/g, " ");

export function showLine() {
  const { state } = line;
  const lost = byId("lost");
  data.line = state;
  // « Actualiser » may have its place, until the line has been there once. The banner says meanwhile that it is not.
  show(byId("line"), byId("refresh").hidden ? words[`line_${state}`] : "");
  if (state === "connected") {
    aboveForm(() => {
      lost.hidden = true;
    });
    if (line.isTold && line.hasBeen) banner(words.online, true);
    else if (line.isTold) {
      // Nothing was lost. The state is written beside the field, and a screen reader is told it here.
      banner("", false);
      voice(words.line_connected);
    }
    line.isTold = false;
    line.hasBeen = true;
    return;
  }
  line.isTold = true;
  if (state === "lost") {
    aboveForm(() => {
      lost.hidden = false;
    });
    voice(all("p", lost).map(plainText).join(" ")); // Firefox says no alert that was hidden
    write(byId("retry"), words.retry);
    banner("", false);
  } else if (lost.hidden && !tellsUnsent())
    banner(line.hasBeen || !navigator.onLine ? words.offline : words.connecting, false);
}

/** Say that there is no network, until the line is back. */
export function tellCut() {
  line.isTold = true;
  banner(words.offline, false);
}

/**
 * Say why earlier messages do not come, or stop saying it. What the banner says of the line tells why as well: it
 * stays until the line is back, and a screen reader says it again.
 *
 * @param {string} text empty: they are asked for again
 */
export function tellEarlier(text) {
  const said = byId("banner").textContent ?? "";
  const isOfLine = said === words.offline || said === words.connecting;
  if (isOfLine && text) banner(said, false);
  else if (text || said === words.earlier_failed) banner(text, false);
}

/** @param {import("../lib/protocol.js").State} state */
export function lineIs(state) {
  line.state = state;
  timers.clear("untold");
  if (state === "reconnecting") {
    exchange.readSent = 0;
    write(byId("retry"), words.trying);
    timers.set("untold", UNTOLD_MS, showLine);
    return;
  }
  if (state === "connected" && document.activeElement === byId("retry")) byId("body").focus({ preventScroll: true });
  if (state === "connected") byId("refresh").hidden = true;
  showLine();
  if (state === "connected") markRead();
}

/** Stop showing anything about the line. */
export const endStatus = () => timers.clear();
