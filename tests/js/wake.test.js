import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { keepAwake } from "../../static/pnav/lib/wake.js";

let page;
let log;
let ending;

beforeEach(() => {
  page = new EventTarget();
  globalThis.document = Object.assign(new EventTarget(), { hidden: false });
  globalThis.addEventListener = page.addEventListener.bind(page);
  ending = new AbortController();
  log = [];
  keepAwake(() => ({ wake: () => log.push("wake"), cut: () => log.push("cut") }), ending.signal);
});

for (const [where, name] of [
  ["document", "visibilitychange"],
  ["document", "resume"],
  ["page", "pageshow"],
  ["page", "online"],
]) {
  test(`the line is asked on ${name}`, () => {
    (where === "page" ? page : document).dispatchEvent(new Event(name));
    assert.deepEqual(log, ["wake"]);
  });
}

test("a page that goes out of sight asks nothing", () => {
  document.hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(log, []);
});

test("a network that went takes the line with it", () => {
  page.dispatchEvent(new Event("offline"));
  assert.deepEqual(log, ["cut"]);
});

test("ended with the visit, nothing is asked any more", () => {
  ending.abort();
  for (const name of ["pageshow", "online", "offline"]) page.dispatchEvent(new Event(name));
  document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(log, []);
});
