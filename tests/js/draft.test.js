import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createDraft, EVERY_MS, recall, saveTo } from "../../static/pnav/lib/draft.js";
import { TURN_MS } from "../../static/pnav/lib/http.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  globalThis.document = { documentElement: { classList: { contains: () => false } } };
});

const settled = () => new Promise((resolve) => setImmediate(resolve));

function page(answers = []) {
  const log = { text: "", saved: [] };
  const draft = createDraft({
    text: () => log.text,
    came: log.text,
    save: async (body, isLeaving) => {
      log.saved.push([body, isLeaving]);
      return answers.shift() ?? "kept";
    },
  });
  const type = (text) => {
    log.text = text;
    draft.changed();
  };
  return { draft, log, type };
}

test("what is typed is saved once in a while, as it is then", async () => {
  const { log, type } = page();
  for (const text of ["a", "ab", "abc"]) type(text);
  mock.timers.tick(EVERY_MS - 1);
  assert.deepEqual(log.saved, []);
  mock.timers.tick(1);
  await settled();
  assert.deepEqual(log.saved, [["abc", false]]);
  mock.timers.tick(10 * EVERY_MS);
  await settled();
  assert.equal(log.saved.length, 1, "nothing changed, nothing is saved");
});

test("what was typed before the script ran is saved like all the rest", async () => {
  const saved = [];
  const draft = createDraft({
    text: () => "typed at once",
    came: "",
    save: async (body) => {
      saved.push(body);
      return "kept";
    },
  });
  assert.equal(draft.isKept(), false);
  mock.timers.tick(EVERY_MS);
  await settled();
  assert.deepEqual(saved, ["typed at once"]);
  assert.equal(draft.isKept(), true);
});

test("what the server has is known from what it has not", async () => {
  const { draft, type } = page(["later"]);
  assert.equal(draft.isKept(), true);
  type("a");
  assert.equal(draft.isKept(), false);
  await draft.now();
  assert.equal(draft.isKept(), false, "a save that failed kept nothing");
  await draft.now();
  assert.equal(draft.isKept(), true);
});

test("what is kept is told, and a save that failed is not", async () => {
  const answers = ["later", "kept"];
  const told = [];
  let text = "";
  const draft = createDraft({
    text: () => text,
    came: "",
    save: async () => answers.shift(),
    saved: () => told.push(draft.isKept()),
  });
  text = "a";
  await draft.now();
  assert.deepEqual(told, []);
  await draft.now();
  assert.deepEqual(told, [true]);
});

test("a page that goes out of sight saves at once, and only what is new", async () => {
  const { draft, log, type } = page();
  type("a");
  await draft.leaving();
  assert.deepEqual(log.saved, [["a", true]]);
  await draft.leaving();
  assert.equal(log.saved.length, 1);
});

test("a message that was sent is erased from the visit; one that was never saved costs nothing", async () => {
  const { draft, log, type } = page();
  type("a");
  log.text = "";
  await draft.now();
  assert.deepEqual(log.saved, []);
  type("b");
  mock.timers.tick(EVERY_MS);
  await settled();
  log.text = "";
  await draft.now();
  assert.deepEqual(log.saved, [
    ["b", false],
    ["", false],
  ]);
});

test("a form that was sent is saved no more until something is typed, and then again", async () => {
  const { draft, log, type } = page();
  type("a");
  draft.pause();
  mock.timers.tick(10 * EVERY_MS);
  await draft.now();
  await draft.leaving();
  assert.deepEqual(log.saved, []);
  type("ab");
  mock.timers.tick(EVERY_MS);
  await settled();
  assert.deepEqual(log.saved, [["ab", false]]);
});

test("a save that is answered after its form was sent is not followed by another", async () => {
  const { draft, log, type } = page(["later"]);
  type("a");
  mock.timers.tick(EVERY_MS);
  draft.pause();
  await settled();
  mock.timers.tick(10 * EVERY_MS);
  await settled();
  assert.deepEqual(log.saved, [["a", false]]);
});

test("what was typed while a save was on its way follows it", async () => {
  const { log, type } = page();
  type("a");
  mock.timers.tick(EVERY_MS);
  type("ab");
  await settled();
  mock.timers.tick(EVERY_MS);
  await settled();
  assert.deepEqual(
    log.saved.map(([body]) => body),
    ["a", "ab"],
  );
});

