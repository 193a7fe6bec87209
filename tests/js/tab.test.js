import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createTab, SETTLED_MS } from "../../static/pnav/chat/tab.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
});

/** Tabs of one browser: what one says, every other hears. */
function browser() {
  const channels = [];
  let isDeaf = false;
  let drawn = 0;
  const draw = () => {
    drawn += 1;
    return `tab-${drawn}`;
  };
  const open = (page = {}) => {
    const log = { kept: [], left: 0 };
    const channel = {
      onmessage: null,
      postMessage(data) {
        for (const other of channels) if (other !== channel && !isDeaf) other.onmessage?.({ data });
      },
      close: () => channels.splice(channels.indexOf(channel), 1),
    };
    channels.push(channel);
    const told = {
      kept: page.kept,
      shown: page.shown ?? null,
      draw,
      keep: (name) => log.kept.push(name),
      left() {
        log.left += 1;
      },
      channel: page.isOld ? null : channel,
    };
    return { tab: createTab(told), log };
  };
  const deafen = () => {
    isDeaf = true;
    return () => {
      isDeaf = false;
    };
  };
  return { open, deafen };
}

test("a new tab without a text draws a name, one with a text takes over its name", () => {
  const { open } = browser();
  const empty = open();
  assert.deepEqual(empty.log.kept, [empty.tab.name]);
  const found = open({ shown: "of-the-text" });
  assert.equal(found.tab.name, "of-the-text");
  assert.equal(found.log.left, 0);
});

test("a page that is loaded again keeps the name of its tab, whatever text it came with", () => {
  const { open } = browser();
  assert.equal(open({ kept: "mine", shown: "of-another" }).tab.name, "mine");
});

test("a second tab leaves the text to the one that is open, and draws a name", () => {
  const { open } = browser();
  const first = open({ kept: "mine" });
  mock.timers.tick(SETTLED_MS);
  const second = open({ shown: "mine" });
  assert.equal(first.tab.name, "mine");
  assert.equal(first.log.left, 0);
  assert.notEqual(second.tab.name, "mine");
  assert.deepEqual([second.log.left, second.log.kept.at(-1)], [1, second.tab.name]);
});

test("a tab that does not hear the first question hears a later one, and gives way to nobody by it", () => {
  const { open, deafen } = browser();
  const first = open({ kept: "mine" });
  mock.timers.tick(SETTLED_MS);
  const hear = deafen();
  const second = open({ shown: "mine" });
  assert.equal(second.tab.name, "mine");
  hear();
  mock.timers.tick(SETTLED_MS);
  assert.notEqual(second.tab.name, "mine");
  assert.deepEqual([first.tab.name, first.log.left, second.log.left], ["mine", 0, 1]);
});

test("of two copies that open at once one keeps the name", () => {
  const { open } = browser();
  const names = [open({ kept: "mine" }), open({ kept: "mine" })].map(({ tab }) => tab.name);
  assert.equal(names.filter((name) => name === "mine").length, 1, String(names));
});

test("a tab that was closed owns nothing any more, and an old browser asks nobody", () => {
  const { open } = browser();
  const first = open({ kept: "mine" });
  mock.timers.tick(SETTLED_MS);
  assert.equal(open({ kept: "mine", isOld: true }).tab.name, "mine");
  first.tab.end();
  assert.equal(open({ shown: "mine" }).tab.name, "mine");
});
