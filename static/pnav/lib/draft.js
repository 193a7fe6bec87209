/**
 * Saves what is being typed on the server every few seconds, so that a reload, « Back », or a tab that the telephone
 * closed loses nothing. Nothing stays on the device. A person's draft is stored in their visit (docs/adr/0066), an
 * agent's beside the conversation (docs/adr/0112).
 *
 * @module
 */

import { request, TURN_MS } from "./http.js";
import { createTimers } from "./timers.js";

export const EVERY_MS = 3000;
const AGAIN_MS = 10_000; // until the next try after a failure, or when the server asks to wait
// Characters that the server keeps of a text (chat/visitor/tab_drafts.py, chat/casework/reply_drafts.py). It refuses a
// body of 256 KiB whole, so that of a long text nothing would be kept, and all of it sent again and again.
export const KEPT_MOST = 20_000;
const KEEPALIVE_MOST = 60_000; // bytes; browsers refuse 64 KiB and more from a page that is being closed

const RECALLED_MS = [0, 1500]; // when a page that was loaded again asks for the draft of its tab

/** @typedef {"kept" | "later" | "never"} Answer of a save: "later" to be tried again, "never" when the visit is over, or the conversation gone */

/**
 * @param {object} page
 * @param {() => string} page.text what stands in the field now
 * @param {string | null} page.came the text with which the page was loaded, which the server has; what was typed before
 *   this script ran is more than that. null when the server has something else.
 * @param {(body: string, isLeaving: boolean) => Promise<Answer>} page.save
 * @param {() => void} [page.saved] called after each save that the server has kept
 */
export const createDraft = ({ text, came, save, saved }) => {
  const timers = createTimers();
  let kept = came; // the text that the server has; null when that is not known
  /** @type {string | null} */
  let saving = null; // the text that is on its way
  let isLast = false; // the save under way outlives the page
  let isOver = false;
  let isPaused = false; // the form was sent, and nothing was typed since

  /** @param {boolean} isLeaving */
  async function saveNow(isLeaving) {
    const body = text();
    timers.clear("save");
    // A page that is being closed does not wait for the save under way. Of two saves, the server keeps a visitor's
    // later one by its time, and an agent's that arrives last.
    if (isOver || isPaused || (saving === null && body === kept)) return;
    // The browser gives up an ordinary request with its page: what is on its way by one is sent again.
    if (saving !== null && (!isLeaving || (isLast && body === saving))) return;
    saving = body;
    isLast = isLeaving;
    const answer = await save(body, isLeaving);
    if (saving === body) saving = null;
    if (answer === "never") isOver = true;
    if (answer === "kept") {
      kept = body;
      saved?.();
    }
    if (!isOver && !isPaused && saving === null && text() !== kept)
      timers.set("save", answer === "kept" ? EVERY_MS : AGAIN_MS, () => saveNow(false));
  }

  const changed = () => {
    isPaused = false;
    if (!isOver && !timers.has("save")) timers.set("save", EVERY_MS, () => saveNow(false));
  };

  if (text() !== kept) changed();

  return {
    /** Save soon, because the field changed. */
    changed,
    /** Save at once: a message was sent, so that its draft must go, or the line is connected again. */
    now: () => saveNow(false),
    /** Save at once, because the page goes out of sight, perhaps for good. */
    leaving: () => saveNow(true),
    /**
     * Note what the server has: what is in the field now, because it was recalled or left to another tab, or `had`. When
     * that is something else than the field, the field is saved soon.
     *
     * @param {string | null} [had] null when it is not known
     */
    agree(had = text()) {
      kept = had;
      if (text() !== kept) changed();
    },
    /** Whether the server has all that stands in the field. */
    isKept: () => text() === kept && text().length <= KEPT_MOST,
    /** Save nothing until something is typed: the form was sent, and the page that receives it keeps what is in it. */
    pause() {
      isPaused = true;
      timers.clear();
    },
    /** Save nothing any more, because the visit is over. */
    end() {
      isOver = true;
      timers.clear();
    },
  };
};

/** Whether the visit is being forgotten (quick-exit.js). */
const isQuickExit = () => document.documentElement.classList.contains("pnav-leaving");

/**
 * Save by a request. During a quick exit nothing is saved, because the visit is being forgotten.
 *
 * @param {string} address
 * @param {string} token against forgery
 * @param {() => string} tab its name
 * @param {(body: string) => Record<string, string>} [fields] as which the text is sent
 * @returns {(body: string, isLeaving: boolean) => Promise<Answer>}
 */
export const saveTo = (address, token, tab, fields) => async (body, isLeaving) => {
  if (isQuickExit()) return "never";
  const values = { ...(fields?.(body) ?? { body }), tab: tab(), at: String(Date.now()) };
  const sent = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, value.slice(0, KEPT_MOST)]));
  try {
    // Without a limit, a network that drops everything would hold up all later saves, also once it is back.
    const answer = await request(
      address,
      {
        method: "POST",
        headers: { "X-CSRFToken": token, Accept: "application/json" },
        body: sent,
        keepalive: isLeaving && sent.toString().length < KEEPALIVE_MOST, // a letter may take nine bytes
        redirect: "manual",
      },
      TURN_MS,
    );
    // 401: no visit; 410: not this agent's any more. A 404 may be a process of the version before, for some minutes.
    if (answer.status === 401 || answer.status === 410) return "never";
    return answer.ok ? "kept" : "later";
  } catch {
    return "later"; // no network: the line says so, and the text is in the page
  }
};

/**
 * Ask the server for what this tab was typing. A page that was loaded again may be older than the last save of the page
 * before it, which was sent when that page was left. It asks at most twice, and not after somebody has typed, or during
 * a quick exit.
 *
 * @param {string} address
 * @param {string} token against forgery
 * @param {object} page
 * @param {() => string} page.tab its name
 * @param {string} [page.asks] for what, if it is no message
 * @param {() => boolean} page.isUntouched whether nothing was typed since the page came
 * @param {(body: string) => void} page.show
 */
export async function recall(address, token, { tab, asks, isUntouched, show }) {
  for (const ms of RECALLED_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (!isUntouched() || isQuickExit()) return;
    const asked = tab();
    try {
      const headers = { "X-CSRFToken": token, Accept: "application/json" };
      const what = new URLSearchParams({ tab: asked, ...(asks && { asks }) });
      const answer = await request(address, { method: "POST", headers, body: what });
      if (!answer.ok) return;
      const body = (await answer.json())[asks ?? "body"];
      if (typeof body !== "string") return; // a process of the version before does not know what is asked for
      // Meanwhile its name may have turned out to be another tab's, and then the text is, too.
      if (isUntouched() && tab() === asked && !isQuickExit()) show(body);
    } catch {
      return; // no network: the page keeps what it came with
    }
  }
}
