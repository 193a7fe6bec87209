/**
 * Draws the messages, and tracks which of them are on screen.
 *
 * @module
 */

import { all, byId, find, fromTemplate, isModified, seek } from "../lib/dom.js";
import { plain } from "../lib/plain.js";
import { written } from "../lib/time.js";
import { data, exchange, root, show, visit, voice, words } from "./state.js";

/** @typedef {{ seq?: number, client_id?: string | null, author: string, sent_at: string, body: string }} Message */

export const list = byId("messages");
const end = byId("fin");
const notice = byId("notice");
const screen = { isAtEnd: true };

export const isAtEnd = () => screen.isAtEnd;

/** @param {Element} node @param {string} name */
export const part = (node, name) => find(`[data-part=${name}]`, node);

/** @param {Element} node of a message @param {string} iso */
export function setTime(node, iso) {
  const time = /** @type {HTMLTimeElement} */ (part(node, "time"));
  time.dateTime = iso;
  time.textContent = written(new Date(iso), document.documentElement.lang);
}

/** @param {Element} node of a message @param {string} body */
export function setBody(node, body) {
  part(node, "body").textContent = plain(body, words.misleading);
}

/** @param {Message} message */
export function draw(message) {
  const node = fromTemplate("message-template");
  const names = new Map([
    ["reporter", words.you],
    ["agent", exchange.interlocutor],
    ["system", words.system],
  ]);
  node.dataset.author = message.author;
  node.dataset.seq = String(message.seq || "");
  part(node, "name").textContent = names.get(message.author) ?? "";
  setTime(node, message.sent_at);
  setBody(node, message.body);
  if (message.author === "reporter") part(node, "state").textContent = words.sent;
  return node;
}

/**
 * Show the state of a message that the person sent.
 *
 * @param {HTMLElement} node
 * @param {string} text
 * @param {"" | "waiting" | "failed" | "refused"} [kind] "failed" may be tried again, "refused" never; none once it is
 *   there
 */
export function setState(node, text, kind = "") {
  const state = part(node, "state");
  if (text !== words.pending && text !== state.textContent) voice(text);
  state.textContent = text;
  node.dataset.state = kind;
  const again = seek("[data-part=retry]", node);
  if (again) again.hidden = kind !== "failed";
}

/**
 * Return the texts of the person's messages on this page, in order.
 *
 * @param {Set<Element>} fresh those that this page sent, which are left out
 */
export const ownBodies = (fresh) =>
  all("[data-author=reporter]", list)
    .filter((node) => !fresh.has(node))
    .map((node) => part(node, "body").textContent ?? "");

/** @param {DOMRect} box */
const isIn = ({ top, bottom, height }) => height > 0 && bottom > 0 && top < innerHeight;

/** Return how much of the top of the screen the numbers of help cover. What lies under them is not seen. */
const covered = () => {
  const bar = seek(".pnav-safety");
  return bar && getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
};

/**
 * Bring the last messages and the form on screen together. Unless `always` is set, nothing moves when they are there
 * already; a last message whose beginning is covered does not count as there.
 */
export function toEnd(always = false) {
  const { top } = end.getBoundingClientRect();
  const begins = list.lastElementChild?.getBoundingClientRect().top ?? top;
  const margin = parseFloat(getComputedStyle(end).scrollMarginTop);
  if (always || top < 96 || top > margin || begins < covered()) end.scrollIntoView();
}

/** Bring what is said above the thread on screen, for somebody who is below it, as on a narrow page. */
export function toBanner() {
  if (byId("banner").getBoundingClientRect().bottom <= covered()) toEnd(true);
}

/**
 * Somebody who reads further up keeps the same words before their eyes, whatever is added or removed above.
 *
 * @param {() => void} change
 * @param {HTMLElement[]} first what stays in the first place, if it is in sight
 */
export function steady(change, ...first) {
  const kept = [
    ...first,
    .../** @type {HTMLCollectionOf<HTMLElement>} */ (list.children),
    ...all("aside > *, aside > section > *, .pnav-chat__card > *, .pnav-facts", root),
  ].find((node) => isIn(node.getBoundingClientRect()));
  const before = kept?.getBoundingClientRect().top ?? 0;
  change();
  if (kept && !kept.hidden) scrollBy({ top: kept.getBoundingClientRect().top - before, behavior: "instant" });
}

