/**
 * Checks a copy: each of its files against `empreintes.txt`, and that file against the comment of the zip.
 * `chat.personal_copy.archive` writes it, and a test checks one against the other.
 *
 * @module
 */

import { readZip, unpack } from "../lib/zip.js";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {"ok" | "changed" | "missing" | "added"} State */
/** @typedef {{ name: string, state: State }} Checked */

const KEPT = /\.json$/; // read again once the digests are known: the words of a copy, and its proofs
const KEPT_MOST = 64 * 1024 * 1024; // bytes of these together

/** @param {Bytes} bytes */
export const sha256 = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (one) =>
    one.toString(16).padStart(2, "0"),
  ).join("");

/** @param {Bytes} list @returns {Map<string, string>} the digest of each file that it names */
const readList = (list) => {
  const wanted = new Map();
  for (const line of new TextDecoder().decode(list).split("\n")) {
    const found = /^([0-9a-f]{64}) {2}(.+)$/.exec(line);
    if (found) wanted.set(found[2], found[1]);
  }
  return wanted;
};

/**
 * Check an archive. Besides the files of KEPT, one file at a time is in memory, whatever their total size.
 *
 * @param {Blob} file the zip
 * @param {string} digests the name of the file of digests
 * @param {string} comment what stands before its own digest
 * @returns {Promise<{ files: Checked[], contents: Map<string, Bytes | null>, digests: Map<string, string | null>,
 *   list: Bytes | null }>} each file, in the order of the archive; what those of KEPT hold, null where it does not come out
 *   whole; the digest of each, likewise; the file of digests, as it stands there. An Error when it is no copy at all
 */
export const checkArchive = async (file, digests, comment) => {
  const zip = await readZip(file);
  /** @type {Map<string, string | null>} the digest of each file; null: it does not come out whole */
  const found = new Map();
  /** @type {Map<string, Bytes | null>} */
  const contents = new Map();
  /** @type {Bytes | null} */
  let list = null;
  let kept = 0;
  for (const entry of zip.entries) {
    if (found.has(entry.name)) throw new Error("a name stands there twice");
    const content = await unpack(entry).catch(() => null);
    found.set(entry.name, content && (await sha256(content)));
    if (entry.name === digests) list = content;
    if (!KEPT.test(entry.name)) continue;
    kept += content?.length ?? 0;
    contents.set(entry.name, kept > KEPT_MOST ? null : content);
  }
  if (!found.has(digests) || !zip.comment.startsWith(comment)) throw new Error("not a copy");
  const isListOk = list !== null && found.get(digests) === zip.comment.slice(comment.length);
  const wanted = readList(list ?? new Uint8Array());
  /** @type {Checked[]} */
  const checked = [];
  for (const [name, digest] of found) {
    if (name === digests) checked.push({ name, state: isListOk ? "ok" : "changed" });
    else if (digest === null) checked.push({ name, state: "changed" });
    else if (!wanted.has(name)) checked.push({ name, state: isListOk ? "added" : "changed" });
    else checked.push({ name, state: digest === wanted.get(name) ? "ok" : "changed" });
  }
  for (const name of wanted.keys()) if (!found.has(name)) checked.push({ name, state: "missing" });
  return { files: checked, contents, digests: found, list };
};
