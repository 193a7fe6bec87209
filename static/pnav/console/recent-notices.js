/**
 * Keeps the last announcements of this tab. Pure: what shows them is `console/recent.js`.
 *
 * @module
 */

/** @typedef {{ text: string, at: number, id: string }} Notice at: in ms; id: of its exchange, or empty */

export const MOST = 20; // what came before is in the list of exchanges and in their history

/** Whether this is a notice, as far as a page that was loaded since can tell. @param {any} one */
export const isNotice = (one) => typeof one?.text === "string" && typeof one.id === "string" && Number.isFinite(one.at);

export function createRecent() {
  /** @type {Notice[]} the newest first */
  let notices = [];
  let unseen = 0;
  return {
    /** Keep one more, and forget the oldest beyond MOST. @param {string} text @param {number} at @param {string} [id] */
    note(text, at, id = "") {
      if (!text) return;
      notices = [{ text, at, id }, ...notices].slice(0, MOST);
      unseen = Math.min(unseen + 1, MOST);
    },
    /** Add those that the page before had, which are older than what was announced since. @param {Notice[]} older @param {number} unread */
    restore(older, unread) {
      notices = [...notices, ...older].slice(0, MOST);
      unseen = Math.min(unseen + unread, MOST);
    },
    /** The agent looks at them. */
    look() {
      unseen = 0;
    },
    clear() {
      notices = [];
      unseen = 0;
    },
    get all() {
      return notices;
    },
    /** How many came since the agent looked. */
    get unseen() {
      return unseen;
    },
  };
}
