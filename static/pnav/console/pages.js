/**
 * What the pages of the console and of the units read again while they stay open (docs/adr/0035). Their other parts do
 * not change.
 *
 * @module
 */

import { all, byId, isModified, seek, target } from "../lib/dom.js";
import { heldIn, passFocus, replaceHeld } from "../lib/focus.js";
import { request } from "../lib/http.js";
import { keepDrafts } from "./drafts.js";
import { letters } from "./letters.js";

const isClock = (/** @type {string} */ address) => address === byId("console").dataset.clock;

/** @typedef {{ createHTML: (page: string) => string, createScriptURL: (address: string) => string }} Trust */

const { trustedTypes } = /** @type {{ trustedTypes?: { createPolicy: (name: string, rules: any) => Trust } }} */ (
  window
);
const factory = trustedTypes ?? { createPolicy: (_name, rules) => rules };

/**
 * The only place where text becomes HTML: a page of this site is read into a document in which nothing runs
 * (docs/adr/0035). It also allows the one address that a worker may have.
 */
const trust = factory.createPolicy("pnav-console", {
  createHTML: (/** @type {string} */ page) => page,
  createScriptURL: (/** @type {string} */ address) => (isClock(address) ? address : null),
});

/** @param {string} text of a page */
function read(text) {
  const page = new DOMParser().parseFromString(trust.createHTML(text), "text/html");
  for (const part of all("noscript", page)) part.remove(); // in a document without scripts, a frame in it would load at once
  return page;
}

/**
 * Read a page between two letters of who types. Each is a piece of work of its own: all that had come would otherwise be
 * parsed after one letter.
 *
 * @param {Response} answer
 * @returns {Promise<Document>}
 */
export const parse = async (answer) => {
  const text = await answer.text();
  return new Promise((done, fail) => {
    letters.run(() => {
      try {
        done(read(text));
      } catch (error) {
        fail(error);
      }
    });
  });
};

/**
 * Load a page of this site. Return null when it does not exist (any more). Raise an error when the network fails, the
 * time is over, or the answer leads elsewhere.
 *
 * @param {string} address
 */
export const load = async (address) => {
  const answer = await request(address, { cache: "no-store" });
  if (answer.status === 404) return null;
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return parse(answer);
};

/** Load a page like `load`, and return null also when the network fails. @param {string} address */
export const tryToLoad = (address) => load(address).catch(() => null);

/**
 * Let « Terminer » say that a procedure keeps the exchange from being ended, while one is open. The attribute comes and
 * goes with the procedure: Firefox keeps a description whose target comes or goes while the attribute stays.
 *
 * @param {HTMLElement} strip of the procedure, over the thread
 */
export const describeEnd = (strip) => {
  const sentence = seek("[id^=fin-retenue-]", strip);
  const end = seek("[data-key=T]", strip.closest(".console-thread") ?? strip);
  if (!sentence || !end) return;
  if (strip.hidden || !sentence.textContent) end.removeAttribute("aria-describedby");
  else end.setAttribute("aria-describedby", sentence.id);
};

/**
 * Replace a part of our page by the same part of a page that was read. What was being written in other forms, and what
 * was open, stays, and so does the focus: otherwise it would fall to the top of the page. Return false when that page has
 * no such part.
 *
 * @param {Document | null} page
 * @param {string} selector
 * @param {HTMLFormElement} [sent] the form whose answer this is
 * @param {boolean} [isUntaken] the answer gives its words back, kept nowhere else
 */
export const swapFrom = (page, selector, sent, isUntaken = false) => {
  const before = seek(selector);
  const after = page && seek(selector, page);
  if (before && after) {
    const held = heldIn(before);
    keepDrafts(before, after, sent, isUntaken);
    document.adoptNode(after);
    if (held && isUntaken && seek("[aria-invalid]", after)) replaceHeld(before, after, held);
    else {
      before.replaceWith(after);
      passFocus(held, after);
    }
    if (after.dataset.slot === "pinned") describeEnd(after);
  }
  return Boolean(after);
};

const TICKS_MISSED = 3; // without so many ticks of the worker, the page's own timer takes over

/**
 * Start a clock that a browser does not slow down when the page is hidden. Where its worker is not to be had (its file
 * was lost on the way, or the browser ended it), the page ticks by itself until the worker does: slower while it is
 * hidden, but the console goes on. The Trusted Types policy is not exported.
 *
 * @param {() => void} tick
 * @param {number} period in ms
 */
export const startClock = (tick, period) => {
  let heardAt = window.Worker ? Date.now() : 0; // in ms
  setInterval(() => {
    if (Date.now() - heardAt > TICKS_MISSED * period) tick();
  }, period);
  if (!window.Worker) return;
  const worker = new Worker(trust.createScriptURL(byId("console").dataset.clock ?? ""));
  worker.onmessage = () => {
    heardAt = Date.now();
    tick();
  };
  worker.onerror = () => {
    heardAt = 0;
  };
  worker.postMessage(period);
};

/**
 * Read a piece of the earlier messages of a thread, which is on a page of its own, and put it above. The reader stays at
 * the same message. Return the last one of what was read; null when nothing came.
 *
 * @param {HTMLAnchorElement} link to that page
 */
export async function loadEarlier(link) {
  const row = link.closest("[data-earlier]");
  const log = row?.closest("[data-log]");
  if (!row || !log) return null;
  const page = await load(link.href).catch(() => undefined);
  if (page === undefined) {
    location.assign(link.href);
    return null;
  }
  const older = page ? all("[data-older] > [data-seq]", page) : [];
  const before = page && seek("[data-earlier] a", page);
  const { scrollHeight: height, scrollTop: top } = log;
  row.after(...older.map((message) => document.adoptNode(message)));
  if (before) link.href = new URL(before.getAttribute("href") ?? "", link.href).href;
  else row.remove();
  log.scrollTop = top + log.scrollHeight - height;
  return older.at(-1) ?? null;
}

export const watchEarlier = () => {
  document.addEventListener("click", async (event) => {
    const link = seekLink(event);
    if (!link || isModified(event)) return;
    event.preventDefault();
    const last = await loadEarlier(link);
    if (!last) return;
    last.tabIndex = -1;
    last.focus({ preventScroll: true });
  });
};

/** @param {Event} event */
const seekLink = (event) =>
  /** @type {HTMLAnchorElement | null} */ (target(event).closest("[data-log] [data-earlier] a"));
