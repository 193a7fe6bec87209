/**
 * Verifies a proof of date where it is read: in a page, or in a file that was opened without a network. It imports
 * nothing, so that it may stand inside another page as it is.
 *
 * It says what `reports.rules.date_proofs.verify` says of the same file (docs/adr/0084): whether all of it holds, and
 * otherwise which part was altered. Signatures are checked by WebCrypto: RSA (PKCS #1 v1.5) and ECDSA (P-256, P-384),
 * with SHA-256, SHA-384 or SHA-512.
 */

/**
 * @typedef {Record<string, any>} Item
 * @typedef {{authority: string, at: string | null, ok: boolean, fingerprint: string, trusted: boolean | null}} Stamped
 * @typedef {{part: string, ok: boolean}} Check
 * @typedef {{ok: boolean, failed: string | null, checks: Check[], item: Item | null, day: string | null,
 *   stamps: Stamped[]}} Verdict
 * @typedef {{authority: string, token: Uint8Array, sha256: string, certificates: Uint8Array[], fingerprint: string}} Stamp
 * @typedef {{item: string, digest: string, salt: string, leaf: string, index: number, path: string[],
 *   statement: string, stamps: Stamp[]}} Proof
 * @typedef {{day: string, size: number, root: string, previous: string}} Statement
 * @typedef {{tag: number, content: Uint8Array, whole: Uint8Array}} Value
 * @typedef {{hash: string, imprint: string, at: Date, signed: Signed}} Token
 * @typedef {{info: Uint8Array, attributes: Uint8Array | null, digest: string, signature: Uint8Array,
 *   algorithm: string, issuer: string, serial: string}} Signed
 * @typedef {{whole: Uint8Array, signed: Uint8Array, algorithm: string, signature: Uint8Array, key: Uint8Array,
 *   keyKind: string, curve: string, issuer: string, subject: string, name: string, serial: string, from: Date,
 *   until: Date, isAuthority: boolean, stamps: boolean}} Certificate
 */

// These are as in reports/rules/date_proofs.py and timestamp_tokens.py.
const TEXT_MOST = 1024 * 1024;
const ITEM_MOST = 256 * 1024;
const STATEMENT_MOST = 1000;
const PATH_MOST = 40;
const SIZE_MOST = 2 ** 31 - 1;
const STAMPS_MOST = 4;
const NAME_MOST = 200;
const TOKEN_MOST = 64 * 1024;
const CERTIFICATES_MOST = 8;
const LINE_DETAIL = 9; // the place of the detail in a line of the register

/** It is thrown for what cannot be read or does not hold, as distinct from an error of this code. */
class Bad extends Error {}

/**
 * Says whether a proof holds, and which part does not. It raises nothing, whatever is given.
 *
 * @param {unknown} given the text of the file, or what JSON.parse made of it
 * @param {Uint8Array | null} bytes what the reader holds: of a capture its file, of anything else the item's text
 * @param {readonly string[] | null} trusted fingerprints of the anchors that the reader trusts; null: any, to be compared
 * @returns {Promise<Verdict>}
 */
export async function verifyProof(given, bytes = null, trusted = null) {
  /** @type {Proof} */
  let proof;
  try {
    proof = readProof(given);
  } catch (error) {
    if (error instanceof Bad || error instanceof SyntaxError || error instanceof RangeError) {
      return {
        ok: false,
        failed: "format",
        checks: [{ part: "format", ok: false }],
        item: null,
        day: null,
        stamps: [],
      };
    }
    throw error;
  }
  return await judge(proof, bytes, trusted);
}

/**
 * @param {Proof} proof
 * @param {Uint8Array | null} bytes
 * @param {readonly string[] | null} trusted
 * @returns {Promise<Verdict>}
 */
