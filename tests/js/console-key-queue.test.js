import assert from "node:assert/strict";
import { test } from "node:test";

import { beginQueue, dropsKey, endQueue, queueLetter } from "../../static/pnav/console/key-queue.js";

test("keys wait for the exchange that is being opened, and for no other", () => {
  assert.equal(queueLetter("T", 0), false);
  const queue = beginQueue(0);
  assert.equal(dropsKey(100), false); // what is typed in the answer that is still open stays there
  assert.equal(queueLetter("T", 200), true);
  assert.deepEqual(endQueue(queue, true, 900), { letters: ["T"], isDropped: false });
  assert.equal(queueLetter("T", 1000), false);
});

test("a queue is short, and whatever it drops is told", () => {
  const queue = beginQueue(0);
  for (const letter of "TQUV") queueLetter(letter, 100);
  assert.deepEqual(endQueue(queue, true, 200), { letters: ["T", "Q", "U"], isDropped: true });

  const typed = beginQueue(0);
  queueLetter("T", 100);
  assert.equal(dropsKey(200), true); // the letters that follow a key would be written to the person
  assert.deepEqual(endQueue(typed, true, 300), { letters: ["T"], isDropped: true });
});

test("keys of an exchange that does not come, comes late, or was given up do nothing", () => {
  const gone = beginQueue(0);
  queueLetter("T", 100);
  assert.deepEqual(endQueue(gone, false, 200), { letters: [], isDropped: true });

  const late = beginQueue(0);
  queueLetter("T", 100);
  assert.equal(queueLetter("Q", 9000), false);
  assert.deepEqual(endQueue(late, true, 9000), { letters: [], isDropped: true });

  const before = beginQueue(0);
  queueLetter("T", 100);
  const after = beginQueue(200);
  assert.deepEqual(endQueue(before, true, 300), { letters: [], isDropped: false });
  assert.deepEqual(endQueue(after, true, 400), { letters: [], isDropped: false });
});
