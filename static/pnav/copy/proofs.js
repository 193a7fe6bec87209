/**
 * This module checks the proofs of date of a copy (`preuves.json`), and whether each agrees with « copie.json ». In an
 * agent's archive this is « echange.json » and in a unit's « dossier.json », which hold what their readers may have.
 *
 * @module
 */

import { verifyProof } from "../lib/proof.js";
import { fill } from "../lib/words.js";

/**
 * The result of checking the proofs. wrong: names of proofs that do not hold, or that say something else than the copy;
 * total: the number of proofs, with those; dated: how many of the others an authority signed. without: names of the
 * messages, facts and captures of the copy that have no proof; taken: those of them that ought to have one, because a
 * later message of the exchange has one.
 *
 * @typedef {{
 *   total: number, dated: number, first: string, last: string, wrong: string[], without: string[], taken: string[]
 * }} Proven
 */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */
/** @typedef {ReadonlyMap<string, string | null>} Digests of each file by its name; null where it does not come out whole */

const PROOFS = "preuves.json";
const COPIES = ["copie.json", "echange.json", "dossier.json"];
// The archive has here the files of captures that « copie.json » names; the second, in discreet mode.
const CAPTURES = ["captures/", "fichiers/"];
const NONE = new TextEncoder().encode('{"stamps":{},"proofs":[]}');

/** @param {Bytes} bytes */
const read = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/**
 * Return an instant in the form that items use, in UTC with six decimals, so that two of them compare as texts; "" for
 * anything else. A copy gives local time, and leaves out decimals that are zero.
 *
 * @param {unknown} text
 */
export const instantOf = (text) => {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/.exec(String(text));
  const seconds = found ? new Date(found[1] + found[3]) : null;
  if (!found || !seconds || Number.isNaN(seconds.getTime())) return "";
  return `${seconds.toISOString().slice(0, 19)}.${(found[2] ?? "").padEnd(6, "0")}Z`;
};

/** @param {unknown} one @param {unknown} other */
const isSameInstant = (one, other) => instantOf(one) !== "" && instantOf(one) === instantOf(other);

/**
 * Return whether a fact of the copy has the instant of its item, which is when its words were last corrected, or else
 * noted. A copy made before `changed_at` existed does not say whether they were corrected. The words then existed at
 * the item's instant and were noted no later, and whether they were noted at that very instant is not compared.
 *
 * @param {any} said @param {any} item
 */
const isFactOf = (said, item) => {
  if (said.changed_at === undefined) {
    const noted = instantOf(said.noted_at);
    return noted !== "" && noted <= instantOf(item.at);
  }
  return isSameInstant(said.changed_at ?? said.noted_at, item.at);
};

/**
 * Return whether the file of a capture, if the copy holds it, has the digest that the copy names.
 *
 * @param {any} capture @param {Digests | null} digests
 */
const isFileOf = (capture, digests) =>
  digests === null || !capture.file || digests.get(capture.file) === capture.sha256;

/**
 * Return whether the copy agrees with this item. A copy holds every message and every fact. A capture that was set
 * aside is not in it, and only its proof tells of it.
 *
 * @param {any} item @param {any} copy @param {Digests | null} digests
 */
const agrees = (item, copy, digests) => {
  if (item.exchange !== copy.exchange.id) return false;
  if (item.kind === "message") {
    const [said, ...others] = (copy.messages ?? []).filter((/** @type {any} */ one) => one.number === item.number);
    if (!said || others.length) return false;
    return said.text === item.text && said.author === item.author && isSameInstant(said.sent_at, item.at);
  }
  if (item.kind === "fact") {
    const [said, ...others] = (copy.facts ?? []).filter((/** @type {any} */ one) => one.id === item.id);
    if (!said || others.length) return false;
    return JSON.stringify(said.told) === JSON.stringify(item.told) && isFactOf(said, item);
  }
  const [said, ...others] = (copy.captures ?? []).filter((/** @type {any} */ one) => one.id === item.id);
  if (!said || others.length) return !said;
  if (!isFileOf(said, digests)) return false;
  return said.sha256 === item.sha256 && said.size === item.size && isSameInstant(said.received_at, item.at);
};

/**
 * Return each row by its item, with the name that its proof has or would have.
 *
 * @param {string} kind @param {string} name @param {any[]} rows of the copy @param {"number" | "id"} key
 * @returns {[string, string][]}
 */