async function judge(proof, bytes, trusted) {
  const item = itemOf(proof.item);
  const statement = statementOf(proof.statement);
  const stamps = await Promise.all(proof.stamps.map((stamp) => judgeStamp(stamp, trusted)));
  const signed = stamps.flatMap((one) => (one.token && isSigned(one.failed) ? [one.token] : []));
  const confirmed = (await Promise.all(signed.map((token) => isOf(token, proof.statement)))).includes(true);
  const faults = new Set(await faultsOfTree(proof, item, statement, signed, confirmed));
  const parts = ["item", "digest", "salt", "leaf", "path", "root", "day"];
  if (bytes !== null && item !== null) {
    parts.push("bytes");
    const named = "sha256" in item ? item.sha256 : namedByLine(item);
    const held = named === null ? hex(bytes) === hex(encode(proof.item)) : hex(await sha(bytes)) === named;
    if (!held) faults.add("bytes");
  }
  const shown = [];
  for (const [number, { token, failed: first, known }] of stamps.entries()) {
    parts.push(`token:${number}`, `certificate:${number}`, `authority:${number}`);
    const ofThis = token !== null && (await isOf(token, proof.statement));
    const failed = first === null && confirmed && !ofThis ? "token" : first;
    if (failed !== null) faults.add(`${failed}:${number}`);
    if (statement && ofThis && token.at.toISOString().slice(0, 10) < statement.day) faults.add("day");
    const { authority, fingerprint } = proof.stamps[number];
    const at = token === null ? null : token.at.toISOString();
    shown.push({ authority, at, ok: failed === null && ofThis, fingerprint, trusted: known });
  }
  const checks = parts.map((part) => ({ part, ok: !faults.has(part) }));
  const failed = checks.find((check) => !check.ok)?.part ?? null;
  return { ok: failed === null, failed, checks, item, day: statement?.day ?? null, stamps: shown };
}

/**
 * Return the digest at the end of a line of the audit log: that of a capture that was opened, or of the file list of an
 * archive that was given.
 *
 * @param {Item} item
 * @returns {string | null}
 */
function namedByLine(item) {
  if (item.kind !== "register" || typeof item.line !== "string") return null;
  let values;
  try {
    values = JSON.parse(item.line);
  } catch {
    return null;
  }
  const detail = Array.isArray(values) ? values[LINE_DETAIL] : null;
  return typeof detail === "string" ? (/, sha256 ([0-9a-f]{64})$/.exec(detail)?.[1] ?? null) : null;
}

/** @param {string | null} failed */
const isSigned = (failed) => failed === null || failed === "authority";

/**
 * Return which parts between the item and the statement do not hold. When two parts do not fit together, the one is
 * named that does not fit the rest either.
 *
 * @param {Proof} proof
 * @param {Item | null} item
 * @param {Statement | null} statement
 * @param {Token[]} signed
 * @param {boolean} confirmed whether one of them signed this statement
 */
async function faultsOfTree(proof, item, statement, signed, confirmed) {
  const faults = [];
  const digest = hex(await sha(encode(proof.item)));
  if (item === null) faults.push("item");
  else if (digest !== proof.digest) {
    faults.push((await hashLeaf(proof.salt, digest)) === proof.leaf ? "digest" : "item");
  }
  const leaf = faults[0] === "digest" ? proof.leaf : await hashLeaf(proof.salt, proof.digest);
  if (statement === null) return [...faults, "day"];
  const way = await rootFrom(proof.leaf, proof.index, statement.size, proof.path);
  if (leaf !== proof.leaf) {
    if ((await rootFrom(leaf, proof.index, statement.size, proof.path)) === statement.root) return [...faults, "leaf"];
    faults.push("salt");
  }
  if (way === statement.root) return confirmed || signed.length === 0 ? faults : [...faults, "day"];
  if (confirmed || signed.length === 0) return [...faults, "path"];
  if (way !== null) {
    const mended = canonical({ format: "pnav-day-1", ...statement, root: way });
    const found = await Promise.all(signed.map((token) => isOf(token, mended)));
    if (found.includes(true)) return [...faults, "root"];
  }
  return [...faults, "day"];
}

// --- the tree (RFC 6962) ---------------------------------------------------------------------------------------------

/** @param {string} salt @param {string} digest */
const hashLeaf = async (salt, digest) =>
  hex(await sha(join(new Uint8Array([0]), encode("pnav-leaf-1\n"), unhex(salt), unhex(digest))));

