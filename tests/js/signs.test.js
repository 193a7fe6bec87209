import assert from "node:assert/strict";
import { test } from "node:test";

const MINUTE = 60_000;

/** What listens on the window, by the names of events. */
const heard = new Map();
globalThis.addEventListener = (name, run) => heard.set(name, (heard.get(name) ?? new Set()).add(run));
globalThis.removeEventListener = (name, run) => heard.get(name)?.delete(run);
/** Let this happen on the page: by somebody, or by a script. */
const happens = (name, isTrusted, more = {}) => {
  for (const run of [...(heard.get(name) ?? [])]) run({ type: name, isTrusted, ...more });
};

const inside = { now: null };
const part = (more = {}) =>
  Object.assign(new EventTarget(), {
    dataset: {},
    contains: (one) => Boolean(one) && one === inside.now,
    setAttribute() {},
    removeAttribute() {},
    ...more,
  });
const text = part({ dataset: { text: "Êtes-vous là ? {time}" } });
const place = part({
  dataset: { after: "180", ask: "/presence", failed: "pas de réponse", refused: "plus disponible" },
  hidden: true,
  matches: () => false,
  querySelector: (selector) => (selector === "button:hover" ? null : text),
});
globalThis.document = part({ hidden: false, documentElement: { lang: "fr" }, querySelector: () => place });
globalThis.BroadcastChannel = undefined;
const server = { sign: null, phone: "", isOk: true, answers() {} };
globalThis.fetch = async () => {
  server.answers();
  return { ok: server.isOk, json: async () => ({ needed: true, sign: server.sign, phone: server.phone }) };
};
globalThis.FormData = class {};
globalThis.HTMLFormElement = class {};

const { lookForSigns, secondsWithoutSign, watchSigns } = await import("../../static/pnav/staff/signs.js");
let begins = Date.now();
const did = [];
const phoned = [];
watchSigns({
  asked: () => did.push("asked"),
  over: () => did.push("over"),
  answered: () => did.push("answered"),
  phoned: (failure) => phoned.push(failure),
});

/** Show the question: nobody touches the page for three minutes. */
async function ask(context) {
  did.length = 0;
  begins += 60 * MINUTE; // after what the test before has done
  context.mock.timers.enable({ apis: ["Date"], now: begins });
  happens("keydown", true);
  await lookForSigns();
  context.mock.timers.tick(4 * MINUTE);
  await lookForSigns();
  assert.deepEqual([did, place.hidden], [["asked"], false]);
}

test("a click without a key and without a pointer is a sign, as a screen reader makes it", async (context) => {
  await ask(context);
  happens("click", true);
  assert.deepEqual(did, ["asked", "over", "answered"]);
  await lookForSigns();
  assert.deepEqual(did, ["asked", "over", "answered"], "nobody is asked again at once");
});

test("what a script does on the page is no sign of anybody", async (context) => {
  await ask(context);
  for (const name of ["click", "input", "keydown"]) happens(name, false);
  await lookForSigns();
  assert.deepEqual(did, ["asked"]);
  happens("keydown", true);
  assert.deepEqual(did, ["asked", "over", "answered"]);
});

test("the place of the question stays for the click of the press that answers it", async (context) => {
  await ask(context);
  happens("pointerdown", true);
  assert.deepEqual([did.at(-1), text.textContent, place.hidden], ["answered", "", false]);
  await new Promise((later) => setTimeout(later, 300));
  assert.equal(place.hidden, false);
  await new Promise((later) => setTimeout(later, 500));
  assert.equal(place.hidden, true);
});

test("a clock that is set back while the question stands does not keep it", async (context) => {
  await ask(context);
  context.mock.timers.setTime(Date.now() - 60 * MINUTE);
  happens("keydown", true);
  assert.deepEqual(did, ["asked", "over", "answered"]);
});

