import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { createLeader } from "../../static/pnav/console/leader.js";

/** Open pages of one browser: Node has the locks of browsers. */
const pages = [];
const open = () => {
  const page = createLeader(navigator.locks);
  pages.push(page);
  return page;
};
const later = () => new Promise((goOn) => setTimeout(goOn, 5)); // a lock is granted a little later
const sounding = async (...some) => {
  await later();
  return Promise.all(some.map((page) => page.maySound()));
};

afterEach(async () => {
  for (const page of pages.splice(0)) page.resign();
  await later();
});

test("a page that is alone sounds, seen or hidden", async () => {
  const [hidden] = [open()];
  assert.deepEqual(await sounding(hidden), [true], "before it can be heard, too: the browser plays it at a press");
  hidden.stand(false);
  assert.deepEqual(await sounding(hidden), [true]);
});

test("of two pages one sounds, and the other goes on when it is closed", async () => {
  const [first, second] = [open(), open()];
  first.stand(false);
  await later();
  second.stand(false);
  assert.deepEqual(await sounding(first, second), [true, false]);
  first.stand(false); // again, at every change of its line
  second.stand(false);
  assert.deepEqual(await sounding(first, second), [true, false]);
  first.resign();
  assert.deepEqual(await sounding(first, second), [false, true]);
});

test("a page that cannot be heard leaves it to one that can", async () => {
  const [hidden, silent] = [open(), open()];
  silent.stand(true);
  hidden.stand(false);
  silent.resign(); // its line broke, or its session is over
  assert.deepEqual(await sounding(hidden, silent), [true, false]);
  hidden.resign();
  assert.deepEqual(await sounding(hidden, silent), [true, true], "nobody leads: each tries");
});

test("the page that is looked at takes the lead, and gives it back when it is closed", async () => {
  const [first, second] = [open(), open()];
  first.stand(false);
  await later();
  second.stand(true);
  assert.deepEqual(await sounding(first, second), [false, true]);
  first.stand(true);
  assert.deepEqual(await sounding(first, second), [true, false]);
  first.resign();
  assert.deepEqual(await sounding(first, second), [false, true]);
});

test("a page that resigns before the lock was granted does not lead", async () => {
  const [first, second] = [open(), open()];
  first.stand(true);
  first.resign();
  second.stand(false);
  assert.deepEqual(await sounding(first, second), [false, true]);
});

test("without locks, or when the browser refuses them, each page sounds", async () => {
  const refused = async () => {
    throw new DOMException("no storage here", "SecurityError");
  };
  let asked = 0;
  const refusing = {
    request: () => {
      asked += 1;
      return refused();
    },
    query: refused,
  };
  for (const locks of [undefined, refusing]) {
    const page = createLeader(locks);
    page.stand(false);
    assert.deepEqual(await sounding(page), [true]);
  }
  assert.equal(asked, 1, "it is not asked again and again");
});