/** @param {string} left @param {string} right */
const hashNodes = async (left, right) => hex(await sha(join(new Uint8Array([1]), unhex(left), unhex(right))));

/**
 * Return the root to which a path leads; null when no tree of this size has such a path.
 *
 * @param {string} leaf
 * @param {number} index
 * @param {number} size
 * @param {readonly string[]} path
 */
async function rootFrom(leaf, index, size, path) {
  if (index >= size) return null;
  let place = index;
  let last = size - 1;
  let node = leaf;
  for (const beside of path) {
    if (last === 0) return null;
    if (place % 2 === 1 || place === last) {
      node = await hashNodes(beside, node);
      while (place % 2 === 0 && place !== 0) {
        place >>>= 1;
        last >>>= 1;
      }
    } else {
      node = await hashNodes(node, beside);
    }
    place >>>= 1;
    last >>>= 1;
  }
  return last === 0 ? node : null;
}

// --- reading what others wrote ---------------------------------------------------------------------------------------

/** @param {unknown} given @returns {Proof} */
function readProof(given) {
  if (typeof given === "string" && given.length > TEXT_MOST) throw new Bad("too long");
  const value = typeof given === "string" ? JSON.parse(given) : given;
  const found = fields(value, "format item digest salt leaf index path statement stamps");
  if (found.format !== "pnav-proof-1") throw new Bad("another format");
  if (!Number.isInteger(found.index) || found.index < 0 || found.index > SIZE_MOST) throw new Bad("not an index");
  return {
    item: textOf(found.item, ITEM_MOST),
    digest: hexOf(found.digest),
    salt: hexOf(found.salt),
    leaf: hexOf(found.leaf),
    index: found.index,
    path: listOf(found.path, PATH_MOST).map(hexOf),
    statement: textOf(found.statement, STATEMENT_MOST),
    stamps: listOf(found.stamps, STAMPS_MOST).map(readStamp),
  };
}

/** @param {unknown} value @returns {Stamp} */
function readStamp(value) {
  const found = fields(value, "authority token sha256 certificates fingerprint");
  const certificates = listOf(found.certificates, CERTIFICATES_MOST);
  if (certificates.length === 0) throw new Bad("no certificate");
  return {
    authority: textOf(found.authority, NAME_MOST),
    token: unbase64(textOf(found.token, 2 * TOKEN_MOST)),
    sha256: hexOf(found.sha256),
    certificates: certificates.map((one) => unbase64(textOf(one, 2 * TOKEN_MOST))),
    fingerprint: hexOf(found.fingerprint),
  };
}

/**
 * Return the values of an item; null when the text is not the canonical one.
 *
 * @param {string} text
 * @returns {Item | null}
 */
function itemOf(text) {
  const found = parseCanonical(text);
  return found !== null && found.format === "pnav-item-1" && typeof found.kind === "string" ? found : null;
}

/** @param {string} text @returns {Statement | null} */
function statementOf(text) {
  const found = parseCanonical(text);
  if (found === null || Object.keys(found).join() !== "format,day,size,root,previous") return null;
  const { format, day, size, root, previous } = found;
  if (format !== "pnav-day-1" || !isDate(day) || !Number.isInteger(size) || size < 0 || size > SIZE_MOST) return null;
  return isHex(root) && isHex(previous) ? { day, size, root, previous } : null;
}

/** @param {unknown} day */
const isDate = (day) =>
  typeof day === "string" &&
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(day) &&
  !Number.isNaN(Date.parse(day)) &&
  new Date(day).toISOString().startsWith(day);

/** @param {string} text @returns {Item | null} */
function parseCanonical(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  const isObject = typeof found === "object" && found !== null && !Array.isArray(found);
  return isObject && canonical(found) === text ? found : null;
}

/** Write a value as Python's json.dumps does, in ASCII without spaces. @param {object} value */
const canonical = (value) =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** @param {unknown} value @param {string} names @returns {Record<string, any>} */
function fields(value, names) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Bad("not an object");
  if (Object.keys(value).sort().join(" ") !== names.split(" ").sort().join(" ")) throw new Bad("other fields");
  return value;
}

