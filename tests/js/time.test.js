import assert from "node:assert/strict";
import { test } from "node:test";

import { duration, hour, wait, written, writtenShort } from "../../static/pnav/lib/time.js";
import { fill } from "../../static/pnav/lib/words.js";

const NOON_IN_PARIS = new Date("2026-11-27T11:00:00Z");
// What stands between the day and the hour changes with the edition of Unicode that an engine carries.
const spaces = (text) => text.replace(/[\u00a0\u202f]/g, " ");

test("the hour is that of Paris, in summer and in winter", () => {
  assert.equal(hour(NOON_IN_PARIS, "fr"), "12:00");
  assert.equal(hour(new Date("2026-07-01T22:30:00Z"), "fr"), "00:30");
});

test("English has the hours and the order of the pages that the server writes", () => {
  assert.equal(hour(new Date("2026-11-27T15:05:00Z"), "en"), "16:05");
  assert.equal(hour(new Date("2026-07-01T22:30:00Z"), "en"), "00:30");
  assert.match(spaces(written(new Date("2026-11-01T15:05:00Z"), "en", NOON_IN_PARIS)), /^1 November.* 16:05$/);
  assert.match(spaces(writtenShort(new Date("2026-11-01T15:05:00Z"), "en", NOON_IN_PARIS)), /^1 Nov, 16:05$/);
});

test("a message of today has its hour alone, and the day is that of Paris", () => {
  assert.equal(written(new Date("2026-11-27T07:05:00Z"), "fr", NOON_IN_PARIS), "08:05");
  const beforeMidnightInLondon = new Date("2026-11-26T23:30:00Z"); // 00:30 on the 27th in Paris
  assert.equal(written(beforeMidnightInLondon, "fr", NOON_IN_PARIS), "00:30");
});

test("a message written a second before midnight in Paris is not of today, whatever was asked before", () => {
  const midnight = new Date("2026-11-26T23:00:00Z"); // 00:00 on the 27th in Paris
  const second = 1000;
  const before = new Date(midnight.getTime() - second);
  for (const _again of [1, 2]) {
    assert.equal(written(midnight, "fr", NOON_IN_PARIS), "00:00");
    assert.match(spaces(written(before, "fr", NOON_IN_PARIS)), /^26 novembre.* 23:59$/);
    assert.equal(written(before, "fr", before), "23:59");
  }
  for (let quarter = 0; quarter < 500; quarter += 1) writtenShort(new Date(quarter * 900_000), "fr", NOON_IN_PARIS);
  assert.equal(written(midnight, "fr", NOON_IN_PARIS), "00:00"); // the cache was emptied meanwhile
});

test("the first of a month is « 1er » in French and nowhere else", () => {
  const first = new Date("2026-11-01T09:00:00Z");
  assert.match(spaces(written(first, "fr", NOON_IN_PARIS)), /^1er novembre.* 10:00$/);
  assert.match(spaces(written(first, "en", NOON_IN_PARIS)), /^1 November/);
  assert.match(spaces(writtenShort(first, "fr", NOON_IN_PARIS)), /^1er nov\., 10:00$/);
  assert.match(spaces(written(new Date("2026-11-11T09:00:00Z"), "fr", NOON_IN_PARIS)), /^11 novembre/);
});

test("a duration of seconds is less than a minute, and hours begin with sixty minutes", () => {
  assert.deepEqual(duration(0), { key: "under", values: {} });
  assert.deepEqual(duration(59_999), { key: "under", values: {} });
  assert.deepEqual(duration(60_000), { key: "minutes", values: { n: 1 } });
  assert.deepEqual(duration(59 * 60_000 + 59_999), { key: "minutes", values: { n: 59 } });
  assert.deepEqual(duration(65 * 60_000), { key: "hours", values: { h: 1, m: "05" } });
});

test("a wait is said in hours from ninety minutes on", () => {
  assert.equal(wait(null).key, "wait_unknown");
  assert.equal(wait([0, 5]).key, "wait_under");
  assert.equal(wait([10, 90]).key, "wait_minutes");
  assert.deepEqual(wait([45, 91]), { key: "wait_mixed", values: { low: 45, high: 91, low_hours: 0, hours: 2 } });
  assert.equal(wait([60, 120]).key, "wait_hours");
});

test("a sentence is filled with what is given, and nothing else is written into it", () => {
  assert.equal(fill("{n} min, {name}", { n: 3, name: "{n} $&" }), "3 min, {n} $&");
  assert.equal(fill("rien à remplir"), "rien à remplir");
});
