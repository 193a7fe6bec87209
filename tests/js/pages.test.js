import assert from "node:assert/strict";
import { mock, test } from "node:test";

let now = 1000;
const frames = [];
const parsed = [];
mock.method(performance, "now", () => now);
globalThis.window = globalThis;
globalThis.document = Object.assign(new EventTarget(), { hidden: false });
globalThis.requestAnimationFrame = (draw) => frames.push(draw);
globalThis.DOMParser = class {
  parseFromString(text) {
    if (text === "broken") throw new Error(text);
    now += 10; // as the console takes on a slow machine
    parsed.push(text);
    return { text, querySelectorAll: () => [] };
  }
};

const { parse } = await import("../../static/pnav/console/pages.js");
const answer = (text) => ({ text: async () => text });
const press = () => document.dispatchEvent(new Event("keydown"));
const settled = () => new Promise((goOn) => setTimeout(goOn, 5));

async function letter() {
  press();
  for (const frame of frames.splice(0)) frame();
  await settled();
}

test("of two pages that come while somebody types, one is parsed after a letter", async () => {
  press();
  now += 60;
  const both = Promise.all([parse(answer("first")), parse(answer("second"))]);
  await settled();
  assert.deepEqual(parsed, []);
  await letter();
  assert.deepEqual(parsed, ["first"]);
  now += 60;
  await letter();
  assert.deepEqual(
    (await both).map(({ text }) => text),
    ["first", "second"],
  );
});

test("a page that cannot be parsed is waited for by nobody", async () => {
  press();
  now += 60;
  const failing = assert.rejects(parse(answer("broken")), { message: "broken" });
  await settled();
  await letter();
  await failing;
});