/** @param {unknown} value @param {number} most @returns {unknown[]} */
function listOf(value, most) {
  if (!Array.isArray(value) || value.length > most) throw new Bad("not a list, or too long");
  return value;
}

/** @param {unknown} value @param {number} most @returns {string} */
function textOf(value, most) {
  if (typeof value !== "string" || value.length > most) throw new Bad("not a text, or too long");
  return value;
}

/** @param {unknown} value @returns {value is string} */
const isHex = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);

/** @param {unknown} value @returns {string} */
function hexOf(value) {
  if (!isHex(value)) throw new Bad("not 64 hexadecimal digits");
  return value;
}

// --- tokens (RFC 3161, RFC 5652) and certificates (RFC 5280) ----------------------------------------------------------

/** @type {Record<string, string>} */
const HASHES = {
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
/** By the name of a signature's algorithm; of those that name no digest the message's own is used. */
/** @type {Record<string, {kind: string, hash: string | null}>} */
const SIGNATURES = {
  "1.2.840.113549.1.1.1": { kind: "RSA", hash: null },
  "1.2.840.113549.1.1.11": { kind: "RSA", hash: "SHA-256" },
  "1.2.840.113549.1.1.12": { kind: "RSA", hash: "SHA-384" },
  "1.2.840.113549.1.1.13": { kind: "RSA", hash: "SHA-512" },
  "1.2.840.10045.2.1": { kind: "EC", hash: null },
  "1.2.840.10045.4.3.2": { kind: "EC", hash: "SHA-256" },
  "1.2.840.10045.4.3.3": { kind: "EC", hash: "SHA-384" },
  "1.2.840.10045.4.3.4": { kind: "EC", hash: "SHA-512" },
};
/** @type {Record<string, {name: string, size: number}>} */
const CURVES = {
  "1.2.840.10045.3.1.7": { name: "P-256", size: 32 },
  "1.3.132.0.34": { name: "P-384", size: 48 },
};
const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const BASIC_CONSTRAINTS = "2.5.29.19";
const EXTENDED_USE = "2.5.29.37";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const COMMON_NAME = "2.5.4.3";

/**
 * @param {Stamp} stamp
 * @param {readonly string[] | null} trusted
 * @returns {Promise<{token: Token | null, failed: string | null, known: boolean | null}>}
 */
async function judgeStamp(stamp, trusted) {
  const known = trusted === null ? null : trusted.includes(stamp.fingerprint);
  if (hex(await sha(stamp.token)) !== stamp.sha256) return { token: null, failed: "token", known };
  const token = attempt(() => readToken(stamp.token));
  if (token === null) return { token, failed: "token", known };
  const anchor = stamp.certificates[stamp.certificates.length - 1];
  if (hex(await sha(anchor)) !== stamp.fingerprint) return { token, failed: "certificate", known };
  const chain = attempt(() => stamp.certificates.map(readCertificate));
  if (chain === null || !(await isChain(chain, token.at))) return { token, failed: "certificate", known };
  if (!(await isSignedBy(token, chain[0]))) return { token, failed: "token", known };
  if (chain[0].name !== stamp.authority || known === false) return { token, failed: "authority", known };
  return { token, failed: null, known };
}

/**
 * Return the result of `read`, or null when it reads something bad.
 *
 * @template T
 * @param {() => T} read
 * @returns {T | null}
 */
function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Bad) return null;
    throw error;
  }
}

/** Return whether this text is what was stamped. @param {Token} token @param {string} text */
const isOf = async (token, text) => hex(await sha(encode(text), token.hash)) === token.imprint;