test("a page that goes does not wait for the save that is on its way", async () => {
  const answers = [];
  let text = "a";
  const saved = [];
  const draft = createDraft({
    text: () => text,
    came: text,
    save: (body, isLeaving) => {
      saved.push([body, isLeaving]);
      return new Promise((resolve) => answers.push(() => resolve("kept")));
    },
  });
  text = "ab";
  draft.changed();
  mock.timers.tick(EVERY_MS);
  text = "abc";
  draft.leaving();
  draft.leaving(); // `pagehide` after `beforeunload`
  assert.deepEqual(saved, [
    ["ab", false],
    ["abc", true],
  ]);
  for (const answer of answers) answer();
  await settled();
  await draft.leaving();
  assert.equal(saved.length, 2, "all of it is kept");
});

test("a page that goes sends again what is on its way, which ends with the page", async () => {
  const saved = [];
  const draft = createDraft({
    text: () => "a",
    came: "",
    save: (body, isLeaving) => {
      saved.push([body, isLeaving]);
      return new Promise(() => {});
    },
  });
  mock.timers.tick(EVERY_MS);
  draft.now();
  draft.leaving();
  draft.leaving(); // `pagehide` after `beforeunload`
  assert.deepEqual(saved, [
    ["a", false],
    ["a", true],
  ]);
});

test("what the field was filled with by the server is not saved", async () => {
  const { draft, log } = page();
  log.text = "recalled";
  draft.agree();
  await draft.leaving();
  assert.deepEqual(log.saved, []);
});

test("what the server has beyond the field is replaced by the field", async () => {
  const { draft, log } = page();
  draft.agree("sent");
  mock.timers.tick(EVERY_MS);
  await settled();
  draft.agree(null); // what it has is not known
  await draft.now();
  await draft.now();
  assert.deepEqual(log.saved, [
    ["", false],
    ["", false],
  ]);
});

test("a page that was loaded again asks what its tab was typing, and again for what was on its way", async () => {
  const asked = [];
  const shown = [];
  globalThis.fetch = async (_address, options) => {
    asked.push(String(options.body));
    return { ok: true, json: async () => ({ body: ["a", "ab"][asked.length - 1] }) };
  };
  const done = recall("/x/", "t", { tab: () => "one", isUntouched: () => true, show: (body) => shown.push(body) });
  for (let turn = 0; turn < 8; turn += 1) {
    mock.timers.tick(1500);
    await settled();
  }
  await done;
  assert.deepEqual(asked, ["tab=one", "tab=one"]);
  assert.deepEqual(shown, ["a", "ab"]);
});

test("what is no message is asked for by its name, and an answer that knows none changes nothing", async () => {
  const asked = [];
  const shown = [];
  globalThis.fetch = async (_address, options) => {
    asked.push(String(options.body));
    return { ok: true, json: async () => (asked.length === 1 ? { fact: "what=a" } : { body: "a message" }) };
  };
  const page = { tab: () => "one", asks: "fact", isUntouched: () => true, show: (body) => shown.push(body) };
  const done = recall("/x/", "t", page);
  for (let turn = 0; turn < 8; turn += 1) {
    mock.timers.tick(1500);
    await settled();
  }
  await done;
  assert.deepEqual(asked, ["tab=one&asks=fact", "tab=one&asks=fact"]);
  assert.deepEqual(shown, ["what=a"]);
});

test("nothing is asked or shown during a quick exit", async () => {
  let asked = 0;
  const shown = [];
  const { classList } = document.documentElement;
  globalThis.fetch = async () => {
    asked += 1;
    classList.contains = () => true; // it is pressed while the answer is on its way
    return { ok: true, json: async () => ({ body: "a" }) };
  };
  const page = { tab: () => "one", isUntouched: () => true, show: (body) => shown.push(body) };
  const done = recall("/x/", "t", page);
  for (let turn = 0; turn < 8; turn += 1) {
    mock.timers.tick(1500);
    await settled();
  }
  await done;
  assert.equal(asked, 1);
  assert.deepEqual(shown, []);
});

test("nothing is asked or shown once somebody types", async () => {
  let isUntouched = true;
  const shown = [];
  globalThis.fetch = async () => {
    isUntouched = false; // meanwhile
    return { ok: true, json: async () => ({ body: "a" }) };
  };
  const done = recall("/x/", "t", {
    tab: () => "one",
    isUntouched: () => isUntouched,
    show: (body) => shown.push(body),
  });
  for (let turn = 0; turn < 8; turn += 1) {
    mock.timers.tick(1500);
    await settled();
  }
  await done;
  assert.deepEqual(shown, []);
});

test("a text that turned out to be another tab's is not shown", async () => {
  let name = "theirs";
  const shown = [];
  globalThis.fetch = async (_address, options) => {
    const asked = options.body.get("tab");
    name = "own"; // the other tab answers meanwhile
    return { ok: true, json: async () => ({ body: `of ${asked}` }) };
  };
  const page = { tab: () => name, isUntouched: () => true, show: (body) => shown.push(body) };
  const done = recall("/x/", "t", page);
  for (let turn = 0; turn < 8; turn += 1) {
    mock.timers.tick(1500);
    await settled();
  }
  await done;
  assert.deepEqual(shown, ["of own"]);
});

