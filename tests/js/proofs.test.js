import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  checkContents,
  checkOne,
  checkProofs,
  checkWhole,
  instantOf,
  otherCaptures,
} from "../../static/pnav/copy/proofs.js";

const EXCHANGE = "5f0c2a1e-0000-4000-8000-000000000001";
const AT = "2026-11-20T10:00:00.123456Z";
const LOCAL = "2026-11-20T11:00:00.123456+01:00";
const EARLIER = "2026-11-19T11:00:00.123456+01:00";

const bytes = (value) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

/** The proof of an item that is alone in its day, and that no authority signed. */
function proofOf(item) {
  const text = JSON.stringify(item);
  const [digest, salt] = [sha(Buffer.from(text)), Buffer.alloc(32, 7)];
  const leaf = sha(Buffer.from([0]), Buffer.from("pnav-leaf-1\n"), salt, digest).toString("hex");
  const statement = { format: "pnav-day-1", day: "2026-11-20", size: 1, root: leaf, previous: "0".repeat(64) };
  return {
    format: "pnav-proof-1",
    item: text,
    digest: digest.toString("hex"),
    salt: salt.toString("hex"),
    leaf,
    index: 0,
    path: [],
    statement: JSON.stringify(statement),
    stamps: [],
  };
}

const item = (kind, fields) => ({ format: "pnav-item-1", kind, exchange: EXCHANGE, ...fields });
const TOLD = { what: "Des insultes", when: { precision: "day", day: "2026-11-20", hour: null } };
const ITEMS = {
  "message-1": item("message", { number: 1, author: "reporter", at: AT, text: "Bonsoir" }),
  "fait-1": item("fact", { id: "fact", at: AT, told: TOLD }),
  "capture-1": item("capture", { id: "capture", at: AT, size: 3, sha256: "0".repeat(64) }),
};
const PROOFS = {
  format: "pnav-proofs-1",
  stamps: {},
  proofs: Object.entries(ITEMS).map(([name, one]) => ({ name, proof: proofOf(one) })),
};

/** What a copy says of these items. */
const copy = () => ({
  exchange: { id: EXCHANGE },
  messages: [{ number: 1, author: "reporter", sent_at: LOCAL, text: "Bonsoir" }],
  facts: [{ id: "fact", number: 1, noted_at: LOCAL, changed_at: null, told: TOLD }],
  captures: [{ id: "capture", number: 1, received_at: LOCAL, size: 3, sha256: "0".repeat(64) }],
});

const wrongIn = async (altered) => (await checkProofs(bytes(PROOFS), bytes(altered))).wrong;

test("each proof agrees with the copy that it came with", async () => {
  assert.deepEqual(await checkProofs(bytes(PROOFS), bytes(copy())), {
    total: 3,
    dated: 0,
    first: "2026-11-20",
    last: "2026-11-20",
    wrong: [],
    without: [],
    taken: [],
  });
});

test("whatever is rewritten in the copy is named", async () => {
  const alterations = {
    "message-1": [
      (one) => Object.assign(one.messages[0], { sent_at: EARLIER }),
      (one) => Object.assign(one.messages[0], { sent_at: LOCAL.replace("456+", "457+") }),
      (one) => Object.assign(one.messages[0], { sent_at: "hier" }),
      (one) => Object.assign(one.messages[0], { text: "Bonjour" }),
      (one) => Object.assign(one.messages[0], { author: "agent" }),
      (one) => Object.assign(one.messages[0], { number: 2 }),
      (one) => one.messages.pop(),
      (one) => one.messages.push({ ...one.messages[0], text: "Autre chose" }),
    ],
    "fait-1": [
      (one) => Object.assign(one.facts[0], { noted_at: EARLIER }),
      (one) => Object.assign(one.facts[0], { changed_at: EARLIER }),
      (one) => Object.assign(one.facts[0], { told: { ...TOLD, what: "Rien" } }),
      (one) => Object.assign(one.facts[0], { id: "autre" }),
      (one) => one.facts.pop(),
      (one) => one.facts.push({ ...one.facts[0] }),
    ],
    "capture-1": [
      (one) => Object.assign(one.captures[0], { received_at: EARLIER }),
      (one) => Object.assign(one.captures[0], { size: 4 }),
      (one) => Object.assign(one.captures[0], { sha256: "1".repeat(64) }),
      (one) => one.captures.push({ ...one.captures[0] }),
    ],
  };
  for (const [name, each] of Object.entries(alterations)) {
    for (const alter of each) {
      const altered = copy();
      alter(altered);
      assert.deepEqual(await wrongIn(altered), [name], String(alter));
    }
  }
  assert.deepEqual(await wrongIn({ ...copy(), exchange: { id: "autre" } }), Object.keys(ITEMS));
});

