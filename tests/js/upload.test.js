import assert from "node:assert/strict";
import { test } from "node:test";

import { idOf, sendFile } from "../../static/pnav/chat/upload.js";

const SLICE = 10;

/** A server of one file, whose answers may be lost before or after what was asked is done. */
function server({ size, losses = [], refuse = null }) {
  const state = { received: -1, slices: [], begun: 0 };
  const lost = () => losses.shift() ?? "";
  const told = () => ({
    status: 200,
    body: { received: state.received, slice: SLICE, is_whole: state.received === size },
  });
  return {
    state,
    async begin() {
      const loss = lost();
      if (loss === "before") return null;
      state.begun += 1;
      if (refuse) return refuse;
      state.received = Math.max(state.received, 0);
      return loss === "after" ? null : told();
    },
    async send(_id, offset, slice) {
      const loss = lost();
      if (loss === "before") return null;
      if (loss === "busy") return { status: 503, body: {} };
      if (loss === "turn") return { status: 503, body: { busy: true } };
      if (loss === "elsewhere") state.received += SLICE; // another page sent the same slice
      if (offset !== state.received) return { status: 409, body: { received: state.received, slice: SLICE } };
      state.received += slice.size;
      state.slices.push([offset, slice.size]);
      return loss === "after" ? null : told();
    },
  };
}

const file = (size) => ({
  size,
  name: "capture.png",
  lastModified: 5,
  slice: (start, end) => new Blob([new Uint8Array(end - start)]),
});

function life(signal = { aborted: false }) {
  const slept = [];
  return { slept, signal, random: () => 0.5, sleep: async (ms) => void slept.push(ms) };
}

const quiet = { moved() {}, waiting() {} };

test("all slices are sent once, in their order, and the last one is shorter", async () => {
  const far = server({ size: 25 });
  const moved = [];
  const { end } = await sendFile(file(25), "id", far, { ...quiet, moved: (n) => moved.push(n) }, life());
  assert.equal(end, "whole");
  assert.deepEqual(far.state.slices, [
    [0, 10],
    [10, 10],
    [20, 5],
  ]);
  assert.deepEqual(moved, [0, 10, 20, 25]);
});

for (const losses of [
  ["before"],
  ["after"],
  ["", "before"],
  ["", "after"],
  ["", "", "after", "after", "before"],
  ["", "busy", "", "busy"],
  ["", "", "elsewhere"],
]) {
  test(`whatever is lost (${losses.join(", ") || "nothing"}), each slice is there once`, async () => {
    const far = server({ size: 45, losses: [...losses] });
    const waits = [];
    const own = life();
    const { end } = await sendFile(file(45), "id", far, { ...quiet, waiting: (is) => waits.push(is) }, own);
    assert.equal(end, "whole");
    assert.equal(far.state.received, 45);
    const offsets = far.state.slices.map(([offset]) => offset);
    assert.deepEqual(offsets, [...new Set(offsets)], "no slice twice");
    if (own.slept.length > 0) assert.equal(waits.at(-1), false, "and it says that it goes on");
  });
}

test("after a reload it goes on where it was", async () => {
  const far = server({ size: 45 });
  far.state.received = 30;
  await sendFile(file(45), "id", far, quiet, life());
  assert.deepEqual(far.state.slices, [
    [30, 10],
    [40, 5],
  ]);
});

test("a file that is there already sends nothing", async () => {
  const far = server({ size: 45 });
  far.state.received = 45;
  assert.equal((await sendFile(file(45), "id", far, quiet, life())).end, "whole");
  assert.deepEqual(far.state.slices, []);
});

test("what the server says of a file that was there before is told, and not what it says of what was just sent", async () => {
  const far = server({ size: 45, losses: ["", "after"] });
  const begin = far.begin;
  far.begin = async () => {
    const answer = await begin();
    const said = far.state.received === 45 ? "Déjà là" : undefined;
    return answer && { ...answer, body: { ...answer.body, said } };
  };
  far.state.received = 45;
  assert.deepEqual(await sendFile(file(45), "id", far, quiet, life()), { end: "whole", said: "Déjà là" });
  far.state.received = 40; // the answer to the last slice is lost, and the server is asked again
  far.state.begun = 0;
  assert.deepEqual(await sendFile(file(45), "id", far, quiet, life()), { end: "whole", said: "" });
  assert.equal(far.state.begun, 2);
});

test("a network that stays away is asked ever less often, fifteen seconds apart at most", async () => {
  const own = life();
  const far = server({ size: 5, losses: Array(9).fill("before") });
  await sendFile(file(5), "id", far, quiet, own);
  assert.deepEqual(own.slept, [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000]);
});

test("who waits for their turn behind others is told so, and sends the same slice again", async () => {
  const own = life();
  const far = server({ size: 25, losses: ["", "", "turn", "turn", ""] });
  const waits = [];
  const news = { ...quiet, waiting: (...told) => waits.push(told) };
  assert.equal((await sendFile(file(25), "id", far, news, own)).end, "whole");
  assert.deepEqual(waits, [
    [true, true],
    [true, true],
    [false, false],
  ]);
  assert.deepEqual(own.slept, [2_000, 4_000], "less often, for each try sends a slice for nothing");
  assert.equal(far.state.begun, 1, "nothing was begun that had to be asked for");
});

test("what is refused is not tried again, and says why", async () => {
  const far = server({ size: 5, refuse: { status: 415, body: { said: "Ce fichier…" } } });
  assert.deepEqual(await sendFile(file(5), "id", far, quiet, life()), { end: "refused", said: "Ce fichier…" });
  assert.equal(far.state.begun, 1);
});

test("the end of the visit ends it", async () => {
  const far = server({ size: 5, refuse: { status: 401, body: {} } });
  assert.equal((await sendFile(file(5), "id", far, quiet, life())).end, "over");
});

test("who stops it sends no slice more", async () => {
  const signal = { aborted: false };
  const far = server({ size: 45 });
  const news = { ...quiet, moved: (n) => (signal.aborted = n >= 20) };
  assert.equal((await sendFile(file(45), "id", far, news, life(signal))).end, "stopped");
  assert.deepEqual(far.state.slices.length, 2);
});

test("the same file has the same id in an exchange, and another one elsewhere", async () => {
  const id = await idOf("a", file(45));
  assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  assert.equal(await idOf("a", file(45)), id);
  assert.notEqual(await idOf("b", file(45)), id);
  assert.notEqual(await idOf("a", file(46)), id);
});

/** A file of which the device gives the first bytes and then no more. */
const lost = (size, given) => ({
  ...file(size),
  slice: (start, end) => {
    if (end > given) return { arrayBuffer: () => Promise.reject(new DOMException("gone", "NotFoundError")) };
    return new Blob([new Uint8Array(end - start)]);
  },
});

test("a file that the device does not give any more ends, and is not taken for a cut line", async () => {
  const far = server({ size: 25 });
  const asked = life();
  const { end } = await sendFile(lost(25, 10), "id", far, quiet, asked);
  assert.equal(end, "unread");
  assert.deepEqual(far.state.slices, [[0, 10]]);
  assert.deepEqual(asked.slept, []);
});

test("a folder has no id", async () => {
  assert.equal(await idOf("salt", lost(4096, 0)), "");
});
