import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { openVisitorLine, takePlaceBack } from "../../static/pnav/chat/visitor-line.js";
import { TURN_MS } from "../../static/pnav/lib/http.js";

let page;
let sent;
let heard;
let ends;
let isLeaving; // the quick exit was pressed (quick-exit.js)

class FakeSocket {
  constructor() {
    this.readyState = 1;
    FakeSocket.last = this;
  }
  send(text) {
    sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 3;
  }
  hear(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }
}

function look(isAway) {
  document.hidden = isAway;
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  page = new EventTarget();
  sent = [];
  isLeaving = false;
  const documentElement = { classList: { contains: (name) => isLeaving && name === "pnav-leaving" } };
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, documentElement });
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.location = { origin: "http://example.test" };
  globalThis.WebSocket = FakeSocket;
  heard = [];
  ends = 0;
  open({ socket: "/ws/", frames: "/x/", csrf: "t" });
  FakeSocket.last.hear({ type: "state", status: "waiting" });
  sent.length = 0;
});

function open(data) {
  const ended = () => {
    ends += 1;
  };
  const page_ = { wanted: () => true, hear: (frame) => heard.push(frame), changed() {}, ended };
  const line = openVisitorLine(data, () => 7, page_, new AbortController().signal);
  FakeSocket.last.onopen();
  return line;
}

test("a visit whose key changed is asked once more, and ends where it is refused then", () => {
  const first = FakeSocket.last;
  first.onclose({ code: 4401 });
  assert.equal(ends, 0);
  mock.timers.tick(1000);
  assert.notEqual(FakeSocket.last, first);
  FakeSocket.last.onclose({ code: 4401 });
  assert.equal(ends, 1);
});

const SHOWN = { socket: "/ws/", frames: "/x/", csrf: "t", conversation: "mine" };
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a page names the exchange that it shows in each frame", () => {
  const line = open(SHOWN);
  FakeSocket.last.hear({ type: "state", status: "active", conversation: "mine" });
  line.send({ type: "post", client_id: "a", body: "b" });
  look(true);
  assert.deepEqual(sent, [
    { type: "sync", after: 7, conversation: "mine" },
    { type: "post", client_id: "a", body: "b", conversation: "mine" },
    { type: "beat", after: 7, hidden: true }, // of the page that names none, below
    { type: "beat", after: 7, hidden: true, conversation: "mine" },
  ]);
});

for (const [name, frame] of Object.entries({
  messages: { type: "messages", conversation: "another", items: [{ seq: 8 }], last_seq: 8 },
  "the state": { type: "state", conversation: "another", status: "waiting" },
  "a refusal": { type: "error", code: "forbidden" },
})) {
  test(`a page ends where the visit is of another exchange by now, and shows nothing of it: ${name}`, () => {
    open(SHOWN);
    FakeSocket.last.hear({ type: "state", status: "active", conversation: "mine" });
    heard.length = 0;
    FakeSocket.last.hear(frame);
    assert.deepEqual([ends, heard], [1, []]);
    mock.timers.tick(60_000);
    assert.equal(FakeSocket.last.readyState, 3);
  });
}

test("a message of another exchange does not connect the page, nor send what waits there", () => {
  const states = [];
  const page_ = { wanted: () => true, hear() {}, changed: (state) => states.push(state), ended() {} };
  openVisitorLine(SHOWN, () => 7, page_, new AbortController().signal);
  FakeSocket.last.onopen();
  FakeSocket.last.hear({ type: "state", status: "active", conversation: "another" });
  assert.deepEqual(states, ["reconnecting"]);
});

/** The page of an exchange that has ended, whose visit then gets another key. */
function endedExchange() {
  FakeSocket.last.onclose({ code: 4403 }); // the page of the other tests is over
  const seen = { states: [], ends: 0, isWanted: true };
  const page_ = {
    wanted: () => seen.isWanted,
    hear() {},
    changed: (state) => seen.states.push(state),
    ended() {
      seen.ends += 1;
    },
  };
  openVisitorLine(SHOWN, () => 7, page_, new AbortController().signal);
  seen.first = FakeSocket.last;
  seen.first.onopen();
  seen.first.hear({ type: "state", status: "active", conversation: "mine" });
  seen.isWanted = false;
  sent.length = 0;
  return seen;
}

test("the page of an exchange that has ended asks once more when its key changed, and shows nothing of that", () => {
  const seen = endedExchange();
  seen.first.onclose({ code: 4401 });
  mock.timers.tick(1000);
  assert.notEqual(FakeSocket.last, seen.first);
  FakeSocket.last.onopen();
  assert.deepEqual(sent, [{ type: "sync", after: 7, conversation: "mine" }]);
  FakeSocket.last.hear({ type: "state", status: "closed", conversation: "mine" });
  mock.timers.tick(60_000);
  assert.deepEqual([seen.ends, seen.states], [0, ["reconnecting", "connected", "connected"]]);
});

