import assert from "node:assert/strict";
import { test } from "node:test";

import { createKept } from "../../static/pnav/console/recent-kept.js";
import { createRecent, MOST } from "../../static/pnav/console/recent-notices.js";

test("the last twenty announcements are kept, the newest first", () => {
  const recent = createRecent();
  assert.deepEqual([recent.all, recent.unseen], [[], 0]);
  for (let n = 1; n <= MOST + 5; n += 1) recent.note(`avis ${n}`, n, n % 2 ? "un" : "");
  assert.equal(recent.all.length, MOST);
  assert.deepEqual(recent.all[0], { text: "avis 25", at: 25, id: "un" });
  assert.deepEqual(recent.all.at(-1), { text: "avis 6", at: 6, id: "" });
  assert.equal(recent.unseen, MOST, "no more than there are to read");
});

test("those that came since the agent looked are counted, and all of them are forgotten", () => {
  const recent = createRecent();
  recent.note("un", 1);
  recent.note("", 2);
  recent.look();
  assert.equal(recent.unseen, 0);
  recent.note("deux", 3);
  assert.deepEqual([recent.unseen, recent.all.map(({ text }) => text)], [1, ["deux", "un"]]);
  recent.clear();
  assert.deepEqual([recent.unseen, recent.all], [0, []]);
});

test("what the page before had comes after what was announced since, twenty in all", () => {
  const recent = createRecent();
  recent.note("neuf", 9);
  recent.restore(
    Array.from({ length: MOST }, (_, n) => ({ text: `avis ${n}`, at: n, id: "" })),
    MOST,
  );
  assert.deepEqual([recent.all.length, recent.unseen], [MOST, MOST]);
  assert.deepEqual([recent.all[0].text, recent.all[1].text], ["neuf", "avis 0"]);
});

/** @returns {any} */
function storage() {
  const held = new Map();
  return {
    getItem: (/** @type {string} */ name) => held.get(name) ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ text) => held.set(name, text),
    removeItem: (/** @type {string} */ name) => held.delete(name),
    get length() {
      return held.size;
    },
  };
}
const secret = (/** @type {number} */ of) => btoa(String.fromCharCode(...new Uint8Array(32).fill(of)));
const some = { notices: [{ text: "renard · Toulouse (31) a quitté la page", at: 7, id: "un" }], unseen: 1 };

test("another page of the session reads what one kept, and the device has no word of it", async () => {
  const tab = storage();
  await createKept(secret(1), tab).keep(some);
  assert.ok(!tab.getItem("avis").includes("renard") && !atob(tab.getItem("avis")).includes("renard"));
  assert.deepEqual(await createKept(secret(1), tab).read(), some);
});

test("another session reads nothing, and takes it away", async () => {
  const tab = storage();
  await createKept(secret(1), tab).keep(some);
  assert.equal(await createKept(secret(2), tab).read(), null);
  assert.equal(tab.length, 0);
});

test("what is not as it was written is taken away, and no more than twenty come back", async () => {
  const tab = storage();
  tab.setItem("avis", "pas ceci");
  assert.equal(await createKept(secret(1), tab).read(), null);
  assert.equal(tab.length, 0);
  const many = Array.from({ length: MOST + 1 }, () => some.notices[0]);
  await createKept(secret(1), tab).keep({ notices: /** @type {any} */ ([{ text: 3 }, ...many]), unseen: 99 });
  const read = await createKept(secret(1), tab).read();
  assert.deepEqual([read?.notices.length, read?.unseen], [MOST, MOST]);
});

test("what was forgotten while it was encrypted is not written", async () => {
  const tab = storage();
  const kept = createKept(secret(1), tab);
  const keeping = kept.keep(some);
  kept.forget();
  await keeping;
  assert.equal(tab.length, 0);
});
