/**
 * `verifier.html`: a copy is chosen or dropped, and each of its files is said to be whole or not. It stands inside its page
 * and asks nobody for anything.
 *
 * @module
 */

import { fill } from "../lib/words.js";
import { checkArchive } from "./archive.js";
import { checkContents } from "./proofs.js";

/** @type {Record<string, string>} */
const said = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const page = /** @type {HTMLElement} */ (document.getElementById("checker"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("file"));
const verdict = /** @type {HTMLElement} */ (document.getElementById("verdict"));
const list = /** @type {HTMLElement} */ (document.getElementById("files"));
const SENTENCES = { ok: "fileOk", changed: "fileChanged", missing: "fileMissing", added: "fileAdded" };
const NAMED_MOST = 20; // of what has no proof: that of the last day has none yet, the count says the rest

/** @param {string} text @param {string} state */
const tell = (text, state) => {
  verdict.textContent = text;
  verdict.dataset.state = state;
};

/** @param {import("./proofs.js").Proven} proven @returns {[string, string][]} each line, and how it is marked */
const sayProofs = ({ total, dated, first, last, wrong, without, taken }) => {
  const right = Math.max(0, total - wrong.length);
  /** @type {[string, string][]} */
  const lines = wrong.map((name) => [fill(said.proofWrong, { name }), "changed"]);
  for (const name of taken.slice(0, NAMED_MOST)) lines.push([fill(said.proofTaken, { name }), "missing"]);
  if (right) lines.push([fill(said.proofs, { count: right, first, last }), "ok"]);
  if (right > dated) lines.push([fill(said.undated, { count: right - dated }), "reading"]);
  if (without.length) lines.push([fill(said.unproven, { count: without.length }), "reading"]);
  const others = without.filter((name) => !taken.includes(name));
  for (const name of others.slice(0, NAMED_MOST)) lines.push([fill(said.unprovenOne, { name }), "reading"]);
  return lines;
};

/**
 * What is said first of an archive in which nothing was found to be wrong. Its digests were made with it: whoever rewrites a
 * file rewrites them too. So it is whole only where authorities signed the date of each element, and « not everything could
 * be checked » anywhere else.
 *
 * @param {number} count of its files @param {import("./proofs.js").Proven | null} proven @returns {[string, string]}
 */
const sayWhole = (count, proven) => {
  const open = proven ? proven.without.length + proven.total - proven.dated : 0;
  if (open) return [fill(said.partly, { count, open }), "partly"];
  if (!proven?.total) return [fill(said.unvouched, { count }), "partly"];
  return [fill(said.whole, { count }), "ok"];
};

let asked = 0; // the last file that was chosen: an answer about another one is not shown

/** @param {File} file */
const check = async (file) => {
  asked += 1;
  const mine = asked;
  list.replaceChildren();
  tell(said.reading, "reading");
  /** @type {import("./archive.js").Checked[]} */
  let checked;
  /** @type {import("./proofs.js").Proven | null} */
  let proven = null;
  try {
    const { files, contents } = await checkArchive(file, page.dataset.digests ?? "", page.dataset.comment ?? "");
    checked = files;
    proven = await checkContents(contents);
  } catch {
    if (mine === asked) tell(said.broken, "broken");
    return;
  }
  if (mine !== asked) return;
  const wrong = checked.filter((one) => one.state !== "ok");
  /** @type {[string, string][]} */
  const lines = [
    .../** @type {[string, string][]} */ (
      checked.map((one) => [fill(said[SENTENCES[one.state]], { name: one.name }), one.state])
    ),
    ...(proven ? sayProofs(proven) : []),
  ];
  /** @param {[string, string]} line */
  const isFine = ([, state]) => state === "ok" || state === "reading";
  // What is wrong first.
  for (const [text, state] of [...lines.filter((line) => !isFine(line)), ...lines.filter(isFine)]) {
    const line = document.createElement("li");
    line.textContent = text;
    line.dataset.state = state;
    list.append(line);
  }
  const proofs = proven?.wrong.length ?? 0;
  if (proofs) tell(fill(said.changedProofs, { count: wrong.length, proofs }), "changed");
  else if (wrong.length) tell(fill(said.changed, { count: wrong.length }), "changed");
  else tell(...sayWhole(checked.length, proven));
};

field.addEventListener("change", () => {
  const file = field.files?.[0];
  if (file) check(file);
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) check(file);
});