/** @param {Uint8Array} der @returns {Token} */
function readToken(der) {
  if (der.length > TOKEN_MOST) throw new Bad("too long");
  const [kind, wrapper] = children(only(der), 0x30, 2);
  if (oid(kind) !== SIGNED_DATA) throw new Bad("not signed");
  const parts = children(only(expect(wrapper, 0xa0).content), 0x30);
  const [encapsulated, infos] = [parts[2], parts[parts.length - 1]];
  const [type, inner] = children(encapsulated, 0x30, 2);
  if (oid(type) !== TST_INFO) throw new Bad("no time-stamp");
  const info = expect(only(expect(inner, 0xa0).content), 0x04).content;
  const signers = children(infos, 0x31);
  if (signers.length !== 1) throw new Bad("not one signature");
  const [, , imprint, , at] = children(only(info), 0x30);
  const [algorithm, digest] = children(imprint, 0x30, 2);
  const hash = HASHES[oid(children(algorithm, 0x30)[0])];
  if (!hash) throw new Bad("another digest");
  return {
    hash,
    imprint: hex(expect(digest, 0x04).content),
    at: time(expect(at, 0x18)),
    signed: readSigner(signers[0], info),
  };
}

/** @param {Value} value @param {Uint8Array} info @returns {Signed} */
function readSigner(value, info) {
  const parts = children(value, 0x30);
  const [, id, digest] = parts;
  const [issuer, serial] = children(id, 0x30, 2);
  const hasAttributes = parts[3]?.tag === 0xa0;
  const [algorithm, signature] = parts.slice(hasAttributes ? 4 : 3);
  const hash = HASHES[oid(children(digest, 0x30)[0])];
  if (!hash || !hasAttributes || !algorithm || !signature) throw new Bad("another signature");
  return {
    info,
    attributes: parts[3].whole,
    digest: hash,
    signature: expect(signature, 0x04).content,
    algorithm: oid(children(algorithm, 0x30)[0]),
    issuer: hex(issuer.whole),
    serial: hex(expect(serial, 0x02).content),
  };
}

/**
 * Return whether the token names this certificate, and its key signed the token.
 *
 * @param {Token} token
 * @param {Certificate} by
 */
async function isSignedBy(token, by) {
  const { signed } = token;
  if (signed.issuer !== by.issuer || signed.serial !== by.serial || signed.attributes === null) return false;
  const found = attempt(() => readAttributes(/** @type {Uint8Array} */ (signed.attributes)));
  if (found === null || found.type !== TST_INFO) return false;
  if (found.digest !== hex(await sha(signed.info, signed.digest))) return false;
  if (found.certificate !== hex(await sha(by.whole, found.certificateHash))) return false;
  // With the tag of a set: in the message, the tag says where it stands (RFC 5652 §5.4).
  const attributes = signed.attributes.slice();
  attributes[0] = 0x31;
  return await isSignature(by, signed.algorithm, signed.digest, signed.signature, attributes);
}

/** @param {Uint8Array} whole */
function readAttributes(whole) {
  const found = { type: "", digest: "", certificate: "", certificateHash: "SHA-256" };
  for (const attribute of children(only(whole), 0xa0)) {
    const [name, values] = children(attribute, 0x30, 2);
    const [value] = children(values, 0x31, 1);
    const which = oid(name);
    if (which === CONTENT_TYPE) found.type = oid(value);
    if (which === MESSAGE_DIGEST) found.digest = hex(expect(value, 0x04).content);
    if (which === SIGNING_CERTIFICATE || which === SIGNING_CERTIFICATE_V2) {
      const [first] = children(children(value, 0x30)[0], 0x30);
      const parts = children(first, 0x30);
      const named = parts[0]?.tag === 0x30 ? HASHES[oid(children(parts[0], 0x30)[0])] : null;
      const digest = parts[0]?.tag === 0x30 ? parts[1] : parts[0];
      if (which === SIGNING_CERTIFICATE_V2 || found.certificate === "") {
        found.certificateHash = which === SIGNING_CERTIFICATE ? "SHA-1" : (named ?? "SHA-256");
        found.certificate = hex(expect(digest, 0x04).content);
      }
    }
  }
  return found;
}