test("after a sign on the way to its buttons they stay, and go with any other sign", async (context) => {
  await ask(context);
  happens("pointermove", true, { pointerType: "mouse" });
  assert.deepEqual([did.at(-1), place.hidden, "offer" in place.dataset], ["answered", false, true]);
  happens("pointermove", true, { pointerType: "mouse" });
  assert.equal(place.hidden, false);
  happens("keydown", true, { key: "a" });
  assert.deepEqual([place.hidden, "offer" in place.dataset], [true, false]);
  assert.deepEqual(did, ["asked", "over", "answered"]);
});

test("a key inside the question leaves its buttons, but Escape", async (context) => {
  await ask(context);
  inside.now = {};
  happens("keydown", true, { key: "Tab", target: inside.now });
  assert.deepEqual([did.at(-1), place.hidden], ["answered", false]);
  happens("keydown", true, { key: "Escape", target: inside.now });
  assert.equal(place.hidden, true);
  inside.now = null;
});

test("a finger that moves is on its way to nothing", async (context) => {
  await ask(context);
  happens("pointermove", true, { pointerType: "touch" });
  assert.equal("offer" in place.dataset, false);
  await new Promise((later) => setTimeout(later, 800));
  assert.equal(place.hidden, true);
});

test("a sign at another device, of which the server tells, answers the question", async (context) => {
  await ask(context);
  assert.equal(secondsWithoutSign(), null, "the server need not know of an old one");
  server.sign = 30;
  context.mock.timers.tick(20_000);
  await lookForSigns();
  assert.deepEqual([did, place.hidden], [["asked", "over", "answered"], true]);
  assert.equal(secondsWithoutSign(), 31, "rather too many");
  context.mock.timers.tick(140_000);
  server.sign = 170;
  await lookForSigns();
  assert.equal(place.hidden, true, "nobody is asked before their time");
  server.sign = null;
});

test("a sign at another device is not later than it was when the answer is slow", async (context) => {
  await ask(context);
  server.sign = 30;
  server.answers = () => context.mock.timers.tick(9000);
  context.mock.timers.tick(20_000);
  await lookForSigns();
  assert.deepEqual(did, ["asked", "over", "answered"]);
  assert.equal(secondsWithoutSign(), 40);
  Object.assign(server, { sign: null, answers() {} });
});

/** « Je suis au téléphone » is pressed, and the server has answered. */
async function telephones() {
  const button = { closest: () => button, matches: () => true };
  place.dispatchEvent(Object.defineProperty(new Event("click"), "target", { value: button }));
  await new Promise((later) => setTimeout(later));
}

test("a call that the server has not taken says so, and can be said again", async (context) => {
  await ask(context);
  phoned.length = 0;
  const noNetwork = () => {
    throw new TypeError("no network");
  };
  for (const [how, says] of [
    [{ answers: noNetwork }, "pas de réponse"],
    [{ isOk: false }, "pas de réponse"],
    [{}, "plus disponible"],
  ]) {
    Object.assign(server, { isOk: true, answers() {} }, how);
    await telephones();
    assert.deepEqual([text.textContent, place.hidden, phoned.at(-1)], [says, false, says]);
    happens("keydown", true, { key: "a", target: {} });
    happens("pointermove", true, { pointerType: "mouse", target: {} });
    assert.equal(place.hidden, false, "who goes on typing can still read it");
  }
  happens("click", true, { target: {} });
  assert.equal(place.hidden, true);
  server.phone = "au téléphone jusqu'à 04:24";
  await telephones();
  assert.deepEqual([place.hidden, phoned.at(-1)], [true, ""]);
});

test("who reads with a screen reader finds the buttons of the question where they are", async (context) => {
  await ask(context);
  inside.now = { isConnected: true };
  globalThis.getSelection = () => ({ anchorNode: inside.now });
  document.dispatchEvent(new Event("selectionchange"));
  assert.deepEqual([did.at(-1), place.hidden, "offer" in place.dataset], ["answered", false, true]);
  globalThis.getSelection = () => ({ anchorNode: { isConnected: true } });
  inside.now = null;
  happens("keydown", true, { key: "a" });
  assert.equal(place.hidden, true);
});
