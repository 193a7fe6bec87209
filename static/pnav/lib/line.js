/**
 * This is the line to the server, as docs/protocol.md says: a socket, or plain requests where sockets are blocked.
 *
 * A person's page and an agent's console use the same module. It knows frames and time, but nothing of the page. It
 * guarantees to both:
 *
 * - a line that died silently is noticed after 25 seconds at most (a beat every 20 seconds, answered within 5), and
 *   within 5 seconds when the page wakes (`keepAwake`);
 * - the line is « connected » once the server has delivered a frame that proves it (`connects`), and never by a
 *   handshake alone;
 * - the line reconnects within half a second, at random, and then at growing intervals. Where sockets fail and plain
 *   requests pass, these carry the frames, and a socket is tried again from time to time;
 * - no request is waited for longer than 8 seconds.
 *
 * @module
 */

import { postFrame } from "./http.js";
import { COME_BACK, FORBIDDEN, NO_SESSION } from "./protocol.js";
import { openSocket } from "./socket.js";
import { between, createTimers, pause } from "./timers.js";

export const BEAT_MS = 20_000;
const ANSWER_MS = 5000; // without an answer to a beat for this long, the socket is dead
const OPENING_MS = 8000; // without a first frame for this long, a socket has failed; so has a plain request
const LOST_MS = 30_000; // reconnecting for this long is shown as « lost »
const POLL_MS = 4000; // between two rounds of plain requests
const STABLE_MS = 10_000; // after a line was good for this long, its failures are counted from the beginning
const ASLEEP_MS = 60_000; // a socket that was silent for this long, while the page slept, is dead
// When the server tells thousands of pages to come back at once, each waits up to this long: a process admits about two
// thousand in a second.
const SPREAD_MS = 2000;
const TICK_SLACK_MS = 250; // a tick that comes a little early does not postpone a beat to the next tick

/** @typedef {import("./protocol.js").Frame} Frame */
/** @typedef {import("./protocol.js").State} State */
/** @typedef {import("./protocol.js").Options} Options */
/** @typedef {import("./protocol.js").Line} Line */

/**
 * @param {Options} options
 * @returns {Line}
 */