/** @param {Uint8Array} der @returns {Certificate} */
function readCertificate(der) {
  const [signed, algorithm, signature] = children(only(der), 0x30, 3);
  let parts = children(signed, 0x30);
  if (parts[0].tag === 0xa0) parts = parts.slice(1);
  const [serial, , issuer, validity, subject, key] = parts;
  const [from, until] = children(validity, 0x30, 2);
  const [keyAlgorithm] = children(key, 0x30, 2);
  const [keyKind, parameters] = children(keyAlgorithm, 0x30);
  const extensions = readExtensions(parts.slice(6).find((part) => part.tag === 0xa3));
  return {
    whole: der,
    signed: signed.whole,
    algorithm: oid(children(algorithm, 0x30)[0]),
    signature: bits(signature),
    key: key.whole,
    keyKind: SIGNATURES[oid(keyKind)]?.kind ?? "",
    curve: parameters?.tag === 0x06 ? oid(parameters) : "",
    issuer: hex(issuer.whole),
    subject: hex(subject.whole),
    name: commonName(subject),
    serial: hex(expect(serial, 0x02).content),
    from: time(from),
    until: time(until),
    ...extensions,
  };
}

/** @param {Value | undefined} value */
function readExtensions(value) {
  const found = { isAuthority: false, stamps: false };
  if (!value) return found;
  for (const extension of children(only(value.content), 0x30)) {
    const parts = children(extension, 0x30);
    const which = oid(parts[0]);
    const content = expect(parts[parts.length - 1], 0x04).content;
    const isCritical = parts.length === 3 && parts[1].tag === 0x01 && parts[1].content[0] === 0xff;
    if (which === BASIC_CONSTRAINTS) {
      const [first] = children(only(content), 0x30);
      found.isAuthority = first?.tag === 0x01 && first.content[0] === 0xff;
    }
    if (which === EXTENDED_USE) {
      const uses = children(only(content), 0x30).map(oid);
      found.stamps = isCritical && uses.join() === TIME_STAMPING;
    }
  }
  return found;
}

/** @param {Value} subject */
function commonName(subject) {
  for (const set of children(subject, 0x30)) {
    for (const one of children(set, 0x31)) {
      const [name, value] = children(one, 0x30, 2);
      if (oid(name) === COMMON_NAME) return new TextDecoder().decode(value.content);
    }
  }
  return "";
}

/** Return whether each is issued by the next and good at that time, the first one for stamping.
 * @param {Certificate[]} chain @param {Date} at */
async function isChain(chain, at) {
  if (!chain[0].stamps || !chain.slice(1).every((one) => one.isAuthority)) return false;
  if (!chain.every((one) => one.from <= at && at <= one.until)) return false;
  for (let level = 0; level + 1 < chain.length; level++) {
    const [one, above] = [chain[level], chain[level + 1]];
    if (one.issuer !== above.subject) return false;
    if (!(await isSignature(above, one.algorithm, null, one.signature, one.signed))) return false;
  }
  return true;
}

/**
 * @param {Certificate} by whose key signed
 * @param {string} algorithm
 * @param {string | null} digest used where the algorithm names none
 * @param {Uint8Array} signature
 * @param {Uint8Array} content
 */
async function isSignature(by, algorithm, digest, signature, content) {
  const known = SIGNATURES[algorithm];
  const hash = known?.hash ?? digest;
  if (!known || !hash || known.kind !== by.keyKind) return false;
  try {
    if (known.kind === "RSA") {
      const name = "RSASSA-PKCS1-v1_5";
      const key = await crypto.subtle.importKey("spki", buffer(by.key), { name, hash }, false, ["verify"]);
      return await crypto.subtle.verify(name, key, buffer(signature), buffer(content));
    }
    const curve = CURVES[by.curve];
    if (!curve) return false;
    const options = { name: "ECDSA", namedCurve: curve.name };
    const key = await crypto.subtle.importKey("spki", buffer(by.key), options, false, ["verify"]);
    const pair = children(only(signature), 0x30, 2).map((number) => fixed(number, curve.size));
    return await crypto.subtle.verify({ name: "ECDSA", hash }, key, buffer(join(...pair)), buffer(content));
  } catch (error) {
    if (error instanceof Bad || error instanceof DOMException) return false; // a key or a signature that is none
    throw error;
  }
}

// --- DER -------------------------------------------------------------------------------------------------------------

/** Return the one value of these bytes. @param {Uint8Array} bytes */
function only(bytes) {
  const [first, ...others] = split(bytes);
  if (!first || others.length > 0) throw new Bad("not one value");
  return first;
}