test("a fact that was corrected has the instant of its correction", async () => {
  const corrected = copy();
  Object.assign(corrected.facts[0], { noted_at: EARLIER, changed_at: LOCAL });
  assert.deepEqual(await wrongIn(corrected), []);
});

test("a copy of the version before, which does not say whether a fact was corrected, holds", async () => {
  const before = copy();
  delete before.facts[0].changed_at;
  assert.deepEqual(await wrongIn(before), []);
  before.facts[0].noted_at = EARLIER; // noted then, its words corrected at the instant of the proof
  assert.deepEqual(await wrongIn(before), []);
  before.facts[0].noted_at = "2026-11-21T11:00:00+01:00";
  assert.deepEqual(await wrongIn(before), ["fait-1"], "noted after it was proven");
});

for (const [folder, one] of [
  ["captures", "capture"],
  ["fichiers", "fichier"], // in discreet mode
])
  test(`the file of a capture in « ${folder} » is held to the digest that its proof signed`, async () => {
    const said = copy();
    said.captures[0].file = `${folder}/${one}-1.png`;
    const contents = new Map([
      ["preuves.json", bytes(PROOFS)],
      ["copie.json", bytes(said)],
    ]);
    const judged = async (/** @type {[string, string | null][]} */ ...digests) => {
      const found = new Map(digests);
      return [(await checkContents(contents, found))?.wrong, otherCaptures(contents, found)];
    };
    const [name, right] = [said.captures[0].file, "0".repeat(64)];
    assert.deepEqual(await judged([name, right], ["copie.pdf", "1".repeat(64)]), [[], []]);
    for (const other of [
      [name, "1".repeat(64)],
      [name, null],
      ["copie.pdf", right],
    ]) {
      assert.deepEqual(await judged(other), [["capture-1"], [name]], String(other));
    }
    const another = `${folder}/${one}-2.png`;
    assert.deepEqual(await judged([name, right], [another, right]), [[], [another]]);
    said.captures[0].file = null; // a copy without its captures
    contents.set("copie.json", bytes(said));
    assert.deepEqual(await judged(["copie.pdf", right]), [[], []]);
    assert.deepEqual(await judged([name, right]), [[], [name]], "a file that no capture names");
    contents.set("copie.json", bytes("{")); // its own digest says so
    assert.deepEqual(otherCaptures(contents, new Map([[name, right]])), []);
  });

test("an archive that holds two copies is none of ours: of the other, nothing would be said", async () => {
  const both = new Map([
    ["copie.json", bytes(copy())],
    ["echange.json", bytes({ ...copy(), messages: [] })],
  ]);
  await assert.rejects(checkContents(both));
  both.set("preuves.json", bytes(PROOFS));
  await assert.rejects(checkContents(both));
});

test("a capture that was set aside is not in the copy, nor are captures at all without one", async () => {
  const { captures, ...without } = copy();
  assert.equal(captures.length, 1);
  assert.deepEqual(await wrongIn(without), []);
});

