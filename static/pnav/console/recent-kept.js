/**
 * Keeps the last announcements over a reload of the page, in the storage of this tab, encrypted under a key of the
 * session (docs/adr/0148). The key is in the open page alone, and no longer given once the session has ended: what a
 * device then still holds opens for nobody.
 *
 * @module
 */

import { isNotice, MOST } from "./recent-notices.js";

/** @typedef {import("./recent-notices.js").Notice} Notice */
/** @typedef {{ notices: Notice[], unseen: number }} Kept */

const PLACE = "avis";
const IV_BYTES = 12;

/** @param {Uint8Array} bytes */
const encode = (bytes) => btoa(String.fromCharCode(...bytes));

/** @param {string} text */
const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/**
 * @param {string} secret of the session, 32 bytes in base64
 * @param {Storage} storage
 */
export function createKept(secret, storage) {
  const key = crypto.subtle.importKey("raw", decode(secret), "AES-GCM", false, ["encrypt", "decrypt"]);
  let last = 0; // what was asked for last: an older text that is encrypted later is not written

  function forget() {
    last += 1;
    storage.removeItem(PLACE);
  }

  return {
    forget,
    /** @param {Kept} kept */
    async keep(kept) {
      last += 1;
      const mine = last;
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const text = new TextEncoder().encode(JSON.stringify(kept));
      const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key, text);
      if (mine === last) storage.setItem(PLACE, encode(new Uint8Array([...iv, ...new Uint8Array(sealed)])));
    },
    /**
     * Return what was kept. What another session kept, or a part of which is not as it was written, is forgotten.
     *
     * @returns {Promise<Kept | null>}
     */
    async read() {
      const stored = storage.getItem(PLACE);
      if (stored === null) return null;
      try {
        const bytes = decode(stored);
        const [iv, sealed] = [bytes.slice(0, IV_BYTES), bytes.slice(IV_BYTES)];
        const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await key, sealed);
        const { notices, unseen } = JSON.parse(new TextDecoder().decode(text));
        return { notices: notices.filter(isNotice).slice(0, MOST), unseen: Math.min(Number(unseen) || 0, MOST) };
      } catch {
        if (storage.getItem(PLACE) === stored) forget();
        return null;
      }
    },
  };
}