test("it hears of the end of its visit afterwards, however often its key changed before", () => {
  const seen = endedExchange();
  const live = () => {
    for (const ms of [6000, 5000]) {
      mock.timers.tick(ms);
      FakeSocket.last.hear({ type: "beat" });
    }
  };
  for (let round = 0; round < 3; round += 1) {
    live();
    const before = FakeSocket.last;
    before.onclose({ code: 4401 });
    mock.timers.tick(1000);
    assert.notEqual(FakeSocket.last, before);
    FakeSocket.last.onopen();
    FakeSocket.last.hear({ type: "state", status: "closed", conversation: "mine" });
    assert.equal(seen.ends, 0);
  }
  live();
  FakeSocket.last.onclose({ code: 4401 });
  mock.timers.tick(1000);
  FakeSocket.last.onclose({ code: 4401 }); // refused at the door
  assert.equal(seen.ends, 1);
});

test("it ends where the visit is of another exchange by now", () => {
  const seen = endedExchange();
  seen.first.onclose({ code: 4401 });
  mock.timers.tick(1000);
  FakeSocket.last.onopen();
  FakeSocket.last.hear({ type: "error", code: "forbidden" });
  assert.equal(seen.ends, 1);
});

test("it ends where nothing answers for half a minute", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("no network");
  };
  const seen = endedExchange();
  seen.first.onclose({ code: 4401 });
  const sockets = new Set();
  for (let second = 0; second < 30; second += 1) {
    assert.equal(seen.ends, 0, `after ${second} seconds`);
    mock.timers.tick(1000);
    if (FakeSocket.last.readyState === 1) FakeSocket.last.onclose({ code: 1006 });
    FakeSocket.last.readyState = 3;
    sockets.add(FakeSocket.last);
    await settled();
  }
  assert.equal(seen.ends, 1);
  assert.ok(sockets.size > 2 && sockets.size < 12, `${sockets.size} handshakes`);
});

test("it asks nothing once it is left by the quick exit", () => {
  const seen = endedExchange();
  seen.first.onclose({ code: 4401 });
  isLeaving = true;
  page.dispatchEvent(new Event("pnav-leaving"));
  mock.timers.tick(60_000);
  assert.deepEqual([sent, FakeSocket.last === seen.first], [[], true]);
});

test("a page that goes out of sight says so at once, and at each beat", () => {
  look(true);
  assert.deepEqual(sent, [{ type: "beat", after: 7, hidden: true }]);
  FakeSocket.last.hear({ type: "beat" });
  mock.timers.tick(20_000);
  assert.deepEqual(sent.at(-1), { type: "beat", after: 7, hidden: true });
});

test("a page that is looked at again takes it back at once", () => {
  look(true);
  look(false);
  assert.deepEqual(sent.at(-1), { type: "beat", after: 7 });
});

test("a page that is left for another does not sleep, whatever the order of the events", () => {
  page.dispatchEvent(new Event("pagehide"));
  look(true);
  assert.deepEqual(sent, [
    { type: "beat", after: 7 },
    { type: "beat", after: 7 },
  ]);
});

test("a page that leaves by the quick exit cuts its line, and is no sign of life any more", () => {
  const socket = FakeSocket.last;
  isLeaving = true;
  page.dispatchEvent(new Event("pnav-leaving"));
  assert.equal(socket.readyState, 3);
  for (const name of ["online", "pagehide", "pageshow"]) page.dispatchEvent(new Event(name));
  look(true);
  look(false);
  mock.timers.tick(60_000);
  assert.deepEqual([sent, FakeSocket.last === socket], [[], true]);
});

test("a network that went takes the line of the page with it, and a page that wakes asks", () => {
  page.dispatchEvent(new Event("online"));
  assert.deepEqual(sent, [{ type: "beat", after: 7 }]);
  const socket = FakeSocket.last;
  page.dispatchEvent(new Event("offline"));
  assert.equal(socket.readyState, 3);
});

const asked = async (answer) => {
  const seen = { did: [], requests: 0, take: () => takePlaceBack(line, "/tchat/") };
  const line = { again: () => seen.did.push("again"), cut: () => seen.did.push("cut") };
  globalThis.fetch = async () => {
    seen.requests += 1;
    return answer();
  };
  seen.take();
  seen.take();
  await settled();
  return seen;
};

test("a place that was given up is taken back by one request at a time", async () => {
  const { did, requests } = await asked(() => ({ ok: true }));
  assert.deepEqual([did, requests], [["again"], 1]);
});

test("a server that has no room for the page is not asked again at once, whatever asks meanwhile", async () => {
  let hasRoom = false;
  const seen = await asked(() => ({ ok: hasRoom }));
  mock.timers.tick(2_900);
  seen.take(); // a beat, or a return to the tab
  await settled();
  assert.deepEqual([seen.did, seen.requests], [[], 1]);
  mock.timers.tick(6_100);
  await settled();
  assert.deepEqual(seen.did, ["again"]);
  hasRoom = true;
  seen.take();
  await settled();
  assert.deepEqual([seen.did, seen.requests], [["again", "again"], 2]);
});

test("the page is waited for as long as the server may let it wait", async (t) => {
  const given = [];
  t.mock.method(AbortSignal, "timeout", (ms) => {
    given.push(ms);
    return new AbortController().signal;
  });
  await asked(() => ({ ok: true }));
  assert.deepEqual(given, [TURN_MS]);
});

test("a network that is cut takes another line, and a page out of sight takes nothing back", async () => {
  const fail = () => {
    throw new TypeError("no network");
  };
  assert.deepEqual((await asked(fail)).did, ["cut"]);
  document.hidden = true;
  assert.equal((await asked(fail)).requests, 0);
});
