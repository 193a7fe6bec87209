/**
 * Checks a copy: each of its files against `empreintes.txt`, and that one against the comment of the zip. What writes it is
 * `chat.personal_copy.archive`; a test holds both together.
 *
 * @module
 */

import { readZip, unpack } from "../lib/zip.js";

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {"ok" | "changed" | "missing" | "added"} State */
/** @typedef {{ name: string, state: State }} Checked */

/** @param {Bytes} bytes */
export const sha256 = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (one) =>
    one.toString(16).padStart(2, "0"),
  ).join("");

/**
 * @param {Bytes} bytes of the zip
 * @param {string} digests the name of the file of digests
 * @param {string} comment what stands before its own digest
 * @returns {Promise<{ files: Checked[], contents: Map<string, Bytes | null> }>} each file, in the order of the archive, and
 *   what it holds, null where it does not come out whole; an Error when it is no copy at all
 */
export const checkArchive = async (bytes, digests, comment) => {
  const zip = readZip(bytes);
  /** @type {Map<string, Bytes | null>} null: it does not come out whole */
  const contents = new Map();
  for (const entry of zip.entries) {
    if (contents.has(entry.name)) throw new Error("a name stands there twice");
    contents.set(entry.name, await unpack(entry).catch(() => null));
  }
  const list = contents.get(digests);
  if (list === undefined || !zip.comment.startsWith(comment)) throw new Error("not a copy");
  const isListOk = list !== null && (await sha256(list)) === zip.comment.slice(comment.length);
  /** @type {Map<string, string>} */
  const wanted = new Map();
  for (const line of new TextDecoder().decode(list ?? new Uint8Array()).split("\n")) {
    const found = /^([0-9a-f]{64}) {2}(.+)$/.exec(line);
    if (found) wanted.set(found[2], found[1]);
  }
  /** @type {Checked[]} */
  const checked = [];
  for (const [name, content] of contents) {
    if (name === digests) checked.push({ name, state: isListOk ? "ok" : "changed" });
    else if (content === null) checked.push({ name, state: "changed" });
    else if (!wanted.has(name)) checked.push({ name, state: isListOk ? "added" : "changed" });
    else checked.push({ name, state: (await sha256(content)) === wanted.get(name) ? "ok" : "changed" });
  }
  for (const name of wanted.keys()) if (!contents.has(name)) checked.push({ name, state: "missing" });
  return { files: checked, contents };
};