test("a save that failed is tried again, later", async () => {
  const { log, type } = page(["later"]);
  type("a");
  mock.timers.tick(EVERY_MS);
  await settled();
  mock.timers.tick(EVERY_MS);
  assert.equal(log.saved.length, 1);
  mock.timers.tick(10_000);
  await settled();
  assert.equal(log.saved.length, 2);
});

test("nothing is saved once the visit is over", async () => {
  const { draft, log, type } = page(["never"]);
  type("a");
  await draft.leaving();
  type("b");
  mock.timers.tick(60_000);
  await draft.leaving();
  assert.equal(log.saved.length, 1);
});

test("a quick exit saves nothing", async () => {
  let asked = 0;
  globalThis.fetch = async () => {
    asked += 1;
    return { ok: true, status: 204 };
  };
  const root = document.documentElement;
  root.classList.contains = () => true;
  assert.equal(await saveTo("/x/", "t", () => "one")("a", true), "never");
  assert.equal(asked, 0);
  root.classList.contains = () => false;
  assert.equal(await saveTo("/x/", "t", () => "one")("a", true), "kept");
  assert.equal(asked, 1);
});

test("a save waits for its turn on a busy server, but not for ever", async (t) => {
  const limit = new AbortController();
  const given = [];
  t.mock.method(AbortSignal, "timeout", (ms) => {
    given.push(ms);
    return limit.signal;
  });
  globalThis.fetch = (_address, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const answer = saveTo("/x/", "t", () => "one")("a", false);
  limit.abort();
  assert.equal(await answer, "later");
  assert.deepEqual(given, [TURN_MS]);
});

test("a form is saved by its fields, a message as its text", async () => {
  const sent = [];
  globalThis.fetch = async (_address, options) => {
    sent.push(String(options.body));
    return { ok: true, status: 204 };
  };
  await saveTo("/x/", "t", () => "one")("a", false);
  await saveTo(
    "/x/",
    "t",
    () => "one",
    (body) => ({ what: body }),
  )("a", false);
  assert.deepEqual(sent, ["body=a&tab=one&at=0", "what=a&tab=one&at=0"]);
});

test("what is gone is saved no more; a process of the version before, which knows no draft, ends nothing", async () => {
  const answers = { 401: "never", 404: "later", 410: "never", 429: "later", 503: "later", 204: "kept" };
  for (const [status, answer] of Object.entries(answers)) {
    globalThis.fetch = async () => ({ ok: status < 300, status: Number(status) });
    assert.equal(await saveTo("/x/", "t", () => "one")("a", false), answer, status);
  }
});

test("of a long text that was pasted, what the server keeps is sent: it refuses all of it whole", async () => {
  const sent = [];
  globalThis.fetch = async (_address, options) => {
    sent.push(options.body);
    return { ok: true, status: 204 };
  };
  const long = "é".repeat(300_000);
  assert.equal(await saveTo("/x/", "t", () => "one")(long, false), "kept");
  const fields = (body) => ({ place: "Lyon", what: body });
  await saveTo("/x/", "t", () => "one", fields)(long, false);
  assert.equal(sent[0].get("body"), "é".repeat(20_000));
  assert.deepEqual([sent[1].get("place"), sent[1].get("what").length], ["Lyon", 20_000]);
  for (const body of sent) assert.ok(body.toString().length < 256 * 1024);
});

test("what outlives its page is as short in bytes as a browser allows, whatever the letters", async () => {
  const sent = [];
  globalThis.fetch = async (_address, options) => {
    sent.push([options.keepalive, options.body.toString().length]);
    return { ok: true, status: 204 };
  };
  for (const text of ["a".repeat(20_000), "ا".repeat(9000), "ا".repeat(11_000), "文".repeat(7000)])
    await saveTo("/x/", "t", () => "one")(text, true);
  assert.deepEqual(
    sent.map(([isKept]) => isKept),
    [true, true, false, false],
  );
  for (const [isKept, bytes] of sent) assert.equal(isKept, bytes < 60_000);
});

test("a text of which the server keeps the beginning alone does not count as kept", async () => {
  const { draft, type } = page();
  for (const [size, isKept] of [
    [20_000, true],
    [20_001, false],
  ]) {
    type("a".repeat(size));
    await draft.now();
    assert.equal(draft.isKept(), isKept, size);
  }
});