test("what authorities signed is dated, and what no authority signed is not", async () => {
  const { stamps, ...whole } = JSON.parse(readFileSync(new URL("vectors/proof.json", import.meta.url), "utf8"));
  const signed = JSON.parse(whole.item);
  const given = {
    stamps: Object.fromEntries(stamps.map((one) => [one.sha256, one])),
    proofs: [
      { name: "message-12", proof: { ...whole, stamps: stamps.map((one) => one.sha256) } },
      { name: "message-1", proof: proofOf({ ...ITEMS["message-1"], exchange: signed.exchange }) },
    ],
  };
  const { number, author, at, text } = signed;
  const said = copy();
  said.exchange.id = signed.exchange;
  said.messages.push({ number, author, sent_at: at, text });
  const found = await checkProofs(bytes(given), bytes(said));
  assert.deepEqual([found.total, found.dated, found.wrong], [2, 1, []]);
  assert.deepEqual([found.without, found.taken], [["fait-1", "capture-1"], []]);
});

test("what was rewritten has no proof once its own is taken away, and it is named", async () => {
  const proofs = { ...PROOFS, proofs: PROOFS.proofs.slice(1) };
  const altered = copy();
  altered.messages[0].text = "Autre chose";
  const found = await checkProofs(bytes(proofs), bytes(altered));
  assert.deepEqual([found.total, found.wrong, found.without, found.taken], [2, [], ["message-1"], []]);
});

test("a proof that was taken away between others is named: messages have theirs in their order", async () => {
  const later = item("message", { number: 3, author: "agent", at: AT, text: "Bonsoir" });
  const kept = [{ name: "message-3", proof: proofOf(later) }, ...PROOFS.proofs.slice(1)];
  const said = copy();
  said.messages[0].text = "Autre chose"; // its proof went with it
  said.messages.push({ number: 2, author: "reporter", sent_at: LOCAL, text: null }); // which no key opened, ever
  said.messages.push({ number: 3, author: "agent", sent_at: LOCAL, text: "Bonsoir" });
  said.messages.push({ number: 4, author: "agent", sent_at: LOCAL, text: "De ce jour" });
  const judged = async () => checkProofs(bytes({ ...PROOFS, proofs: kept }), bytes(said));
  const found = await judged();
  assert.deepEqual([found.wrong, found.without], [[], ["message-1", "message-2", "message-4"]]);
  assert.deepEqual(found.taken, ["message-1"]);
  said.messages[2].text = "Rewritten"; // a proof that does not hold vouches for no order
  const other = await judged();
  assert.deepEqual([other.wrong, other.taken], [["message-3"], []]);
});

test("proofs that cannot be read, or stand alone, are wrong; an archive without proofs has none", async () => {
  const whole = { "preuves.json": bytes(PROOFS), "copie.json": bytes(copy()) };
  const judged = async (fields) => (await checkContents(new Map(Object.entries({ ...whole, ...fields }))))?.wrong;
  assert.deepEqual(await judged({}), []);
  for (const unread of ["", "{", "null", "[]", '{"stamps":{},"proofs":[null]}', '{"stamps":{},"proofs":7}']) {
    assert.deepEqual(await judged({ "preuves.json": bytes(unread) }), ["preuves.json"], unread);
  }
  assert.deepEqual(await judged({ "preuves.json": null }), ["preuves.json"]);
  assert.deepEqual(await judged({ "copie.json": null }), ["preuves.json"]);
  assert.deepEqual(await judged({ "copie.json": bytes("{}") }), ["preuves.json"]);
  assert.deepEqual((await checkContents(new Map([["preuves.json", whole["preuves.json"]]])))?.wrong, ["preuves.json"]);
  const without = await checkContents(new Map([["copie.json", whole["copie.json"]]]));
  assert.deepEqual([without?.total, without?.wrong, without?.without], [0, [], Object.keys(ITEMS)]);
  assert.equal(await checkContents(new Map([["autre.json", bytes("{}")]])), null);
});

