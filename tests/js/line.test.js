import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { openLine } from "../../static/pnav/lib/line.js";
import { pause } from "../../static/pnav/lib/timers.js";

/** A network in the hands of the tests: sockets and requests that answer as it is told. */
let network;

class FakeSocket {
  readyState = 0;
  sent = [];

  constructor(address) {
    this.address = address;
    network.sockets.push(this);
    if (network.opens) {
      setTimeout(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.onopen();
        network.onOpen(this);
      }, 5);
    } else if (network.refuses) setTimeout(() => this.hangUp(1006), 5);
  }

  send(text) {
    const frame = JSON.parse(text);
    this.sent.push(frame);
    if (network.answers) network.answers(this, frame);
  }

  says(frame) {
    if (this.readyState === 1) this.onmessage({ data: JSON.stringify(frame) });
  }

  hangUp(code) {
    this.readyState = 3;
    this.onclose({ code });
  }

  close() {
    this.readyState = 3;
  }
}

const STATE = { type: "state", status: "active", last_seq: 0 };
const states = (socket, frame) => socket.says(frame.type === "beat" ? { type: "beat" } : STATE);

const clock = { pass: (ms) => mock.timers.tick(ms) };
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

function line(options = {}) {
  const log = { states: [], heard: [], ended: 0, slow: [], begun: 0 };
  const opened = openLine({
    address: "ws://test/",
    frames: "/trames/",
    csrf: () => "token",
    hello: () => ({ type: "sync", after: 0 }),
    beat: () => ({ type: "beat", after: 0 }),
    round: () => [{ type: "sync", after: 0 }],
    connects: ({ type, status }) => type === "state" && status !== "abandoned",
    wanted: () => true,
    hear: (frame) => log.heard.push(frame.type),
    changed: (state, why) => log.states.push(why ? `${state}:${why}` : state),
    slowed: (isSlow) => log.slow.push(isSlow),
    begins: () => {
      log.begun += 1;
    },
    ended: () => {
      log.ended += 1;
    },
    ...options,
  });
  return { line: opened, log };
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  network = { sockets: [], asked: [], opens: true, refuses: false, http: false, onOpen() {}, answers: states };
  globalThis.WebSocket = FakeSocket;
  globalThis.fetch = async (address, options) => {
    network.asked.push({ address, frame: JSON.parse(options.body), signal: options.signal });
    if (!network.http) throw new TypeError("no network");
    return { ok: true, status: 200, redirected: false, json: async () => ({ frames: network.http }) };
  };
});

test("a new socket is greeted, and connected once a state has come", () => {
  network.answers = null;
  const { log } = line();
  clock.pass(5);
  assert.deepEqual(network.sockets[0].sent, [{ type: "sync", after: 0 }]);
  assert.deepEqual(log.states, ["reconnecting"]);
  network.sockets[0].says({ type: "messages", items: [] });
  assert.deepEqual(log.states, ["reconnecting"]);
  network.sockets[0].says(STATE);
  assert.deepEqual(log.states, ["reconnecting", "connected"]);
});

test("a line that shakes hands and delivers nothing is taken for dead, and requests take over", async () => {
  network.answers = null;
  network.http = [STATE];
  const { line: mine, log } = line();
  clock.pass(8000); // the handshake itself stops no clock
  await settle();
  assert.deepEqual(log.slow, [true]);
  assert.deepEqual(log.states, ["reconnecting", "connected"]);
  assert.ok(mine.isSlow && mine.ready);
});