/** @param {Uint8Array} bytes @returns {Value[]} */
function split(bytes) {
  const found = [];
  for (let start = 0; start < bytes.length; ) {
    if (start + 2 > bytes.length) throw new Bad("cut");
    let begin = start + 2;
    let size = bytes[start + 1];
    if (size >= 0x80) {
      const count = size & 0x7f;
      if (count === 0 || count > 4 || begin + count > bytes.length) throw new Bad("no length");
      size = 0;
      for (let n = 0; n < count; n++) size = size * 256 + bytes[begin + n];
      begin += count;
      if (size < 0x80 || bytes[begin - count] === 0) throw new Bad("longer than it need be");
    }
    const end = begin + size;
    if (end > bytes.length) throw new Bad("cut");
    found.push({ tag: bytes[start], content: bytes.subarray(begin, end), whole: bytes.subarray(start, end) });
    start = end;
  }
  return found;
}

/** @param {Value | undefined} value @param {number} tag @returns {Value} */
function expect(value, tag) {
  if (!value || value.tag !== tag) throw new Bad("another value");
  return value;
}

/**
 * Return the values inside a value.
 *
 * @param {Value | undefined} value
 * @param {number} tag
 * @param {number} count 0: any number
 */
function children(value, tag, count = 0) {
  const found = split(expect(value, tag).content);
  if (count !== 0 ? found.length !== count : found.length === 0 && tag !== 0x30)
    throw new Bad("another number of values");
  return found;
}

/** @param {Value | undefined} value */
function oid(value) {
  const { content } = expect(value, 0x06);
  /** @type {number[]} */
  const arcs = [];
  let arc = 0;
  for (const byte of content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...others] = arcs;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - 40 * top, ...others].join(".");
}

/** Return the bits of a signature. @param {Value | undefined} value */
function bits(value) {
  const { content } = expect(value, 0x03);
  if (content[0] !== 0) throw new Bad("not whole bytes");
  return content.subarray(1);
}

/** Return a number as this many bytes. @param {Value} value @param {number} size */
function fixed(value, size) {
  let { content } = expect(value, 0x02);
  while (content.length > size && content[0] === 0) content = content.subarray(1);
  if (content.length > size) throw new Bad("too large");
  const found = new Uint8Array(size);
  found.set(content, size - content.length);
  return found;
}

/** @param {Value | undefined} value */
function time(value) {
  if (!value || (value.tag !== 0x17 && value.tag !== 0x18)) throw new Bad("no time");
  const text = new TextDecoder("latin1").decode(value.content);
  const parts = /^([0-9]{2})?([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]+)?Z$/.exec(text);
  if (!parts || (value.tag === 0x18) !== (parts[1] !== undefined)) throw new Bad("no time");
  const century = parts[1] ?? (Number(parts[2]) < 50 ? "20" : "19");
  const [, , year, month, day, hour, minute, second, fraction = ""] = parts;
  const written = `${century}${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const found = new Date(`${written}${fraction.slice(0, 4)}Z`);
  if (Number.isNaN(found.getTime())) throw new Bad("no time");
  return found;
}

// --- bytes -----------------------------------------------------------------------------------------------------------

/** @param {Uint8Array} bytes @param {string} name */
const sha = async (bytes, name = "SHA-256") => new Uint8Array(await crypto.subtle.digest(name, buffer(bytes)));

/**
 * Return bytes that WebCrypto accepts, whatever buffer they are in.
 *
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
const buffer = (bytes) => new Uint8Array(bytes);

/** @param {string} text */
const encode = (text) => new TextEncoder().encode(text);

/** @param {Uint8Array[]} parts */
function join(...parts) {
  const found = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    found.set(part, at);
    at += part.length;
  }
  return found;
}

/** @param {Uint8Array} bytes */
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text */
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** Return bytes from base64 in its only valid form. @param {string} text */
function unbase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Bad("not base64");
  let found;
  try {
    found = atob(text);
  } catch {
    throw new Bad("not base64");
  }
  if (btoa(found) !== text) throw new Bad("not base64 in its only form");
  return Uint8Array.from(found, (sign) => sign.charCodeAt(0));
}
