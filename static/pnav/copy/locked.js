/**
 * Opens a copy that is locked with words: PBKDF2 with SHA-256, then AES-256-GCM, whole or in pieces.
 * `chat.personal_copy.lock` locks it, and a test locks there and opens here.
 *
 * @module
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {{ salt: string, rounds: number }} Derived in base64 */
/** @typedef {Derived & { nonce: string }} Sealed in base64 */
/** @typedef {Derived & { prefix: string, size: number, piece: number }} SealedApart in base64; sizes in bytes, in clear */

/** @param {string} value in base64 @returns {Bytes} */
const decode = (value) => Uint8Array.from(atob(value.trim()), (letter) => letter.charCodeAt(0));

/** Return words in the form in which they are compared. @param {string} words */
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

/** @param {Derived} sealed @param {string} words as typed */
const deriveKey = async (sealed, words) => {
  const bytes = new TextEncoder().encode(normalizeWords(words));
  const base = await crypto.subtle.importKey("raw", bytes, "PBKDF2", false, ["deriveKey"]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt: decode(sealed.salt), iterations: sealed.rounds };
  return crypto.subtle.deriveKey(derivation, base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
};

/**
 * @param {Sealed} sealed
 * @param {string} content in base64
 * @param {string} words as typed
 * @returns {Promise<Bytes | null>} null: these words do not open it
 */
export const openLocked = async (sealed, content, words) => {
  const key = await deriveKey(sealed, words);
  const way = { name: "AES-GCM", iv: decode(sealed.nonce) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(way, key, decode(content)));
  } catch {
    return null;
  }
};

const TAG_BYTES = 16;

/**
 * Open a file of pieces, one after the other. It is never whole in memory, because what is opened goes into parts of a
 * Blob, which the browser may keep on disk.
 *
 * @param {SealedApart} sealed
 * @param {Blob} file
 * @param {string} words as typed
 * @returns {Promise<Blob | "wrong" | "changed">} "wrong": these words do not open its first piece; "changed": it is not as
 *   long as it should be, or a later piece does not open at its place
 */
export const openApart = async (sealed, file, words) => {
  const count = Math.max(1, Math.ceil(sealed.size / sealed.piece));
  if (file.size !== sealed.size + count * TAG_BYTES) return "changed";
  const key = await deriveKey(sealed, words);
  const nonce = new Uint8Array(12);
  nonce.set(decode(sealed.prefix));
  const view = new DataView(nonce.buffer);
  /** @type {Blob[]} */
  const parts = [];
  for (let index = 0; index < count; index += 1) {
    view.setUint32(7, index);
    view.setUint8(11, index === count - 1 ? 1 : 0);
    const at = index * (sealed.piece + TAG_BYTES);
    const piece = await file.slice(at, at + sealed.piece + TAG_BYTES).arrayBuffer();
    try {
      parts.push(new Blob([await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, piece)]));
    } catch {
      return index ? "changed" : "wrong";
    }
  }
  return new Blob(parts, { type: "application/zip" });
};
