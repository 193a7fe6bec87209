import assert from "node:assert/strict";
import { test } from "node:test";

import { isWanted, notesOf, toneCookie, toneIn, wantedCookie, wantedIn } from "../../static/pnav/console/tones.js";

const TONES = ["note", "montee", "coups"];
const heard = (news, tone) => JSON.stringify(notesOf(news, tone));

test("three tones differ by the number of their notes and by their wave, not by their height alone", () => {
  const made = TONES.map((tone) => notesOf("arrival", tone));
  assert.deepEqual(
    made.map((notes) => notes.length),
    [1, 2, 3],
  );
  assert.equal(new Set(made.map(([{ wave }]) => wave)).size, 3);
});

test("in each tone a person, a message and what colleagues say sound differently", () => {
  for (const tone of TONES)
    assert.equal(new Set(["arrival", "message", "other"].map((news) => heard(news, tone))).size, 3, tone);
});

test("a danger has one sound whatever is chosen, and no other news has it", () => {
  assert.equal(new Set(TONES.map((tone) => heard("danger", tone))).size, 1);
  const danger = notesOf("danger", "note");
  const end = (notes) => Math.max(...notes.map(({ at, lasts }) => at + lasts));
  for (const tone of TONES) {
    for (const news of ["arrival", "message", "other"]) {
      const notes = notesOf(news, tone);
      assert.ok(notes.length < danger.length && end(notes) < end(danger), `${tone} ${news}`);
      assert.ok(Math.max(...notes.map(({ volume }) => volume)) < danger[0].volume, `${tone} ${news}`);
      assert.ok(notes.every(({ wave }) => wave !== danger[0].wave));
    }
  }
});

test("before anybody chose, everything is told of, by one note", () => {
  assert.equal(toneIn(""), "note");
  assert.deepEqual([...wantedIn("autre=1")], ["arrival", "message", "other"]);
});

test("what was chosen is read again, and a name of another version is not", () => {
  assert.equal(toneIn(`autre=1; ${toneCookie("coups").split(";")[0]}`), "coups");
  assert.equal(toneIn("pnav_console_ton=cloches"), "note");
  assert.equal(toneIn("x_pnav_console_ton=coups"), "note");
  assert.deepEqual([...wantedIn(wantedCookie(["message", "later"]).split(";")[0])], ["message"]);
});

test("who ticked nothing still hears of a danger", () => {
  const none = wantedCookie([]).split(";")[0];
  assert.deepEqual([...wantedIn(none)], []);
  for (const news of ["arrival", "message", "other"]) assert.equal(isWanted(news, none), false);
  assert.equal(isWanted("danger", none), true);
});