const namesOf = (kind, name, rows, key) => rows.map((one) => [`${kind} ${one[key]}`, `${name}-${one.number}`]);

/**
 * @param {Bytes} proofs `preuves.json`
 * @param {Bytes} copy `copie.json`, `echange.json` or `dossier.json`
 * @param {Digests | null} digests of the files of the archive; null: they are not compared
 * @returns {Promise<Proven>} an Error when either is no such file
 */
export const checkProofs = async (proofs, copy, digests = null) => {
  const { stamps, proofs: given } = read(proofs);
  const said = read(copy);
  /** @type {Proven} */
  const found = { total: 0, dated: 0, first: "", last: "", wrong: [], without: [], taken: [] };
  const proven = new Set();
  let newest = 0; // the last message whose proof holds
  for (const { name, proof } of given) {
    const whole = { ...proof, stamps: proof.stamps.map((/** @type {string} */ key) => stamps[key]) };
    const verdict = await verifyProof(whole);
    found.total += 1;
    if (verdict.item) proven.add(`${verdict.item.kind} ${verdict.item.number ?? verdict.item.id}`);
    if (!verdict.ok || !agrees(verdict.item, said, digests)) {
      found.wrong.push(name);
      continue;
    }
    if (verdict.stamps.some((/** @type {any} */ one) => one.ok)) found.dated += 1;
    if (verdict.item?.kind === "message") newest = Math.max(newest, verdict.item.number);
    const day = verdict.day ?? "";
    if (!found.first || day < found.first) found.first = day;
    if (day > found.last) found.last = day;
  }
  const all = [
    ...namesOf("message", "message", said.messages ?? [], "number"),
    ...namesOf("fact", "fait", said.facts ?? [], "id"),
    ...namesOf("capture", "capture", said.captures ?? [], "id"),
  ];
  found.without = all.filter(([key]) => !proven.has(key)).map(([, name]) => name);
  // Messages get their proofs in their order (chat.proof_of_date.sources), except for one that no key could open.
  /** @type {any[]} */
  const messages = said.messages ?? [];
  const owed = messages.filter((one) => one.number < newest && one.text !== null);
  const names = new Set(owed.map((one) => `message-${one.number}`));
  found.taken = found.without.filter((name) => names.has(name));
  return found;
};

/**
 * Return what the proofs of an archive are worth, also when it has no file of proofs; null when it is no copy. Proofs
 * that cannot be read, or that have no copy beside them, are wrong as a whole.
 *
 * @param {Map<string, Bytes | null>} contents of each file by its name, null where it does not come out whole
 * @param {Digests | null} digests of each file, null: they are not compared
 * @returns {Promise<Proven | null>} an Error when two copies are in it: of the other, nothing would be said
 */
export const checkContents = async (contents, digests = null) => {
  const proofs = contents.get(PROOFS);
  const held = COPIES.filter((name) => contents.has(name));
  if (held.length > 1) throw new Error("two copies in one archive");
  const copy = contents.get(held[0] ?? "");
  if (proofs === undefined) return copy ? await checkProofs(NONE, copy, digests).catch(() => null) : null;
  /** @type {Proven} */
  const unread = { total: 0, dated: 0, first: "", last: "", wrong: [PROOFS], without: [], taken: [] };
  return proofs && copy ? await checkProofs(proofs, copy, digests).catch(() => unread) : unread;
};

/**
 * Return the files of captures that differ from what « copie.json » says: they have another digest, are missing, or are
 * named by no capture.
 *
 * @param {Map<string, Bytes | null>} contents @param {Digests} digests @returns {string[]}
 */
export const otherCaptures = (contents, digests) => {
  const copy = contents.get(COPIES[0]);
  if (!copy) return [];
  /** @type {any[]} */
  let captures;
  try {
    captures = (read(copy).captures ?? []).filter((/** @type {any} */ one) => one.file);
  } catch {
    return []; // it is no copy, and only its digests are reported
  }
  const named = new Set(captures.map((one) => one.file));
  const wrong = captures.filter((one) => !isFileOf(one, digests)).map((one) => one.file);
  const isOfCapture = (/** @type {string} */ name) => CAPTURES.some((folder) => name.startsWith(folder));
  return [...wrong, ...[...digests.keys()].filter((name) => isOfCapture(name) && !named.has(name))];
};

