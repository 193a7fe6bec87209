import assert from "node:assert/strict";
import { test } from "node:test";

import { createRepeats } from "../../static/pnav/console/repeats.js";
import { isRepeated, repeatCookie } from "../../static/pnav/console/tones.js";

const LOOKS_MS = 5000; // how often the console's page looks
const MINUTE = 60_000;

/** An open page: `news` is what nobody has looked at; `heard` notes which tone was heard again, and after how many seconds. */
function page(context, ...keys) {
  context.mock.timers.enable({ apis: ["setInterval", "Date"], now: 1_000_000 });
  const repeats = createRepeats();
  const begun = Date.now();
  const open = { news: [], heard: [], says: (news) => repeats.heard(news, Date.now()) };
  open.wait = (ms) => {
    for (let passed = 0; passed < ms; passed += LOOKS_MS) context.mock.timers.tick(LOOKS_MS); // a longer tick skips times
  };
  open.gives = (key, news) => open.news.push({ key, news });
  setInterval(() => {
    const news = repeats.due(open.news, Date.now());
    if (!news) return;
    repeats.heard(news, Date.now());
    open.heard.push(`${news} ${(Date.now() - begun) / 1000}`);
  }, LOOKS_MS);
  for (const [key, news] of keys) {
    open.gives(key, news);
    open.says(news);
  }
  return open;
}

test("who was given and is not opened is heard every 30 s, until they are opened", (context) => {
  const open = page(context, ["new 1", "arrival"]);
  open.wait(MINUTE);
  assert.deepEqual(open.heard, ["arrival 30", "arrival 60"]);
  open.news = [];
  open.wait(10 * MINUTE);
  assert.equal(open.heard.length, 2);
});

test("words that are not read are heard every 30 s", (context) => {
  const open = page(context, ["words 1 1", "message"]);
  open.wait(2 * MINUTE);
  assert.deepEqual(open.heard, ["message 30", "message 60", "message 90", "message 120"]);
});

test("a danger is heard every 15 s until it is dealt with, and alone", (context) => {
  const open = page(context, ["new 1", "arrival"], ["danger 2 7", "danger"]);
  open.wait(MINUTE);
  assert.deepEqual(open.heard.splice(0), ["danger 15", "danger 30", "danger 45", "danger 60"]);
  open.news = open.news.filter(({ news }) => news !== "danger");
  open.wait(MINUTE);
  assert.deepEqual(open.heard, ["arrival 90", "arrival 120"]);
});

test("other tones do not put off that of a danger", (context) => {
  const open = page(context, ["danger 1 1", "danger"]);
  for (let at = 0; at < 12; at += 1) {
    open.wait(LOOKS_MS);
    open.says("message");
  }
  assert.deepEqual(open.heard, ["danger 15", "danger 30", "danger 45", "danger 60"]);
});

test("a tone that was heard a moment ago is not heard again at once", (context) => {
  const open = page(context, ["words 1 1", "message"]);
  open.wait(25_000);
  open.gives("words 2 1", "message");
  open.says("message");
  open.wait(25_000);
  assert.deepEqual(open.heard, []);
});

test("each piece of news is heard for ten minutes at most, and new words begin anew", (context) => {
  const open = page(context, ["words 1 1", "message"]);
  open.wait(11 * MINUTE);
  assert.equal(open.heard.length, 20);
  assert.equal(open.heard.at(-1), "message 600");
  open.wait(60 * MINUTE);
  assert.equal(open.heard.length, 20);
  open.news = [{ key: "words 1 2", news: "message" }];
  open.says("message");
  open.wait(MINUTE);
  assert.equal(open.heard.length, 22);
});

test("nothing is heard while there is nothing, and what comes back counts from then", (context) => {
  const open = page(context);
  open.wait(MINUTE);
  open.gives("words 1 1", "message");
  open.wait(25_000);
  assert.deepEqual(open.heard, []);
  open.wait(LOOKS_MS);
  assert.deepEqual(open.heard, ["message 90"]);
});

test("tones are repeated until one chose otherwise", () => {
  assert.equal(isRepeated("autre=1"), true);
  assert.equal(isRepeated(repeatCookie(false).split(";")[0]), false);
  assert.equal(isRepeated(repeatCookie(true).split(";")[0]), true);
});
