/**
 * Apartés: questions between colleagues, which are updated in place. Nothing here takes the focus from somebody who
 * writes.
 *
 * @module
 */

import { all, byId, find, seek, target } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { isSingular } from "../lib/plurals.js";
import { show } from "./notice.js";
import { load } from "./pages.js";
import { beep } from "./sound.js";
import { announce, csrf, desk, home, say, slot } from "./state.js";

const list = () => byId("apartes");
let isBusy = false;
let isAgain = false;

/* --- which are open, with each exchange --- */

/** @type {Map<string, string[]>} those that were open when the exchange was left, by the id of the exchange */
const openWith = new Map();
const shown = { with: seek(".console-thread")?.dataset.conversation ?? "" };
/** @type {WeakSet<Element>} those that this module has opened: nobody has looked at them yet */
const openedAgain = new WeakSet();

/**
 * An aparté that was opened belongs to the exchange beside which it was opened. With another exchange it is folded, so
 * that what is known of that person is where it always is, and it is open again when the agent comes back. One in which
 * the agent is writing stays: an exchange may come while nothing is open.
 */
export function followExchange() {
  const now = desk.current?.id ?? "";
  if (now === shown.with) return;
  const asides = /** @type {HTMLDetailsElement[]} */ (all("details[data-aside]", list()));
  const open = asides.filter((one) => one.open);
  openWith.set(
    shown.with,
    open.map(({ id }) => id),
  );
  shown.with = now;
  const back = openWith.get(now) ?? [];
  for (const one of asides) {
    const isOpen = back.includes(one.id) || one.contains(document.activeElement);
    if (isOpen === one.open) continue;
    one.open = isOpen;
    if (isOpen) openedAgain.add(one);
    else openedAgain.delete(one);
  }
}

/** @param {number} n */
const unreadWords = (n) => (n ? say(isSingular(n) ? "unread_one" : "unread_many", { n }) : "");

function paint() {
  const asides = all("[data-aside]", list());
  const unread = asides.reduce((sum, one) => sum + Number(one.dataset.unread), 0);
  for (const one of asides) {
    const n = Number(one.dataset.unread);
    const mark = slot("aside-unread", one);
    mark.hidden = slot("aside-read", one).hidden = !n;
    mark.textContent = unreadWords(n);
  }
  list().hidden = !asides.length;
  const badge = byId("apartes-non-lus");
  badge.hidden = !unread;
  slot("asides-unread", badge).textContent = unreadWords(unread);
}

/** @param {HTMLElement} one */
async function markRead(one) {
  if (one.dataset.unread === "0") return;
  one.dataset.unread = "0";
  paint();
  const body = new FormData();
  body.append("csrfmiddlewaretoken", csrf());
  body.append("lu", one.dataset.last ?? "");
  const { action } = find("form", one, HTMLFormElement);
  await request(action, { method: "POST", body, redirect: "manual" }).catch(() => {
    // It stays unread, and the next look tries again.
  });
}

/**
 * The aside is over. What was being written there can still be copied. Whoever is writing it may finish, because letters
 * in a field that is closed would go nowhere: the field is closed when they leave it.
 *
 * @param {HTMLElement} one
 */
function end(one) {
  const area = find("textarea", one, HTMLTextAreaElement);
  if (!area.value.trim()) {
    if (!one.contains(document.activeElement)) one.remove();
    return;
  }
  const said = find("[data-aside-over]", one);
  if (!said.hidden) return;
  said.hidden = false;
  said.textContent = say("aside_over");
  one.dataset.unread = "0";
  for (const button of all("button", one)) button.hidden = true;
  if (area === document.activeElement) announce(say("aside_over"));
  const close = () => {
    if (area.readOnly || area === document.activeElement) return; // the window may lose the focus, and not the field
    area.readOnly = true;
    area.dataset.toCopy = "";
  };
  area.addEventListener("blur", close);
  close();
}

/**
 * Add the new lines of an aside. Return the lines that are read aloud, and whether there is news.
 *
 * @param {HTMLElement} one
 * @param {HTMLElement} now
 */
function follow(one, now) {
  const last = Number(one.dataset.last);
  const log = find("[data-aside-log]", one);
  const heard = []; // the lines of a fold that is open
  for (const said of all("[data-number]", now).filter((line) => Number(line.dataset.number) > last)) {
    log.append(document.adoptNode(said));
    const isHeard = /** @type {HTMLDetailsElement} */ (one).open && said.dataset.author !== "agent";
    if (isHeard) heard.push([...said.children].map((line) => line.textContent?.trim()).join(". "));
  }
  const isFurther = Number(now.dataset.last) > last;
  if (isFurther) log.scrollTop = log.scrollHeight;
  one.dataset.last = now.dataset.last;
  /** @type {HTMLInputElement} */ (slot("aside-read", one)).value = now.dataset.last ?? "";
  one.dataset.unread = now.dataset.unread;
  return { heard, isNews: isFurther && Number(now.dataset.unread) > 0 };
}

/** Add what is new in place. Forms, the focus and open folds are not touched. @param {Document} page */
function merge(page) {
  const fresh = new Map(all("[data-aside]", find("#apartes", page)).map((one) => [one.id, one]));
  /** @type {HTMLElement | null} */
  let news = null;
  /** @type {string[]} */
  const heard = [];
  for (const one of all("[data-aside]", list())) if (!fresh.has(one.id)) end(one);
  for (const [id, now] of fresh) {
    const one = document.getElementById(id);
    if (!one) {
      list().append(document.adoptNode(now));
      if (now.dataset.unread !== "0") news = now;
      continue;
    }
    const found = follow(one, now);
    heard.push(...found.heard);
    if (found.isNews) news = one;
    const isOpen = /** @type {HTMLDetailsElement} */ (one).open;
    if (isOpen && !document.hidden && one.contains(document.activeElement)) markRead(one);
  }
  paint();
  if (!news) return;
  const text = say("aside", { title: news.dataset.title ?? "" });
  if (!news.contains(document.activeElement)) show(text); // it may be far down beside another exchange
  announce([text, ...heard].join(" "));
  beep("other");
}

/** Read the asides again. A call that comes while a reading is under way causes one more reading after it. */
export async function refreshAsides() {
  if (isBusy) {
    isAgain = true;
    return;
  }
  isBusy = true;
  try {
    const page = await load(`${home}?partie=apartes`);
    if (page) merge(page);
  } catch {
    // The next beat asks again.
  } finally {
    isBusy = false;
    if (isAgain) {
      isAgain = false;
      refreshAsides();
    }
  }
}

export const watchAsides = () =>
  document.addEventListener(
    "toggle",
    (event) => {
      const one = /** @type {HTMLDetailsElement} */ (target(event));
      if (one.matches("[data-aside]") && one.open && !openedAgain.delete(one)) markRead(one);
    },
    true,
  );