test("an agent's archive is held to the proofs of its messages, which is all that it has", async () => {
  const { exchange, messages } = copy();
  const proofs = bytes({ ...PROOFS, proofs: PROOFS.proofs.filter(({ name }) => name.startsWith("message")) });
  const judged = (/** @type {unknown} */ value) =>
    checkContents(
      new Map([
        ["preuves.json", proofs],
        ["echange.json", bytes(value)],
      ]),
    );
  const whole = await judged({ exchange, messages });
  assert.deepEqual([whole?.total, whole?.wrong, whole?.without], [1, [], []]);
  const altered = await judged({ exchange, messages: [{ ...messages[0], text: "Autre chose" }] });
  assert.deepEqual(altered?.wrong.length, 1);
});

test("a unit's dossier has no messages, and is held to the proofs of its facts and captures", async () => {
  const { exchange, facts, captures } = copy();
  const proofs = bytes({ ...PROOFS, proofs: PROOFS.proofs.slice(1) });
  const judged = (/** @type {unknown} */ value, given = proofs) =>
    checkContents(
      new Map([
        ["preuves.json", given],
        ["dossier.json", bytes(value)],
      ]),
    );
  const whole = await judged({ exchange, facts, captures });
  assert.deepEqual([whole?.total, whole?.wrong, whole?.without], [2, [], []]);
  const altered = await judged({ exchange, facts: [{ ...facts[0], told: { ...TOLD, what: "Rien" } }], captures });
  assert.deepEqual(altered?.wrong, ["fait-1"]);
  const more = await judged({ exchange, facts, captures }, bytes(PROOFS));
  assert.deepEqual(more?.wrong, ["message-1"], "of what it does not hold");
  const alone = await checkContents(new Map([["dossier.json", bytes({ exchange, facts, captures })]]));
  assert.deepEqual([alone?.total, alone?.without], [0, ["fait-1", "capture-1"]]);
});

test("the proof of a whole copy is that of the line which names its list, and of no other", async () => {
  const list = bytes("une liste");
  const digest = sha(Buffer.from(list)).toString("hex");
  const line = (kind, detail) =>
    item("register", {
      line: JSON.stringify([
        "pnav-register-1",
        7,
        "0".repeat(64),
        AT,
        kind,
        null,
        "service",
        EXCHANGE,
        "right",
        detail,
        "",
      ]),
    });
  const judged = async (/** @type {any} */ of, given = list) =>
    (await checkWhole(JSON.stringify(proofOf({ ...of, exchange: undefined })), given)).state;
  for (const kind of ["copy", "paper", "transmission"]) {
    assert.equal(await judged(line(kind, `copy, sha256 ${digest}`)), "undated", kind);
  }
  assert.equal(await judged(line("copy", `copy, sha256 ${digest}`), bytes("une autre")), "wrong");
  assert.equal(await judged(line("copy", `copy, sha256 ${digest}`), null), "wrong");
  assert.equal(await judged(line("capture_original", `capture 1, sha256 ${digest}`)), "wrong", "a capture is no list");
  assert.equal(await judged(line("copy", "copy")), "wrong");
  assert.equal(await judged(ITEMS["capture-1"]), "wrong");
  for (const text of ["", "{", "null", JSON.stringify(PROOFS)]) {
    assert.equal((await checkWhole(text, list)).state, "wrong", text.slice(0, 9));
  }
});

test("instants are compared whatever their offset and their decimals", () => {
  assert.equal(instantOf(LOCAL), AT);
  assert.equal(instantOf("2026-11-20T11:00:00+01:00"), "2026-11-20T10:00:00.000000Z");
  assert.equal(instantOf("2026-07-20T00:30:00.5+02:00"), "2026-07-19T22:30:00.500000Z");
  for (const other of ["", "hier", null, undefined, 5, "2026-11-20", "2026-11-20T11:00:00", "2026-99-20T11:00:00Z"]) {
    assert.equal(instantOf(other), "", String(other));
  }
});

const SAID = {
  by_reporter: "La personne",
  by_agent: "Interlocuteur",
  about: "vers le {day}",
  aboutHour: "vers le {day} à {hour}",
};

