/**
 * Checks the proofs of date of a copy (`preuves.json`), and that each speaks of what « copie.json » says.
 *
 * @module
 */

import { verifyProof } from "../lib/proof.js";

/** @typedef {{ total: number, dated: number, first: string, last: string, wrong: string[] }} Proven */

/** @param {Uint8Array<ArrayBuffer>} bytes */
const read = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/**
 * Whether the copy says the same of this item. What it does not hold is said by its proof alone.
 *
 * @param {any} item @param {any} copy
 */
const agrees = (item, copy) => {
  if (item.kind === "message") {
    const said = copy.messages.find((/** @type {any} */ one) => one.number === item.number);
    return !said || (said.text === item.text && said.author === item.author);
  }
  if (item.kind === "fact") {
    const said = copy.facts.find((/** @type {any} */ one) => one.id === item.id);
    return !said || JSON.stringify(said.told) === JSON.stringify(item.told);
  }
  const said = (copy.captures ?? []).find((/** @type {any} */ one) => one.id === item.id);
  return !said || said.sha256 === item.sha256;
};

/**
 * @param {Uint8Array<ArrayBuffer>} proofs `preuves.json`
 * @param {Uint8Array<ArrayBuffer>} copy `copie.json`
 * @returns {Promise<Proven>} an Error when either is no such file
 */
export const checkProofs = async (proofs, copy) => {
  const { stamps, proofs: given } = read(proofs);
  const said = read(copy);
  /** @type {Proven} */
  const found = { total: 0, dated: 0, first: "", last: "", wrong: [] };
  for (const { name, proof } of given) {
    const whole = { ...proof, stamps: proof.stamps.map((/** @type {string} */ key) => stamps[key]) };
    const verdict = await verifyProof(whole);
    found.total += 1;
    if (!verdict.ok || !agrees(verdict.item, said)) {
      found.wrong.push(name);
      continue;
    }
    if (verdict.stamps.some((/** @type {any} */ one) => one.ok)) found.dated += 1;
    const day = verdict.day ?? "";
    if (!found.first || day < found.first) found.first = day;
    if (day > found.last) found.last = day;
  }
  return found;
};
