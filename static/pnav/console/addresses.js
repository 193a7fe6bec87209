/**
 * The address of the conversation on the screen, as a step of the browser's history.
 *
 * @module
 */

import { afterFrame } from "../lib/turns.js";
import { desk } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @type {{ of: Conversation | null }} the conversation whose address is to be written after the next frame */
const due = { of: null };
/** The path that this page was on at its last step. */
const written = { path: location.pathname };

/**
 * Write the address of a conversation that was just opened, after the frame is drawn. Of all that a key to another
 * exchange does, only the layout takes longer than this. By then the agent may have gone elsewhere, so the address is
 * that of the conversation on screen.
 *
 * @param {Conversation} c
 * @param {string | null} address null when the browser's history has led there
 */
export function writeAddress(c, address) {
  due.of = address === null ? null : c;
  if (address === null) return;
  afterFrame(() => {
    if (due.of !== c) return;
    due.of = null;
    if (desk.current !== c) return;
    history.pushState({ id: c.id }, "", address);
    written.path = location.pathname;
  });
}

/**
 * Return whether a step of the browser stays on the page that it was on: a link to a place within it, or « Back » from
 * there. It says nothing of which conversation is open, whose address may not be written yet.
 */
export function staysOnPage() {
  const stays = location.pathname === written.path;
  written.path = location.pathname;
  return stays;
}

/**
 * « Back » that comes before the address is written leads past the conversation that was open before. Go on to that one
 * then, and return whether this was the case.
 */
export function goesOn() {
  if (!due.of) return false;
  due.of = null;
  history.forward();
  return true;
}

/*
 * Which conversation was open, for whoever comes back from another page by « Console ». A cookie of the session holds its
 * id alone, which says nothing of anybody, and opens nothing without the account.
 */
const OPEN = "pnav_console_ouvert";

/** @param {string} cookies @returns {string} the id of the conversation that was open; empty: none */
export const lastOpen = (cookies) => new RegExp(`(?:^|; )${OPEN}=([0-9a-f-]{36})(?:;|$)`).exec(cookies)?.[1] ?? "";

/** @param {string} id of the conversation that is open; empty: none */
export const rememberOpen = (id) => {
  document.cookie = `${OPEN}=${id}; path=/console/; samesite=lax${id ? "" : "; max-age=0"}`;
};
