import assert from "node:assert/strict";
import { test } from "node:test";

import { createIdleness } from "../../static/pnav/lib/idleness.js";

const LOOKS_MS = 5000; // how often the console's page looks
const MINUTE = 60_000;

/** An open page, as `staff/signs.js` works: `isNeeded` is what the server says; `did` notes what the page did, and after how many seconds. */
function page(context) {
  context.mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_000_000 });
  const begun = Date.now();
  const idleness = createIdleness(3 * MINUTE, 2 * MINUTE);
  const open = { isNeeded: true, did: [], looks: 0 };
  const note = (what) => open.did.push(`${what} ${(Date.now() - begun) / 1000}`);
  open.sign = (at = Date.now(), isNow = false) => {
    if (idleness.sign(at, isNow)) note("answered");
  };
  open.wait = (ms) => {
    for (let passed = 0; passed < ms; passed += LOOKS_MS) context.mock.timers.tick(LOOKS_MS); // a longer tick skips times
  };
  open.until = () => (idleness.until() - begun) / 1000;
  open.sign();
  setInterval(() => {
    const does = idleness.due(Date.now());
    if (does === "pause") {
      idleness.settle();
      note("pause");
      open.isNeeded = false; // who pauses is given nobody, and is not asked
    } else if (does === "look") {
      open.looks += 1;
      const said = idleness.heard(open.isNeeded, Date.now());
      if (said) note(said);
    }
  }, LOOKS_MS);
  return open;
}

test("nobody touches the page: it asks after three minutes, and pauses two minutes later", (context) => {
  const open = page(context);
  open.wait(10 * MINUTE);
  assert.deepEqual(open.did, ["ask 180", "pause 300"]);
});

test("a page that is touched asks nobody, and asks the server nothing", (context) => {
  const open = page(context);
  for (let minute = 0; minute < 20; minute += 1) {
    open.wait(MINUTE);
    open.sign();
  }
  assert.deepEqual(open.did, []);
  assert.equal(open.looks, 0);
});

test("a sign answers the question, and three minutes begin anew", (context) => {
  const open = page(context);
  open.wait(4 * MINUTE);
  open.sign();
  open.wait(2 * MINUTE + 50_000);
  assert.deepEqual(open.did, ["ask 180", "answered 240"]);
  open.wait(MINUTE);
  assert.deepEqual(open.did, ["ask 180", "answered 240", "ask 420"]);
});

test("a sign in the last second keeps the agent available", (context) => {
  const open = page(context);
  open.wait(5 * MINUTE - LOOKS_MS);
  open.sign();
  open.wait(MINUTE);
  assert.deepEqual(open.did, ["ask 180", "answered 295"]);
});

test("whom nobody needs is not asked, and is asked as soon as somebody does", (context) => {
  const open = page(context);
  open.isNeeded = false;
  open.wait(20 * MINUTE);
  assert.deepEqual(open.did, []);
  open.isNeeded = true;
  open.wait(5 * MINUTE);
  assert.deepEqual(open.did, ["ask 1215", "pause 1335"], "two minutes from the question");
});

test("the question goes when nobody needs the agent any more", (context) => {
  const open = page(context);
  open.wait(4 * MINUTE);
  open.isNeeded = false;
  open.wait(10 * MINUTE);
  assert.deepEqual(open.did, ["ask 180", "drop 255"]);
});

test("the server is asked every quarter of a minute at most", (context) => {
  const open = page(context);
  open.isNeeded = false;
  open.wait(13 * MINUTE);
  assert.equal(open.looks, 10 * 4 + 1);
});

test("a sign of another tab counts, also one that is told some seconds late", (context) => {
  const open = page(context);
  open.wait(3 * MINUTE);
  open.sign(Date.now() - 20_000);
  assert.deepEqual(open.did, ["ask 180", "answered 180"]);
  open.wait(2 * MINUTE + 30_000);
  assert.equal(open.did.length, 2, "three minutes from that sign");
  open.wait(10_000);
  assert.deepEqual(open.did.slice(2), ["ask 340"]);
});

test("a sign that is older than what is known changes nothing", (context) => {
  const open = page(context);
  open.wait(3 * MINUTE);
  open.sign(Date.now() - 4 * MINUTE);
  open.wait(2 * MINUTE);
  assert.deepEqual(open.did, ["ask 180", "pause 300"]);
});

test("a clock that was set back does not keep the question: what comes now answers it", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 100 * MINUTE });
  const idleness = createIdleness(3 * MINUTE, 2 * MINUTE);
  idleness.sign(Date.now());
  context.mock.timers.tick(3 * MINUTE);
  assert.equal(idleness.due(Date.now()), "look");
  assert.equal(idleness.heard(true, Date.now()), "ask");
  context.mock.timers.setTime(43 * MINUTE);
  assert.equal(idleness.sign(Date.now(), true), true);
  assert.equal(idleness.sign(Date.now(), true), false, "it is answered already");
  context.mock.timers.tick(3 * MINUTE);
  assert.equal(idleness.due(Date.now()), "look", "and three minutes begin anew");
});

test("a sign that comes while the server is asked leaves the question unasked", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const idleness = createIdleness(3 * MINUTE, 2 * MINUTE);
  idleness.sign(Date.now());
  context.mock.timers.tick(3 * MINUTE);
  assert.equal(idleness.due(Date.now()), "look");
  idleness.sign(Date.now());
  assert.equal(idleness.heard(true, Date.now()), "");
  assert.equal(idleness.due(Date.now() + MINUTE), "");
});

test("the question says until when it stands", (context) => {
  const open = page(context);
  open.wait(3 * MINUTE);
  assert.equal(open.until(), 300);
});