test("the proof of one element is worth something by itself, and shows that element and no other", async () => {
  const check = (one) => checkOne(JSON.stringify(proofOf(one)), null, SAID);
  const told = Object.fromEntries(
    await Promise.all(Object.entries(ITEMS).map(async ([name, one]) => [name, await check(one)])),
  );
  const at = "2026-11-20 10:00:00 UTC";
  for (const { state, day, stamps } of Object.values(told)) {
    assert.deepEqual([state, day, stamps], ["undated", "2026-11-20", []]);
  }
  assert.deepEqual(told["message-1"].shown, [at, "La personne", "Bonsoir"]);
  assert.deepEqual(told["fait-1"].shown, [at, "2026-11-20", "Des insultes"]);
  assert.deepEqual(told["capture-1"].shown, [at, `SHA-256 ${"0".repeat(64)}`]);
});

test("the proof of one element says who wrote, and how well the day of a fact is known", async () => {
  const shown = async (one) => (await checkOne(JSON.stringify(proofOf(one)), null, SAID)).shown.slice(1);
  for (const [author, name] of [
    ["reporter", "La personne"],
    ["agent", "Interlocuteur"],
    ["later", "later"],
  ]) {
    assert.deepEqual(await shown({ ...ITEMS["message-1"], author }), [name, "Bonsoir"]);
  }
  const [day, hour] = ["2026-11-20", "18:05"];
  for (const [when, words] of [
    [{ precision: "day", day, hour: "" }, [day]],
    [{ precision: "minute", day, hour }, [day, hour]],
    [{ precision: "about", day, hour: "" }, [`vers le ${day}`]],
    [{ precision: "about", day, hour }, [`vers le ${day} à ${hour}`]],
    [{ precision: "unknown", day: "", hour: "" }, []],
  ]) {
    assert.deepEqual(await shown({ ...ITEMS["fait-1"], told: { ...TOLD, when } }), [...words, "Des insultes"]);
  }
});

test("the proof of one element holds with the file of its capture and with no other", async () => {
  const file = bytes("an image");
  const proof = JSON.stringify(
    proofOf({ ...ITEMS["capture-1"], size: file.length, sha256: sha(file).toString("hex") }),
  );
  assert.equal((await checkOne(proof, new Blob([file]), SAID)).state, "undated");
  for (const other of ["an imagf", "another one"]) {
    assert.equal((await checkOne(proof, new Blob([other]), SAID)).state, "wrong");
  }
  assert.equal((await checkOne(proof.replace("2026-11-20T10", "2026-11-19T10"), null, SAID)).state, "wrong");
  assert.equal((await checkOne("{", null, SAID)).state, "wrong");
});

test("a file that cannot be the capture of a proof is not read", async () => {
  const unread = (size) => ({ size, arrayBuffer: () => assert.fail("it was read") });
  const check = (one, size) => checkOne(JSON.stringify(proofOf(one)), unread(size), SAID);
  assert.equal((await check(ITEMS["capture-1"], 4)).state, "wrong");
  const line = JSON.stringify([1, "", "", "", "copy", "", "", "", "", ""]);
  assert.equal((await check({ format: "pnav-item-1", kind: "register", line }, 2 ** 32)).state, "other");
  const size = 64 * 1024 * 1024 + 1;
  assert.equal((await check(ITEMS["message-1"], size)).state, "wrong");
  await assert.rejects(check({ ...ITEMS["capture-1"], size }, size), /larger than any capture/);
});

test("the proof of one element that authorities signed is dated, and that of a copy is another thing", async () => {
  const signed = readFileSync(new URL("vectors/proof.json", import.meta.url), "utf8");
  const { state, stamps } = await checkOne(signed, null, SAID);
  assert.deepEqual([state, stamps.length], ["dated", 2]);
  const detail = `copy, sha256 ${"0".repeat(64)}`;
  const line = JSON.stringify([1, "", "", "", "copy", "", "", "", "", detail]);
  const proof = JSON.stringify(proofOf({ format: "pnav-item-1", kind: "register", line }));
  for (const file of [null, new Blob(["<!doctype html>"])]) {
    assert.equal((await checkOne(proof, file, SAID)).state, "other");
  }
});