/** Tell somebody who reads elsewhere that something new is out of sight. @param {string} text */
export function tellBelow(text) {
  const { top } = end.getBoundingClientRect();
  if (top < covered() || top > innerHeight - 80) show(notice, text);
}

/**
 * Put a message into the thread. The person's own messages that are not sent yet stay last.
 *
 * @param {HTMLElement} node
 * @param {boolean} [isOwn]
 * @param {Node | null} [unsent]
 */
export function place(node, isOwn = false, unsent = null) {
  const insert = () => list.insertBefore(node, isOwn ? null : unsent);
  if (screen.isAtEnd || isOwn) {
    insert();
    toEnd();
    return;
  }
  steady(insert);
  if (node.dataset.author !== "system" || notice.hidden) tellBelow(words.new);
}

/** @param {number} seq up to where the other side has read */
export function showRead(seq) {
  const states = all("[data-author=reporter]", list)
    .filter((node) => node.dataset.seq && Number(node.dataset.seq) <= seq)
    .map((node) => part(node, "state"))
    .filter((state) => state.textContent !== words.read);
  for (const state of states) state.textContent = words.read;
  if (states.length) voice(words.read);
}

/** Tell the server which messages were on screen. */
export function markRead() {
  const { line, lastSeq, readSent } = exchange;
  if (document.hidden || !screen.isAtEnd || !line?.ready || lastSeq <= readSent) return;
  exchange.readSent = lastSeq;
  line.send({ type: "read", seq: lastSeq });
}

/* --- earlier messages: they are on a page of their own, which is read here and put above --- */

/** @param {HTMLElement} earlier @param {(text: string) => void} tell */
function readEarlier(earlier, tell) {
  let isReading = false; // a second press would put the same messages there twice
  earlier.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest("a");
    if (!link || isModified(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (isReading) return;
    isReading = true;
    tell("");
    link.setAttribute("aria-busy", "true");
    const ask = new XMLHttpRequest();
    ask.open("GET", link.href);
    ask.responseType = "document"; // parsed by the browser: no text becomes HTML here
    ask.timeout = 20_000;
    const failed = () => tell(words.earlier_failed);
    ask.onloadend = () => {
      isReading = false;
      link.removeAttribute("aria-busy");
    };
    ask.onerror = ask.ontimeout = failed;
    ask.onload = () => {
      if (visit.signal.aborted) return;
      const page = ask.response;
      const older = page ? all("#messages > li", page) : [];
      const before = page && seek("#earlier a", page, HTMLAnchorElement);
      if (!older.length) {
        failed();
        return;
      }
      for (const node of older) setTime(node, /** @type {HTMLTimeElement} */ (part(node, "time")).dateTime);
      steady(() => {
        list.prepend(...older);
        if (before) link.href = before.href;
        else earlier.hidden = true;
      });
      const last = older[older.length - 1]; // the reader stays at the same message, and goes on upwards
      last.tabIndex = -1;
      last.focus({ preventScroll: true });
    };
    ask.send();
  });
}

/**
 * Track what is on screen.
 *
 * @param {(text: string) => void} tell says why earlier messages do not come; nothing when they are asked for
 */
export function watchThread(tell) {
  const earlier = seek("#earlier");
  if (earlier) readEarlier(earlier, tell);
  notice.addEventListener("click", () => {
    const last = /** @type {HTMLElement} */ (list.lastElementChild) ?? byId("body");
    if (last !== byId("body")) last.tabIndex = -1;
    last.focus({ preventScroll: true });
    toEnd(true);
  });
  const view = new IntersectionObserver(
    ([entry]) => {
      screen.isAtEnd = entry.isIntersecting;
      if (!screen.isAtEnd) return;
      show(notice, "");
      markRead();
    },
    { rootMargin: `-${covered()}px 0px -80px` },
  );
  view.observe(end);
  visit.signal.addEventListener("abort", () => view.disconnect());
  for (const node of list.children) setTime(node, /** @type {HTMLTimeElement} */ (part(node, "time")).dateTime);
  // A redirect to discreet mode gives an empty fragment, for which the browser would go back to the top of the page.
  if (location.href.endsWith("#")) history.replaceState(history.state, "", location.href.slice(0, -1));
  if (data.status === "active") toEnd();
}