test("a line that says nothing and a network that answers nothing are said to be lost after half a minute", async () => {
  network.answers = null;
  const { log } = line();
  for (let second = 0; second < 31; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.deepEqual(log.states, ["reconnecting", "lost"]);
});

test("a line that goes silent is noticed 25 seconds later at most", () => {
  const { log } = line();
  clock.pass(5);
  for (let second = 0; second < 47; second += 1) clock.pass(1000); // two beats, answered
  const [first] = network.sockets;
  assert.equal(first.sent.filter(({ type }) => type === "beat").length, 2);
  network.answers = null; // silent from here on, and nobody says so
  let noticed = 0;
  while (log.states.at(-1) === "connected") {
    clock.pass(100);
    noticed += 100;
  }
  assert.ok(noticed <= 25_000, `${noticed} ms`);
  assert.equal(log.states.at(-1), "reconnecting");
  clock.pass(500);
  assert.equal(network.sockets.length, 2);
});

test("a page that wakes notices within five seconds", () => {
  const { line: mine, log } = line();
  clock.pass(5);
  network.answers = null;
  mine.wake();
  clock.pass(4999);
  assert.equal(log.states.at(-1), "connected");
  clock.pass(1);
  assert.equal(log.states.at(-1), "reconnecting");
  network.answers = states;
  for (let tenth = 0; tenth < 25; tenth += 1) clock.pass(100); // before a word is said of it
  assert.equal(network.sockets.length, 2);
  assert.deepEqual(network.sockets[1].sent[0], { type: "sync", after: 0 });
  assert.equal(log.states.at(-1), "connected");
});

test("a page that slept for long, and that no event woke, notices once its timers go on", async () => {
  const { log } = line();
  clock.pass(5);
  network.answers = null; // the line died meanwhile
  mock.timers.setTime(1_000_000 + 3 * 3_600_000);
  for (let second = 0; log.states.at(-1) === "connected"; second += 1) {
    assert.ok(second < 25, "it is not noticed");
    clock.pass(1000);
    await settle();
  }
  network.answers = states;
  for (let second = 0; second < 10; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.ok(network.sockets.length >= 2);
  assert.deepEqual(log.states, ["reconnecting", "connected", "reconnecting", "connected"]);
});

test("a line that shakes hands and delivers nothing, again and again, never counts as connected", async () => {
  const { log } = line();
  clock.pass(5);
  network.answers = null; // every further handshake passes, and nothing after it
  for (let second = 0; second < 120; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.deepEqual(log.states, ["reconnecting", "connected", "reconnecting", "lost"]);
  assert.ok(network.sockets.length > 2, `${network.sockets.length} tries`);
});

test("a page that slept for long takes another line at once", () => {
  const { line: mine, log } = line();
  clock.pass(5);
  mock.timers.setTime(1_000_000 + 3 * 3_600_000); // timers stand still in a machine that sleeps
  mine.wake();
  assert.equal(log.states.at(-1), "reconnecting");
});

test("ticks of a clock that is not slowed down beat and notice in its place", () => {
  const { line: mine, log } = line();
  clock.pass(5);
  const [first] = network.sockets;
  const real = globalThis.setTimeout;
  globalThis.setTimeout = () => 0; // as in a page that has been hidden for minutes: they do not come
  network.answers = null;
  mine.wake();
  mock.timers.setTime(1_000_000 + 5 + 5000);
  mine.tick();
  globalThis.setTimeout = real;
  assert.equal(first.readyState, 3);
  assert.equal(log.states.at(-1), "reconnecting");
});

test("in a hidden page too, by ticks alone, a line that goes silent is noticed within 25 seconds", () => {
  const real = globalThis.setTimeout;
  globalThis.setTimeout = (act, ms) => (ms === 5 ? real(act, ms) : 0); // the network goes on, the page's timers do not
  try {
    const { line: mine, log } = line();
    clock.pass(5);
    const tick = (at) => {
      clock.pass(5000 + (at % 2 ? 40 : -40)); // a worker's ticks are not to the millisecond either
      mine.tick();
    };
    for (let at = 0; at < 24; at += 1) tick(at); // two minutes, answered
    assert.equal(log.states.at(-1), "connected");
    assert.equal(network.sockets[0].sent.filter(({ type }) => type === "beat").length, 6);
    network.answers = null;
    const silent = Date.now();
    for (let at = 0; log.states.at(-1) === "connected"; at += 1) tick(at);
    assert.ok(Date.now() - silent <= 25_100, `${Date.now() - silent} ms`);
  } finally {
    globalThis.setTimeout = real;
  }
});

test("an answer in time is no alarm", () => {
  const { line: mine, log } = line();
  clock.pass(5);
  for (let minute = 0; minute < 60; minute += 1) {
    mine.wake();
    clock.pass(60_000);
  }
  assert.deepEqual(log.states, ["reconnecting", "connected"]);
  assert.equal(network.sockets.length, 1);
});

test("requests carry the frames where sockets are refused, one turn every few seconds, with a time-out", async () => {
  network.opens = false;
  network.refuses = true;
  network.http = [STATE];
  const { line: mine, log } = line({ round: () => [{ type: "beat" }, { type: "sync", after: 3 }] });
  clock.pass(5);
  await settle();
  assert.deepEqual(log.states, ["reconnecting", "connected"]);
  assert.ok(mine.isSlow);
  clock.pass(0);
  await settle();
  assert.deepEqual(
    network.asked.slice(0, 3).map(({ frame }) => frame.type),
    ["beat", "beat", "sync"],
  );
  assert.ok(network.asked.every(({ signal }) => signal instanceof AbortSignal));
  const before = network.asked.length;
  clock.pass(5000);
  await settle();
  assert.equal(network.asked.length, before + 2);
});

test("a socket is tried again now and then, and takes over when it delivers", async () => {
  network.opens = false;
  network.refuses = true;
  network.http = [STATE];
  const { log } = line();
  clock.pass(5);
  await settle();
  network.opens = true;
  for (let second = 0; second < 60 && log.slow.at(-1) !== false; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.deepEqual(log.slow, [true, false]);
  assert.deepEqual(log.states, ["reconnecting", "connected"]); // it was never gone
});

test("where sockets have passed before, one is tried again within seconds", async () => {
  network.http = [STATE];
  const { log } = line();
  clock.pass(5);
  network.opens = false;
  network.refuses = true;
  network.sockets[0].hangUp(1012);
  for (let turn = 0; turn < 20 && !log.slow.length; turn += 1) {
    clock.pass(100);
    await settle();
  }
  assert.deepEqual(log.slow, [true]);
  network.opens = true;
  for (let second = 0; second < 10 && log.slow.length < 2; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.deepEqual(log.slow, [true, false]);
});

test("a page that wakes on plain requests tries a socket at once", async () => {
  network.opens = false;
  network.refuses = true;
  network.http = [STATE];
  const { line: mine, log } = line();
  clock.pass(5);
  await settle();
  network.opens = true;
  mine.wake();
  clock.pass(5);
  await settle();
  assert.deepEqual(log.slow, [true, false]);
});

test("a socket that is swallowed while requests carry the frames is let go, and another is tried later", async () => {
  network.opens = false;
  network.refuses = true;
  network.http = [STATE];
  line();
  clock.pass(5);
  await settle();
  network.refuses = false; // from here on handshakes get no answer at all
  for (let second = 0; second < 300; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.ok(network.sockets.length >= 3, `${network.sockets.length} tries`);
  assert.ok(network.sockets.slice(0, -1).every(({ readyState }) => readyState === 3));
});

test("when requests fail too, the line is reconnecting, and sockets are tried", async () => {
  network.opens = false;
  network.refuses = true;
  network.http = [STATE];
  const { log } = line();
  clock.pass(5);
  await settle();
  network.http = false;
  network.refuses = false;
  network.opens = true;
  clock.pass(5000);
  await settle();
  assert.equal(log.states.at(-1), "reconnecting");
  for (let turn = 0; turn < 20; turn += 1) clock.pass(100);
  assert.equal(log.states.at(-1), "connected");
});

test("an answer that was led elsewhere is no answer", async () => {
  network.opens = false;
  network.refuses = true;
  globalThis.fetch = async () => ({ ok: true, status: 200, redirected: true, json: async () => ({ frames: [STATE] }) });
  const { log } = line();
  clock.pass(5);
  await settle();
  assert.deepEqual(log.states, ["reconnecting"]);
});

for (const code of [4401, 4403]) {
  test(`a visit that is over (${code}) ends the line`, () => {
    const { line: mine, log } = line();
    clock.pass(5);
    network.sockets[0].hangUp(code);
    assert.equal(log.ended, 1);
    mine.wake();
    clock.pass(120_000);
    assert.equal(network.sockets.length, 1);
  });
}

test("a session with a new key is tried once more, and ends when it is refused then", () => {
  const { log } = line({ retriesSession: true });
  clock.pass(5);
  network.sockets[0].hangUp(4401);
  assert.equal(log.ended, 0);
  assert.deepEqual(log.states, ["reconnecting", "connected", "reconnecting:session"]);
  network.opens = false;
  clock.pass(500);
  assert.equal(network.sockets.length, 2);
  network.sockets[1].hangUp(4401); // not let in
  assert.equal(log.ended, 1);
});

test("a new key is told of before the page is asked whether it wants a line", () => {
  let isWanted = true;
  const changed = (_state, why) => {
    isWanted ||= why === "session";
  };
  const { log } = line({ retriesSession: true, wanted: () => isWanted, changed });
  clock.pass(5);
  isWanted = false; // as that of a person whose exchange has ended
  network.sockets[0].hangUp(4401);
  assert.equal(log.ended, 0);
  clock.pass(500);
  clock.pass(5);
  assert.deepEqual(network.sockets[1].sent, [{ type: "sync", after: 0 }]);
});

test("a request that is refused ends the line", async () => {
  network.opens = false;
  network.refuses = true;
  globalThis.fetch = async () => ({ ok: false, status: 401, redirected: false });
  const { log } = line();
  clock.pass(5);
  await settle();
  assert.equal(log.ended, 1);
});

test("an error that is of no message asks again while the line is not connected", () => {
  network.answers = null;
  line();
  clock.pass(5);
  network.sockets[0].says({ type: "error", code: "unavailable" });
  clock.pass(3000);
  assert.equal(network.sockets[0].sent.filter(({ type }) => type === "sync").length, 2);
});

test("an error that answers what is asked outside of a round leaves the rounds as they are", async () => {
  network.opens = false;
  network.refuses = true;
  network.http = [{ type: "error", code: "unavailable" }];
  const { line: mine, log } = line();
  clock.pass(5);
  await settle();
  assert.deepEqual(log.slow, [true]);
  mine.again();
  await settle();
  network.http = [STATE];
  clock.pass(3000);
  await settle();
  assert.equal(log.states.at(-1), "connected");
  const before = network.asked.length;
  for (let second = 0; second < 20; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.ok(network.asked.length - before >= 3, "the line lives by its rounds");
});

test("a place that was given up is no connection", () => {
  network.answers = null;
  const { log } = line();
  clock.pass(5);
  network.sockets[0].says({ ...STATE, status: "abandoned" });
  assert.deepEqual(log.states, ["reconnecting"]);
});

test("asked for by the person, the answer comes soon and is honest", async () => {
  network.opens = false;
  network.refuses = true;
  const { line: mine, log } = line();
  for (let second = 0; second < 31; second += 1) {
    clock.pass(1000);
    await settle();
  }
  assert.equal(log.states.at(-1), "lost");
  mine.retry();
  clock.pass(10);
  await settle();
  assert.deepEqual(log.states.slice(-2), ["reconnecting", "lost"]);
});

test("whoever needs no line opens none", () => {
  line({ wanted: () => false });
  assert.equal(network.sockets.length, 0);
});

test("each new beginning is told before the frames that it brings", () => {
  const order = [];
  line({ begins: () => order.push("begins"), hear: ({ type }) => order.push(type) });
  clock.pass(5);
  assert.deepEqual(order, ["begins", "state"]);
});

const PAGES = 300;

test("hundreds of pages do not come back in one instant", async () => {
  for (let page = 0; page < PAGES; page += 1) line();
  clock.pass(20_000);
  const live = () => network.sockets.filter(({ readyState }) => readyState === 1);
  const attempts = [];
  const cut = (code) => {
    attempts.length = 0;
    const at = Date.now();
    globalThis.WebSocket = class extends FakeSocket {
      constructor(address) {
        super(address);
        attempts.push(Date.now() - at);
      }
    };
    for (const socket of live()) socket.hangUp(code);
  };
  assert.equal(live().length, PAGES);

  // A restart: everybody within half a second, spread over it.
  cut(1012);
  for (let ms = 0; ms < 60; ms += 1) clock.pass(10);
  assert.equal(attempts.length, PAGES);
  assert.ok(Math.min(...attempts) >= 50 && Math.max(...attempts) <= 510);
  for (let low = 50; low < 500; low += 50) {
    assert.ok(attempts.filter((moment) => low <= moment && moment < low + 50).length < PAGES / 5);
  }
  assert.equal(live().length, PAGES);

  // A long outage: ever more rarely, never together; half a minute after it everybody is there.
  clock.pass(20_000);
  network.opens = false;
  network.refuses = true;
  cut(1012);
  for (let turn = 0; turn < 720; turn += 1) {
    clock.pass(250);
    await settle();
  }
  const seconds = attempts.filter((moment) => moment >= 120_000).map((moment) => Math.floor(moment / 1000));
  assert.ok(seconds.length > 0 && seconds.length < PAGES * 5);
  for (const second of new Set(seconds)) assert.ok(seconds.filter((one) => one === second).length < PAGES / 5);
  network.opens = true;
  for (let turn = 0; turn < 124; turn += 1) {
    clock.pass(250);
    await settle();
  }
  assert.equal(live().length, PAGES);
});

test("pages that are told to come back spread over two seconds, and no failure of theirs does that", () => {
  for (let page = 0; page < PAGES; page += 1) line();
  clock.pass(20_000);
  const first = network.sockets.length;
  for (const socket of network.sockets.slice(0, first)) socket.hangUp(4412);
  const arrived = [];
  for (let ms = 0; ms < 2100; ms += 10) {
    clock.pass(10);
    arrived.push(network.sockets.length - first);
  }
  assert.equal(arrived.at(-1), PAGES);
  const within = (ms) => arrived[ms / 10 - 1];
  assert.ok(within(500) < PAGES / 2, "not as after a failure, when all are back by then");
  for (let ms = 500; ms <= 2000; ms += 250) assert.ok(within(ms) - within(ms - 250) < PAGES / 3);
});

test("a pause grows with the failures, to half a minute at most", () => {
  for (let failures = 0; failures < 30; failures += 1) {
    const ms = pause(failures);
    assert.ok(ms >= 50 && ms <= 30_000);
  }
  assert.ok(pause(1) <= 500);
});
