/**
 * The browser's half of the encryption of a disclosure: HPKE (RFC 9180), base mode, DHKEM(P-256, HKDF-SHA256),
 * HKDF-SHA256, AES-256-GCM. The other half is reports/replies.py; a test seals there and opens here
 * (tests/js/test_twins.py).
 *
 * @module
 */

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const POINT_BYTES = 65;

/** @param {string} value @returns {Bytes} */
export const text = (value) => new TextEncoder().encode(value);
/** @param {Iterable<number>[]} parts @returns {Bytes} */
export const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
/** @param {Bytes} bytes */
export const encode = (bytes) => btoa(String.fromCharCode(...bytes));
/** @param {string} value in base64 @returns {Bytes} */
export const decode = (value) => Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));
/** Return the sixteen bytes of a UUID. @param {string} uuid @returns {Bytes} */
export const uuidBytes = (uuid) =>
  Uint8Array.from(uuid.replaceAll("-", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const VERSION = text("HPKE-v1");
const KEM = join(text("KEM"), [0, 0x10]);
const HPKE = join(text("HPKE"), [0, 0x10, 0, 0x01, 0, 0x02]);
const NOTHING = new Uint8Array();

/** @param {Bytes} key @param {Bytes} data */
const hmac = async (key, data) => {
  const secret = key.length ? key : new Uint8Array(32);
  const usable = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", usable, data));
};

/** @param {Bytes} suite @param {Bytes} salt @param {string} label @param {Bytes} input */
const extract = (suite, salt, label, input) => hmac(salt, join(VERSION, suite, text(label), input));

/** @param {Bytes} suite @param {Bytes} secret @param {string} label @param {Bytes} info @param {number} length at most 32 */
const expand = async (suite, secret, label, info, length) =>
  (await hmac(secret, join([0, length], VERSION, suite, text(label), info, [1]))).slice(0, length);

/** Make a pair of keys whose private half cannot leave this browser. */
export const makeKeys = () => crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);

/** @param {CryptoKey} publicKey @returns {Promise<Bytes>} an uncompressed point */
export const pointOf = async (publicKey) => new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));

/**
 * Open what was sealed for this key. Reject for anything else.
 *
 * @param {Bytes} sealed
 * @param {CryptoKey} privateKey
 * @param {Bytes} recipient its public half
 * @param {Bytes} info
 */
export const open = async (sealed, privateKey, recipient, info) => {
  const point = sealed.slice(0, POINT_BYTES);
  const theirs = await crypto.subtle.importKey("raw", point, CURVE, false, []);
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, privateKey, 256));
  const mixed = await extract(KEM, NOTHING, "eae_prk", shared);
  const secret = await expand(KEM, mixed, "shared_secret", join(point, recipient), 32);
  const ids = await extract(HPKE, NOTHING, "psk_id_hash", NOTHING);
  const context = join([0], ids, await extract(HPKE, NOTHING, "info_hash", info));
  const root = await extract(HPKE, secret, "secret", NOTHING);
  const raw = await expand(HPKE, root, "key", context, 32);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["decrypt"]);
  const iv = await expand(HPKE, root, "base_nonce", context, 12);
  const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed.slice(POINT_BYTES));
  const padded = new Uint8Array(opened);
  return new TextDecoder().decode(padded.slice(2, 2 + padded[0] * 256 + padded[1]));
};
