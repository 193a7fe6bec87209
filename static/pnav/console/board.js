/**
 * The board of a service, and an exchange of somebody else: both are read again by themselves. They never pretend to be
 * current: when reading fails, the page says that it is old. The focus stays on the same element, which is found by its
 * id; when it has gone, the title over it takes the focus.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { createVoice } from "../lib/voice.js";
import { sayPointsAgain } from "./charts.js";
import { keepDrafts } from "./drafts.js";
import { load } from "./pages.js";
import { createSettling } from "./settling.js";

/**
 * Change one part of the page, in place, until it is like another one. The reader keeps the focus and the position, and
 * a screen reader says nothing.
 *
 * @param {Node} now
 * @param {Node} fresh
 */
export const follow = (now, fresh) => {
  if (!(now instanceof Element) || !(fresh instanceof Element)) {
    if (now.nodeType !== fresh.nodeType) /** @type {ChildNode} */ (now).replaceWith(document.adoptNode(fresh));
    else if (now.nodeValue !== fresh.nodeValue) now.nodeValue = fresh.nodeValue;
    return;
  }
  if (now.nodeName !== fresh.nodeName || now.id !== fresh.id) {
    now.replaceWith(document.adoptNode(fresh));
    return;
  }
  if (now.hasAttribute("data-said")) return; // the words of a chart's point, which `sayPointsAgain` keeps true
  for (const { name } of [...now.attributes]) {
    // A script or a person has set these since the page was drawn: an open fold, a chart that is read by keys.
    if (name !== "open" && name !== "tabindex" && !fresh.hasAttribute(name)) now.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  const before = [...now.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((child, at) => {
    if (before[at]) follow(before[at], child);
    else now.append(document.adoptNode(child));
  });
  for (const child of before.slice(after.length)) child.remove();
};

// What counts as news: new messages in an exchange of somebody else, and alerts on the board.
const messages = () => all("#messages [data-seq]");
const newest = () => Math.max(0, ...messages().map((one) => Number(one.dataset.seq)));
/** @param {Element} one */
const wordsOf = (one) =>
  ["author", "body"].map((name) => find(`[data-slot=${name}]`, one).textContent?.trim()).join(". ");

/**
 * Return the alerts: their words without the durations in them, which change by themselves and are no news, and a key,
 * which of two people of one place is not the same.
 */
function alerts() {
  const part = /** @type {Element | undefined} */ (seek("[data-alerts]")?.cloneNode(true));
  if (!part) return [];
  for (const sign of all("[aria-hidden], time, [data-running]", part)) sign.remove();
  const lines = all("li", part);
  return (lines.length ? lines : [part]).map((line) => {
    const words = (line.textContent ?? "").trim().replace(/\s+/g, " ");
    return { words, key: `${seek("[id]", line)?.id} ${words}` };
  });
}

/** Return the words of the alerts that were not there before. @param {ReturnType<typeof alerts>} before */
function freshAlerts(before) {
  const left = before.map(({ key }) => key);
  const isFresh = (/** @type {{ key: string }} */ { key }) => {
    const at = left.indexOf(key);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  };
  const fresh = alerts().filter(isFresh);
  return fresh.map(({ words }) => words).join(" ");
}

/** Return the words of each notice above a page: that the chat is closed, announcements. @param {Document} page */
const notices = (page) => all("[data-notices] .pnav-notice", page).map((one) => one.textContent?.trim() ?? "");

const isClosed = (/** @type {Document} */ page) => Boolean(seek("[data-notices] .pnav-notice--closed", page));

const isToShow = createSettling();
const said = new Set(notices(document)); // an announcement that leaves and comes back is said once

/**
 * Show above the page what the page that was read has there, once it has settled, and return the words that are new.
 *
 * @param {Document} page
 */
function showNotices(page) {
  const here = seek("[data-notices]");
  const there = seek("[data-notices]", page);
  if (!here || !there) return "";
  const before = notices(document);
  const after = notices(page);
  if (!isToShow(before.join("\n"), after.join("\n"), Date.now())) return "";
  const wasClosed = isClosed(document);
  follow(here, there);
  const closing = seek("[data-notices] .pnav-notice--closed")?.textContent?.trim();
  const fresh = after.filter((one) => !before.includes(one) && (one === closing || !said.has(one)));
  for (const one of fresh) said.add(one);
  return [...(wasClosed && closing === undefined ? [here.dataset.opened] : []), ...fresh].join(" ");
}

const log = () => seek("#tableau .console-log");

const titles = () => all("h2, h3", find("#tableau"));

/** Return the words of the title under which this stands, or nothing. @param {Element} one */
const titleOver = (one) =>
  titles()
    .filter((title) => title.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)
    .at(-1)?.textContent;

/**
 * The focus was on what has been replaced. Give it to what has its id now, else to the title over it.
 *
 * @param {string} id
 * @param {string | null | undefined} title
 */
function focusAgain(id, title) {
  const same = document.getElementById(id);
  const fold = same?.closest("details");
  if (fold) fold.open = true; // an alert that is less grave than a new one is folded: its link keeps the focus
  const next = same ?? titles().find((one) => one.textContent === title) ?? find("#tableau");
  if (!same) next.tabIndex = -1;
  next.focus({ preventScroll: true });
}

/** Replace what is on screen by the page that was read. @param {Document} page @param {Element} fresh */
function show(page, fresh) {
  const at = document.activeElement;
  const isHere = find("#tableau").contains(at);
  const title = at && isHere ? titleOver(at) : null;
  const before = log();
  const top = before?.scrollTop ?? 0;
  const isAtEnd = before && before.scrollHeight - before.clientHeight - top < 40;
  keepDrafts(find("#tableau"), fresh); // a line that takes the place of another one comes with what was written in it
  follow(find("#tableau"), fresh);
  const after = log();
  if (before && after) after.scrollTop = isAtEnd ? 1e9 : top; // the reader goes on at the same place
  if (at && isHere && document.activeElement !== at) focusAgain(at.id, title);
  sayPointsAgain();
  document.title = page.title;
}

/** @param {HTMLElement} board */
export function followBoard(board) {
  const old = find("#tableau-ancien");
  const voice = createVoice(find("#tableau-annonces"));

  async function refresh() {
    if (document.hidden) return;
    const page = await load(location.href).catch(() => undefined);
    if (page === null && old.dataset.gone) {
      // Nobody reads this exchange any more, but what was being written can be copied.
      old.textContent = old.dataset.gone;
      old.hidden = false;
      for (const button of all("form.console-reply [type=submit]", document, HTMLButtonElement)) button.disabled = true;
      clearInterval(timer);
      return;
    }
    const [before, last] = [alerts(), newest()];
    const fresh = page && seek("#tableau", page);
    old.hidden = Boolean(fresh);
    if (page && fresh) {
      voice(showNotices(page));
      show(page, fresh);
    }
    voice(freshAlerts(before));
    for (const one of messages()) if (Number(one.dataset.seq) > last) voice(wordsOf(one));
  }

  const first = log();
  if (first) first.scrollTop = first.scrollHeight;
  const timer = setInterval(refresh, 1000 * (Number(board.dataset.board) || 5));
  document.addEventListener("visibilitychange", refresh);
}
