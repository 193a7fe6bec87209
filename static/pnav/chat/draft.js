/**
 * What is being typed, kept in the person's visit on the server every few seconds: a reload, « Back » or a tab that the
 * telephone ended loses nothing. Nothing stays on the device. See docs/adr/0066.
 *
 * @module
 */

import { createTimers } from "../lib/timers.js";

export const EVERY_MS = 3000;
const AGAIN_MS = 10_000; // after a failure, or when the server asks for patience
const KEEPALIVE_MOST = 12_000; // characters: browsers refuse 64 KiB and more from a page that goes

/** @typedef {"kept" | "later" | "never"} Answer of a save: "later" to be tried again, "never" when the visit is over */

/**
 * @param {object} page
 * @param {() => string} page.text what stands in the field now
 * @param {(body: string, isLeaving: boolean) => Promise<Answer>} page.save
 */
export const createDraft = ({ text, save }) => {
  const timers = createTimers();
  let kept = text(); // what the page came with is what the server has
  let isSaving = false;
  let isOver = false;

  /** @param {boolean} isLeaving */
  async function saveNow(isLeaving) {
    const body = text();
    timers.clear("save");
    if (isOver || isSaving || body === kept) return;
    isSaving = true;
    const answer = await save(body, isLeaving);
    isSaving = false;
    if (answer === "never") isOver = true;
    if (answer === "kept") kept = body;
    if (!isOver && text() !== kept) timers.set("save", answer === "kept" ? EVERY_MS : AGAIN_MS, () => saveNow(false));
  }

  return {
    /** The field changed. */
    changed() {
      if (!isOver && !timers.has("save")) timers.set("save", EVERY_MS, () => saveNow(false));
    },
    /** At once: a message was sent, and what was kept of it goes; or the line is there again. */
    now: () => saveNow(false),
    /** The page goes out of sight, perhaps for good. */
    leaving: () => saveNow(true),
    /** The visit is over. */
    end() {
      isOver = true;
      timers.clear();
    },
  };
};

/**
 * Save by a request. One that leaves a quick exit behind saves nothing: the visit is being forgotten.
 *
 * @param {string} address
 * @param {string} token against forgery
 * @returns {(body: string, isLeaving: boolean) => Promise<Answer>}
 */
export const saveTo = (address, token) => async (body, isLeaving) => {
  if (document.documentElement.classList.contains("pnav-leaving")) return "never";
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "X-CSRFToken": token, Accept: "application/json" },
      body: new URLSearchParams({ body }),
      keepalive: isLeaving && body.length < KEEPALIVE_MOST,
      redirect: "manual",
    });
    if (answer.status === 401) return "never";
    return answer.ok ? "kept" : "later";
  } catch {
    return "later"; // no network: the line says so, and the text is in the page
  }
};