/** @typedef {import("../lib/proof.js").Stamped} Stamped */
/** @typedef {{ state: "dated" | "undated" | "wrong", day: string, stamps: Stamped[] }} Whole stamps: those that hold */

const GIVEN = ["copy", "paper", "transmission"]; // the kinds of lines that name an archive; others name the file of a capture

/** Return whether this line of the audit log says that an archive was given. @param {Record<string, any>} item */
const isOfArchive = (item) => item.kind === "register" && GIVEN.includes(JSON.parse(item.line)[4]);

/**
 * Return what the proof of date of a copy is worth. It proves the line of the register with which the copy was given,
 * and that line names the digest of the list of its files. Any authority counts: its fingerprint is shown, and the
 * reader compares it and judges (docs/adr/0084).
 *
 * @param {string} text of the proof's file
 * @param {Bytes | null} list the file of digests, as it stands in the archive
 * @returns {Promise<Whole>}
 */
export const checkWhole = async (text, list) => {
  const verdict = await verifyProof(text, list ?? new Uint8Array());
  if (!verdict.ok || !verdict.item || !isOfArchive(verdict.item)) return { state: "wrong", day: "", stamps: [] };
  const stamps = verdict.stamps.filter((one) => one.ok);
  return { state: stamps.length ? "dated" : "undated", day: verdict.day ?? "", stamps };
};

/** @typedef {{ state: "dated" | "undated" | "wrong" | "other", day: string, stamps: Stamped[], shown: string[] }} One */

const ELEMENTS = ["message", "fact", "capture"];
// Bytes of a file that is compared with a proof: of any capture, which has 15 MB at most, and of the text of another item.
const CAPTURE_MOST = 64 * 1024 * 1024;
const WORDS_MOST = 256 * 1024;
/** @type {One} */
const WRONG = { state: "wrong", day: "", stamps: [], shown: [] };

/**
 * Return when a fact was, as it was told: a day, and perhaps an hour, or about then. A precision that is not known here
 * is « vers », as for `chat.journal.dates`.
 *
 * @param {Record<string, any>} when @param {Record<string, string>} said @returns {unknown[]}
 */
const toldWhen = ({ precision, day, hour }, said) => {
  if (!day || precision === "minute" || precision === "day") return [day, hour];
  return [fill((hour ? said.aboutHour : said.about) ?? "", { day, hour })];
};

/**
 * @param {Record<string, any>} item of a proof that holds @param {Record<string, string>} said of the page
 * @returns {string[]} its words and who wrote them, or the digest of its file
 */
const wordsOf = ({ kind, author, text, told, sha256 }, said) => {
  if (kind === "capture") return [`SHA-256 ${sha256}`];
  if (kind === "message") return [said[`by_${author}`] ?? author, text];
  const { when, ...words } = told;
  return [...toldWhen(when ?? {}, said), ...Object.values(words)].filter((word) => typeof word === "string" && word);
};

/**
 * Return what the proof of one message, fact or capture is worth by itself, and what it shows: when it came, who wrote
 * a message, and the words or the digest of the file. other: it is the proof of something else, as of a copy, whatever
 * the file is.
 *
 * @param {string} text of the proof's file
 * @param {Blob | null} file of the capture, if the reader has it. It is read only where it can be the one
 * @param {Record<string, string>} said the words of the page: by_ and each author, about, aboutHour
 * @returns {Promise<One>} an Error when the file is larger than any capture
 */
export const checkOne = async (text, file, said) => {
  const alone = await verifyProof(text);
  const { item } = alone;
  if (item && !ELEMENTS.includes(item.kind)) return { ...WRONG, state: "other" };
  if (!alone.ok || !item) return WRONG;
  const couldBe = !file || (item.kind === "capture" ? file.size === item.size : file.size <= WORDS_MOST);
  if (!couldBe) return WRONG;
  if (file && file.size > CAPTURE_MOST) throw new Error("larger than any capture");
  const { ok, day, stamps } = file ? await verifyProof(text, new Uint8Array(await file.arrayBuffer())) : alone;
  if (!ok) return WRONG;
  const held = stamps.filter((one) => one.ok);
  const at = String(item.at)
    .replace("T", " ")
    .replace(/(\.\d+)?Z$/, " UTC");
  const shown = [at, ...wordsOf(item, said)];
  return { state: held.length ? "dated" : "undated", day: day ?? "", stamps: held, shown };
};
