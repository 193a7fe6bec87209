import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createBetweenKeys, LONGEST_MS, TYPING_MS } from "../../static/pnav/lib/between-keys.js";

let keys;
let now;
let done;
let frames;
let between;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  keys = new EventTarget();
  now = 1000;
  done = [];
  frames = [];
  globalThis.document = { hidden: false };
  globalThis.requestAnimationFrame = (draw) => frames.push(draw);
  between = createBetweenKeys(keys, () => now);
});

const press = () => keys.dispatchEvent(new Event("keydown"));
const come = (name) => between.run(() => done.push(name));

/** Draw a frame, then do the task that comes after it. */
async function draw() {
  for (const frame of frames.splice(0)) frame();
  await pass(1);
}

/** Let so many milliseconds pass, with the tasks and promises that they bring. */
async function pass(ms) {
  now += ms;
  mock.timers.tick(ms);
  await settled();
}

const settled = () => new Promise((goOn) => setImmediate(goOn));

test("without a key it is done at once", () => {
  come("message");
  assert.deepEqual(done, ["message"]);
});

test("some time after the last key it is done at once", () => {
  press();
  now += TYPING_MS;
  come("message");
  assert.deepEqual(done, ["message"]);
});

test("just after a key it is done after the frame of that key", async () => {
  press();
  now += 10;
  come("message");
  assert.deepEqual(done, []);
  await draw();
  assert.deepEqual(done, ["message"]);
});

test("between two keys it is done after the frame of the next one, in order", async () => {
  press();
  now += 60;
  come("first");
  come("second");
  await draw();
  assert.deepEqual(done, []);
  now += 30;
  press();
  await draw();
  assert.deepEqual(done, ["first", "second"]);
});

test("it waits no longer than LONGEST_MS for the next key", async () => {
  press();
  now += 60;
  come("message");
  await pass(LONGEST_MS - 1);
  assert.deepEqual(done, []);
  await pass(1);
  assert.deepEqual(done, ["message"]);
});

test("what comes later waits behind what waits already", async () => {
  press();
  now += 60;
  come("first");
  now += TYPING_MS;
  come("second");
  assert.deepEqual(done, []);
  await pass(LONGEST_MS);
  assert.deepEqual(done, ["first", "second"]);
});

const comeLong = (name) =>
  between.run(() => {
    done.push(name);
    now += 10;
  });

test("much work is shared among letters", async () => {
  press();
  now += 60;
  for (const name of ["first", "second", "third"]) comeLong(name);
  press();
  await draw();
  assert.deepEqual(done, ["first"]);
  now += 60;
  press();
  await draw();
  assert.deepEqual(done, ["first", "second"]);
  await pass(LONGEST_MS);
  assert.deepEqual(done, ["first", "second", "third"]);
});

test("what is left when nobody types any more is done in the next tasks", async () => {
  press();
  now += 60;
  for (const name of ["first", "second", "third"]) comeLong(name);
  await pass(TYPING_MS);
  for (const _each of [1, 2, 3]) await pass(1);
  assert.deepEqual(done, ["first", "second", "third"]);
});

test("a flood waits for no letter", async () => {
  press();
  now += 60;
  for (let number = 0; number < 40; number += 1) comeLong(number);
  press();
  await draw();
  for (let task = 0; task < 20; task += 1) await pass(1);
  assert.ok(done.length >= 20, String(done.length));
});

test("what fails is reported and holds nothing back", async () => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  press();
  now += 60;
  between.run(() => {
    throw new Error("broken");
  });
  come("message");
  await pass(LONGEST_MS);
  assert.deepEqual(done, ["message"]);
  assert.deepEqual(reported, ["broken"]);
  now += TYPING_MS;
  come("later");
  assert.deepEqual(done, ["message", "later"]);
});

test("a line that changes does now what waits", () => {
  press();
  come("message");
  between.flush();
  assert.deepEqual(done, ["message"]);
});
