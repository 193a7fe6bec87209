import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { length, newId, Outbox } from "../../static/pnav/lib/outbox.js";
import { createTimers } from "../../static/pnav/lib/timers.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
});

function outbox() {
  const log = { sent: [], shown: [], cuts: 0, emptied: 0, isReady: true };
  const box = new Outbox({
    send: (frame) => log.sent.push(frame),
    isReady: () => log.isReady,
    cut: () => {
      log.cuts += 1;
    },
    show: (entry, standing) => log.shown.push(`${entry.id}:${standing}`),
    emptied: () => {
      log.emptied += 1;
    },
  });
  box.lineIs("connected");
  return { box, log, ids: () => log.sent.map((frame) => frame.client_id) };
}

const error = (code, more = {}) => ({ type: "error", code, ...more });

test("one message is on its way at a time, in the order in which they were written", () => {
  const { box, log, ids } = outbox();
  const first = box.add("a", "un", null);
  box.add("b", "deux", null);
  assert.deepEqual(ids(), ["a"]);
  assert.deepEqual(log.sent[0], { type: "post", client_id: "a", body: "un" });
  box.settle(first);
  box.flush();
  assert.deepEqual(ids(), ["a", "b"]);
  assert.equal(box.find("a"), undefined);
  assert.equal(log.emptied, 0);
  box.settle(box.find("b"));
  assert.equal(log.emptied, 1);
});

test("without an acknowledgement another line is taken, and the same message sent again", () => {
  const { box, log, ids } = outbox();
  box.add("a", "un", null);
  mock.timers.tick(9999);
  assert.equal(log.cuts, 0);
  mock.timers.tick(1);
  assert.equal(log.cuts, 1);
  assert.deepEqual(ids(), ["a", "a"]);
});

test("nothing is sent on a line that is not there, and all of it goes when it is back", () => {
  const { box, log, ids } = outbox();
  log.isReady = false;
  box.lineIs("reconnecting");
  box.add("a", "un", null);
  assert.deepEqual(log.shown, ["a:kept"]);
  box.lineIs("lost");
  assert.equal(log.shown.at(-1), "a:failed");
  log.isReady = true;
  box.lineIs("connected");
  box.flush();
  assert.equal(log.shown.at(-1), "a:pending");
  assert.deepEqual(ids(), ["a"]);
});

test("a line that broke under a message sends it again, under the same name", () => {
  const { box, ids } = outbox();
  box.add("a", "un", null);
  box.lineIs("reconnecting");
  box.lineIs("connected");
  box.flush();
  assert.deepEqual(ids(), ["a", "a"]);
});

for (const [code, standing] of [
  ["unavailable", "kept"],
  ["rate_limited", "soon"],
]) {
  test(`what the server cannot write now (${code}) is tried again, ever more rarely, and never given up`, () => {
    const { box, log } = outbox();
    const entry = box.add("a", "un", null);
    const pauses = [];
    for (let tries = 0; tries < 8; tries += 1) {
      const [sent, began] = [log.sent.length, Date.now()];
      box.fail(entry, error(code));
      assert.equal(log.shown.at(-1), tries < 4 ? `a:${standing}` : "a:failed");
      while (log.sent.length === sent) mock.timers.tick(10);
      pauses.push(Date.now() - began);
    }
    pauses.forEach((ms, tries) => {
      const middle = Math.min(30_000, 2000 * 2 ** tries);
      assert.ok(ms >= middle / 2 && ms <= 1.5 * middle + 10, `${tries}: ${ms}`);
    });
    box.retry(entry);
    box.fail(entry, error(code));
    assert.equal(log.shown.at(-1), `a:${standing}`); // asked for by the person, it begins anew
  });
}

for (const [frame, standing] of [
  [error("forbidden"), "failed"],
  [error("closed"), "refused"],
  [error("closed", { why: "full" }), "full"],
]) {
  test(`what the server refuses (${standing}) leaves, and the next one goes`, () => {
    const { box, log, ids } = outbox();
    const entry = box.add("a", "un", null);
    box.add("b", "deux", null);
    box.fail(entry, frame);
    assert.ok(log.shown.includes(`a:${standing}`));
    assert.deepEqual(ids(), ["a", "b"]);
    assert.equal(box.find("a"), undefined);
  });
}

test("a refused message may be asked for again, after the others", () => {
  const { box, ids } = outbox();
  const entry = box.add("a", "un", null);
  box.fail(entry, error("forbidden"));
  box.add("b", "deux", null);
  box.retry(entry);
  assert.deepEqual(
    box.entries.map(({ id }) => id),
    ["b", "a"],
  );
  assert.deepEqual(ids(), ["a", "b", "b"]);
});

test("cleared, it sends nothing any more and gives back what it kept", () => {
  const { box, log } = outbox();
  box.add("a", "un", null);
  assert.deepEqual(
    box.clear().map(({ id }) => id),
    ["a"],
  );
  mock.timers.tick(60_000);
  assert.equal(log.sent.length, 1);
  assert.equal(log.cuts, 0);
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("a name is a random UUID, in a page without randomUUID too", () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  const names = new Set();
  try {
    for (const source of [crypto, { getRandomValues: (array) => crypto.getRandomValues(array) }]) {
      const real = globalThis.crypto;
      Object.defineProperty(globalThis, "crypto", {
        value: source === real ? real : { getRandomValues: real.getRandomValues.bind(real) },
        configurable: true,
      });
      for (let n = 0; n < 200; n += 1) {
        const name = newId();
        assert.match(name, UUID);
        names.add(name);
      }
    }
  } finally {
    Object.defineProperty(globalThis, "crypto", own);
  }
  assert.equal(names.size, 400);
});

test("characters are counted as the server counts them", () => {
  assert.equal(length("é😀"), 2);
  assert.equal(length("a".repeat(4000)), 4000);
});

test("one timer of a name at a time, fired once, by time or by a better clock", () => {
  const timers = createTimers();
  const fired = [];
  timers.set("a", 100, () => fired.push("first"));
  timers.set("a", 200, () => fired.push("second"));
  mock.timers.tick(150);
  assert.deepEqual(fired, []);
  assert.ok(timers.has("a"));
  mock.timers.setTime(200);
  timers.due();
  timers.due();
  assert.deepEqual(fired, ["second"]);
  timers.set("b", 10, () => fired.push("third"));
  timers.clear();
  mock.timers.tick(1000);
  assert.deepEqual(fired, ["second"]);
});
