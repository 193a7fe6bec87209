/**
 * `verifier.html`: one chooses or drops a copy, and the page says of each file whether it is intact. The proof of date
 * of that copy can be given with it. The proof of one element is checked by itself, or with the file of its capture. The
 * script is written into its page and makes no request.
 *
 * @module
 */

import { fill } from "../lib/words.js";
import { checkArchive } from "./archive.js";
import { checkContents, checkOne, checkWhole, otherCaptures } from "./proofs.js";

/** @type {Record<string, string>} */
const said = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const page = /** @type {HTMLElement} */ (document.getElementById("checker"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("file"));
const verdict = /** @type {HTMLElement} */ (document.getElementById("verdict"));
const list = /** @type {HTMLElement} */ (document.getElementById("files"));
const SENTENCES = { ok: "fileOk", changed: "fileChanged", missing: "fileMissing", added: "fileAdded" };
const NAMED_MOST = 20; // names without a proof: those of the last day have none yet, and a count tells the others
const PROOF_MOST = 1024 * 1024; // bytes of a proof's file, as `lib/proof.js` reads one

/** @param {string} text @param {string} state */
const tell = (text, state) => {
  verdict.textContent = text;
  verdict.dataset.state = state;
};

/** Return the name of a proof in the words of this page. @param {string} name as « fait-2 », which proofs are kept under */
const named = (name) =>
  name.replace(/^(fait|capture)(?=-\d+$)/, (kind) => (kind === "fait" ? said.fact : said.capture) ?? kind);

/** @param {import("./proofs.js").Proven} proven @returns {[string, string][]} each line, and how it is marked */
const sayProofs = ({ total, dated, first, last, wrong, without, taken }) => {
  const right = Math.max(0, total - wrong.length);
  /** @type {[string, string][]} */
  const lines = wrong.map((name) => [fill(said.proofWrong, { name: named(name) }), "changed"]);
  for (const name of taken.slice(0, NAMED_MOST)) lines.push([fill(said.proofTaken, { name: named(name) }), "missing"]);
  if (right) lines.push([fill(said.proofs, { count: right, first, last }), "ok"]);
  if (right > dated) lines.push([fill(said.undated, { count: right - dated }), "reading"]);
  if (without.length) lines.push([fill(said.unproven, { count: without.length }), "reading"]);
  const others = without.filter((name) => !taken.includes(name));
  for (const name of others.slice(0, NAMED_MOST))
    lines.push([fill(said.unprovenOne, { name: named(name) }), "reading"]);
  return lines;
};

/**
 * Return what is said first about an archive in which nothing is wrong. Its digests were made with it: somebody who
 * rewrites a file can rewrite them too, and remove every trace. The archive is therefore called intact only where
 * authorities signed the date of the list of all its files. Otherwise the page says that not everything could be
 * checked, even if each element has a proof of its own.
 *
 * @param {number} count of its files @param {import("./proofs.js").Proven | null} proven
 * @param {import("./proofs.js").Whole | null} whole @returns {[string, string]}
 */
const sayWhole = (count, proven, whole) => {
  if (whole?.state === "dated") return [fill(said.wholeSince, { count, day: whole.day }), "ok"];
  const open = proven ? proven.without.length + proven.total - proven.dated : 0;
  if (open) return [fill(said.partly, { count, open }), "partly"];
  if (!proven?.total) return [fill(said.unvouched, { count }), "partly"];
  return [fill(said.unbound, { count }), "partly"];
};

const STATES = { dated: "ok", undated: "reading", wrong: "changed" };
const TOLD = { dated: "copyProof", undated: "copyProofUndated", wrong: "copyProofWrong" };

/** @param {import("./proofs.js").Whole} whole @param {string} name of its file @returns {[string, string][]} as above */
const sayBeside = ({ state, stamps }, name) => {
  /** @type {[string, string][]} */
  const lines = [[fill(said[TOLD[state]], { name }), STATES[state]]];
  for (const { authority, fingerprint } of stamps) {
    lines.push([fill(said.signedBy, { name: authority, fingerprint }), "reading"]);
  }
  return lines;
};

/**
 * @typedef {{ files: import("./archive.js").Checked[], proven: import("./proofs.js").Proven | null,
 *   whole: import("./proofs.js").Whole | null }} Found
 */

/** @param {File} file @param {File | undefined} beside the proof of date of the copy @returns {Promise<Found>} */
const look = async (file, beside) => {
  const checked = await checkArchive(file, page.dataset.digests ?? "", page.dataset.comment ?? "");
  const text = beside && (beside.size > PROOF_MOST ? "" : await beside.text());
  const whole = text === undefined ? null : await checkWhole(text, checked.list);
  const { files, contents, digests } = checked;
  for (const name of otherCaptures(contents, digests)) {
    const shown = files.find((one) => one.name === name);
    if (!shown) files.push({ name, state: "missing" });
    else if (shown.state === "ok") shown.state = "changed";
  }
  return { files, proven: await checkContents(contents, digests), whole };
};

const ONE_TOLD = { dated: "oneDated", undated: "oneUndated", wrong: "oneWrong", other: "oneOnly" };
const ONE_STATES = { dated: "ok", undated: "partly", wrong: "changed", other: "broken" };

/**
 * Say what the proof of one element is worth, for which no copy is needed.
 *
 * @param {File} proof @param {File | undefined} file that of its capture
 * @returns {Promise<{ state: string, verdict: [string, string], lines: [string, string][] }>} state: of `checkOne`
 */
const lookAtOne = async (proof, file) => {
  const text = proof.size > PROOF_MOST ? "" : await proof.text();
  const { state, day, stamps, shown } = await checkOne(text, file ?? null, said);
  /** @type {[string, string][]} */
  const lines = shown.map((line) => [line, "reading"]);
  for (const { authority, fingerprint } of stamps) {
    lines.push([fill(said.signedBy, { name: authority, fingerprint }), "reading"]);
  }
  return { state, verdict: [fill(said[ONE_TOLD[state]], { day }), ONE_STATES[state]], lines };
};

/** @param {[string, string][]} lines each with how it is marked */
const show = (lines) => {
  for (const [text, state] of lines) {
    const line = document.createElement("li");
    line.textContent = text;
    line.dataset.state = state;
    list.append(line);
  }
};

let asked = 0; // the number of the last choice of files; answers about earlier choices are not shown

/** @param {File[]} chosen */
const check = async (chosen) => {
  if (!chosen.length) return;
  const isProof = (/** @type {File} */ one) => one.name.toLowerCase().endsWith(".json");
  const [beside, ...otherProofs] = chosen.filter(isProof);
  const [file, ...otherCopies] = chosen.filter((one) => !isProof(one));
  asked += 1;
  const mine = asked;
  list.replaceChildren();
  if (otherCopies.length || otherProofs.length) {
    tell(said.oneOnly, "broken");
    return;
  }
  tell(said.reading, "reading");
  if (beside && !file?.name.toLowerCase().endsWith(".zip")) {
    const one = await lookAtOne(beside, file).catch(() => null);
    if (mine !== asked) return;
    if (!file || one?.state !== "other") {
      show(one?.lines ?? []);
      tell(...(one?.verdict ?? /** @type {[string, string]} */ ([said.broken ?? "", "broken"])));
      return;
    }
    // The proof of a copy, whose file lost its ending.
  }
  if (!file) return;
  const found = await look(file, beside).catch(() => null);
  if (mine !== asked) return;
  if (!found) {
    tell(said.broken, "broken");
    return;
  }
  const { files, proven, whole } = found;
  const wrong = files.filter((one) => one.state !== "ok");
  /** @type {[string, string][]} */
  const lines = [
    ...(whole && beside ? sayBeside(whole, beside.name) : []),
    .../** @type {[string, string][]} */ (
      files.map((one) => [fill(said[SENTENCES[one.state]], { name: one.name }), one.state])
    ),
    ...(proven ? sayProofs(proven) : []),
  ];
  /** @param {[string, string]} line */
  const isFine = ([, state]) => state === "ok" || state === "reading";
  // Show first what is wrong.
  show([...lines.filter((line) => !isFine(line)), ...lines.filter(isFine)]);
  const proofs = (proven?.wrong.length ?? 0) + (whole?.state === "wrong" ? 1 : 0);
  if (proofs) tell(fill(said.changedProofs, { count: wrong.length, proofs }), "changed");
  else if (wrong.length) tell(fill(said.changed, { count: wrong.length }), "changed");
  else tell(...sayWhole(files.length, proven, whole));
};

field.addEventListener("change", () => check([...(field.files ?? [])]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  check([...(event.dataTransfer?.files ?? [])]);
});
