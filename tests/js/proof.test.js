import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { verifyProof } from "../../static/pnav/lib/proof.js";

// Made with `openssl ts`: an RSA key with a certificate in between and SHA-512, an ECDSA key with SHA-256.
const text = readFileSync(new URL("vectors/proof.json", import.meta.url), "utf8");
const whole = JSON.parse(text);

/** @param {object} fields */
const changed = (fields) => verifyProof({ ...whole, ...fields });

/** @param {number} number @param {object} fields */
const stamped = (number, fields) =>
  changed({ stamps: whole.stamps.map((one, n) => (n === number ? { ...one, ...fields } : one)) });

test("a whole proof says what existed, and who says when", async () => {
  const found = await verifyProof(text);
  assert.equal(found.ok, true);
  assert.equal(found.failed, null);
  assert.match(found.item?.text, /t'es finie/);
  assert.equal(found.day, "2026-11-20");
  assert.deepEqual(
    found.stamps.map((stamp) => [stamp.authority, stamp.ok, stamp.trusted]),
    [
      ["Première", true, null],
      ["Seconde", true, null],
    ],
  );
  assert.deepEqual(await verifyProof(whole), found, "as a text or as an object");
});

test("each altered part is named", async () => {
  const flip = (digits) => (digits[0] === "0" ? "1" : "0") + digits.slice(1);
  assert.equal((await changed({ item: whole.item.replace("finie", "Finie") })).failed, "item");
  assert.equal((await changed({ digest: flip(whole.digest) })).failed, "digest");
  assert.equal((await changed({ salt: flip(whole.salt) })).failed, "salt");
  assert.equal((await changed({ leaf: flip(whole.leaf) })).failed, "leaf");
  assert.equal((await changed({ path: [flip(whole.path[0]), ...whole.path.slice(1)] })).failed, "path");
  assert.equal((await changed({ index: 6 })).failed, "path");
  const statement = JSON.parse(whole.statement);
  assert.equal(
    (await changed({ statement: JSON.stringify({ ...statement, root: flip(statement.root) }) })).failed,
    "root",
  );
  assert.equal((await changed({ statement: whole.statement.replace("11-20", "11-19") })).failed, "day");
  for (const number of [0, 1]) {
    const { token, certificates, fingerprint } = whole.stamps[number];
    const other = (code) => (code[40] === "A" ? "B" : "A");
    assert.equal(
      (await stamped(number, { token: token.slice(0, 40) + other(token) + token.slice(41) })).failed,
      `token:${number}`,
    );
    const altered = certificates[0].slice(0, 40) + other(certificates[0]) + certificates[0].slice(41);
    const chain = [altered, ...certificates.slice(1)];
    assert.equal((await stamped(number, { certificates: chain })).failed, `certificate:${number}`);
    assert.equal((await stamped(number, { fingerprint: flip(fingerprint) })).failed, `certificate:${number}`);
    assert.equal((await stamped(number, { authority: "Autre" })).failed, `authority:${number}`);
  }
});

test("an authority that the reader does not trust is named", async () => {
  const [first, second] = whole.stamps.map((stamp) => stamp.fingerprint);
  assert.equal((await verifyProof(whole, null, [first, second])).failed, null);
  assert.equal((await verifyProof(whole, null, [second])).failed, "authority:0");
});

test("what the reader holds is compared", async () => {
  assert.equal((await verifyProof(whole, new TextEncoder().encode(whole.item))).failed, null);
  assert.equal((await verifyProof(whole, new TextEncoder().encode("autre"))).failed, "bytes");
});

test("nothing is raised, whatever is given", async () => {
  for (const given of ["", "{", "null", null, undefined, 3, [], {}, { ...whole, more: 1 }, "[".repeat(100000)]) {
    assert.equal((await verifyProof(given)).failed, "format");
  }
});

test("it stands alone: no import, and nothing that a page without a network lacks", () => {
  const source = readFileSync(new URL("../../static/pnav/lib/proof.js", import.meta.url), "utf8");
  assert.doesNotMatch(source, /^import|\bimport\(|fetch\(|XMLHttp|document\.|window\./m);
  assert.equal(source.match(/^export /gm)?.length, 1);
});
