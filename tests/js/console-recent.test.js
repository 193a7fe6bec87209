import assert from "node:assert/strict";
import { test } from "node:test";

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