export const openLine = ({ beatMs = BEAT_MS, retriesSession = false, ...options }) => {
  const { wanted, changed } = options;
  const timers = createTimers();
  /** @type {import("./socket.js").Socket | null} */
  let socket = null;
  /** @type {State | ""} */
  let state = "";
  let overHttp = false;
  let isPolling = false;
  let over = false;
  let impatient = false;
  let everOpened = false;
  let failures = 0;
  let readyAt = 0; // times in ms
  let heardAt = 0;
  let socketAt = 0;
  const ready = () => state === "connected";

  /** @param {State} now @param {"" | "session"} [why] */
  function become(now, why = "") {
    if (now === state) return;
    state = now;
    changed(state, why);
  }

  function connected() {
    if (ready()) return;
    timers.clear("loss");
    impatient = false;
    readyAt = Date.now();
    become("connected");
  }

  function giveUp() {
    if (!over && wanted()) become("lost");
  }

  /** Count a failure. If the line had been good for a while, the count begins again. @param {"" | "session"} [why] */
  function broken(why = "") {
    failures = ready() && Date.now() - readyAt > STABLE_MS ? 1 : failures + 1;
    if (state !== "lost") become("reconnecting", why);
    if (!timers.has("loss")) timers.set("loss", LOST_MS, giveUp);
  }

  function end() {
    if (over) return;
    over = true;
    timers.clear();
    socket?.drop();
    socket = null;
    options.ended();
  }

  /** @param {boolean} isHttp */
  function carry(isHttp) {
    if (overHttp === isHttp) return;
    overHttp = isHttp;
    options.slowed?.(isHttp);
  }

  /** @param {Frame} frame */
  function receive(frame) {
    if (over) return;
    options.hear(frame);
    if (over) return;
    if (options.connects(frame)) connected();
    else if (ready()) return;
    else if (frame.type === "beat") greet();
    else if (frame.type === "error" && !frame.client_id) {
      // By a timer of its own, because "next" may be the next round of plain requests, on which the line lives.
      timers.set("greet", between(1000, 3000), () => {
        if (!ready()) greet();
      });
    }
  }

  function greet() {
    const frame = options.hello();
    if (frame) send(frame);
  }

  /* --- the socket --- */

  function connect() {
    timers.clear("next");
    if (socket || over || !wanted()) return;
    socket = openSocket(options.address, {
      opened() {
        heardAt = Date.now();
        if (!overHttp) options.begins?.();
        const frame = options.hello();
        if (frame) socket?.send(frame);
      },
      heard(frame) {
        timers.clear("silence");
        heardAt = Date.now();
        everOpened = true;
        carry(false);
        receive(frame);
      },
      closed(code, wasIn) {
        socket = null;
        hungUp(code, wasIn);
      },
    });
    timers.set("silence", OPENING_MS, cut); // some firewalls drop everything silently
  }

  // Give up a line that is dead or seems to be, and try another one.
  function cut() {
    if (overHttp && !socket) {
      poll();
      return;
    }
    if (!socket) return;
    socket.drop();
    socket = null;
    hungUp();
  }

  async function hungUp(code = 0, wasIn = false) {
    timers.clear("silence");
    if (over) return;
    const isNewKey = code === NO_SESSION && wasIn && retriesSession;
    if ((code === NO_SESSION && !isNewKey) || code === FORBIDDEN) {
      end();
      return;
    }
    if (!isNewKey && (overHttp || !wanted())) return; // plain requests carry the frames and go on
    broken(isNewKey ? "session" : "");
    if (!wanted()) return; // it is asked after `changed`, because a new key may make the page want a line again
    timers.clear("next");
    if (failures < (everOpened ? 2 : 1) || !(await fallBack())) retryLater(code === COME_BACK && failures === 1);
  }

  function retryLater(isSpread = false) {
    if (over || socket || overHttp) return;
    if (impatient) giveUp();
    timers.set("next", isSpread ? between(50, SPREAD_MS) : pause(failures), connect);
  }

  /* --- plain requests --- */

  /**
   * The frames that answer one frame, or null when nothing usable came back.
   *
   * @param {Frame} frame
   */
  async function request(frame) {
    const { frames, isOver } = await postFrame(options.frames, options.csrf(), frame, OPENING_MS);
    if (isOver) end();
    return frames;
  }

  // After a socket failed, try whether plain requests pass. If so they carry the frames, and a socket is tried again
  // from time to time. Returns whether they pass.
  async function fallBack() {
    options.begins?.();
    const [first, ...others] = options.round();
    const answers = await request(first);
    if (!answers || over || socket) return false;
    carry(true);
    // Where sockets have passed before, they probably will again soon: the server restarted, or the network changed.
    socketAt = Date.now() + (everOpened ? between(2000, 5000) : between(15_000, 45_000));
    answers.forEach(receive);
    timers.set("next", others.length ? 0 : POLL_MS, poll);
    return true;
  }

  async function poll() {
    timers.clear("next");
    if (!overHttp || over || isPolling || !wanted()) return;
    isPolling = true;
    if (Date.now() > socketAt) {
      socketAt = Date.now() + between(30_000, 90_000);
      connect();
    }
    options.begins?.();
    try {
      for (const frame of options.round()) if (overHttp) await send(frame);
    } finally {
      isPolling = false;
      if (overHttp && !over) timers.set("next", between(0.75, 1.25) * POLL_MS, poll);
    }
  }

  /** @param {Frame} frame */
  async function send(frame) {
    if (over) return;
    if (!overHttp) {
      if (socket?.isOpen) socket.send(frame);
      return;
    }
    const answers = await request(frame);
    if (answers) answers.forEach(receive);
    else if (overHttp && !over) {
      carry(false);
      broken();
      retryLater();
    }
  }

  /* --- time --- */

  // Check the line after the page may have slept, and its timers with it. A socket that was silent for ASLEEP_MS is
  // dead; any other gets a beat, which it must answer.
  function wake() {
    if (over) return;
    timers.set("beat", beatMs, pulse);
    if (overHttp) {
      socketAt = 0; // the network may be another one, so a socket is tried again
      poll();
    } else if (!socket) connect();
    else if (socket.isOpen) {
      if (Date.now() - heardAt > ASLEEP_MS) {
        cut();
        return;
      }
      timers.set("silence", ANSWER_MS, cut);
      send(options.beat());
    }
  }

  function pulse() {
    if (socket && !overHttp) wake();
    else timers.set("beat", beatMs, pulse);
  }

  become("reconnecting");
  timers.set("loss", LOST_MS, giveUp);
  timers.set("beat", beatMs, pulse);
  connect();

  return {
    get ready() {
      return ready();
    },
    get isSlow() {
      return overHttp;
    },
    send,
    cut,
    wake,
    end,
    tick: () => timers.due(TICK_SLACK_MS),
    again: greet,
    retry() {
      if (ready() || over) return;
      failures = 1;
      impatient = true;
      become("reconnecting");
      if (socket) cut();
      else connect();
    },
  };
};
