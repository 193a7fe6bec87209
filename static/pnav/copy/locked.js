/**
 * Opens a copy that was closed by words: PBKDF2 with SHA-256, then AES-256-GCM. What closes it is
 * `chat.personal_copy.lock`; a test closes there and opens here.
 *
 * @module
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ salt: string, nonce: string, rounds: number }} Sealed in base64 */

/** @param {string} value in base64 @returns {Bytes} */
const decode = (value) => Uint8Array.from(atob(value.trim()), (letter) => letter.charCodeAt(0));

/** Words as they are compared. @param {string} words */
export const normalizeWords = (words) =>
  words
    .slice(0, 300)
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll("œ", "oe")
    .replaceAll("æ", "ae")
    .replace(/[^a-z0-9]+/g, " ")
    .trim();

/**
 * @param {Sealed} sealed
 * @param {string} content in base64
 * @param {string} words as typed
 * @returns {Promise<Bytes | null>} null: these words do not open it
 */
export const openLocked = async (sealed, content, words) => {
  const bytes = new TextEncoder().encode(normalizeWords(words));
  const base = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: decode(sealed.salt), iterations: sealed.rounds };
  const key = await crypto.subtle.deriveKey(derivation, base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
  const way = { name: "AES-GCM", iv: decode(sealed.nonce) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(way, key, decode(content)));
  } catch {
    return null;
  }
};
