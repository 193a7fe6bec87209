/* The line to the server, as docs/protocol.md says: a socket, or plain requests where sockets are blocked.
   It knows frames and time, not the page. What it is given: `address` (of the socket), `frames` (of the requests), `csrf`,
   `after()` (the last message the page has), `wanted()` (whether a line is still needed), and whom to tell: `hear(frame)`,
   `changed(state)` with "connected", "reconnecting" (at once) or "lost" (for long; the attempts go on), `ended()`. */
"use strict";
window.pnavLine = ({ address, frames, csrf, after, wanted, hear, changed, ended }) => {
  const BEAT = 20000, ANSWER = 5000, OPENING = 8000, LOST = 30000, POLL = 4000, STABLE = 10000, ASLEEP = 60000, OPEN = 1;
  const between = (low, high) => low + Math.random() * (high - low);
  // The first attempt comes soon, though not from thousands of pages in the same instant; the others ever more rarely.
  const pause = (failures) =>
    failures < 2 ? between(50, 500) : between(0.5, 1.5) * Math.min(20000, 500 * 2 ** (failures - 1));

  let socket = null, overHttp = false, state = "", over = false, impatient = false;
  let failures = 0, everOpened = false, readyAt = 0, heardAt = 0, socketAt = 0; // times in ms
  let next = 0, silence = 0, loss = 0; // timers
  const ready = () => state === "connected";
  const sync = () => ({ type: "sync", after: after() });

  function become(now) {
    if (now === state) return;
    state = now;
    changed(state);
  }

  function connected() {
    if (ready()) return;
    clearTimeout(loss);
    loss = 0;
    impatient = false;
    readyAt = Date.now();
    become("connected");
  }

  const giveUp = () => { if (!over && wanted()) become("lost"); };

  // One more failure; a line that had been good for a while begins anew.
  function broken() {
    failures = ready() && Date.now() - readyAt > STABLE ? 1 : failures + 1;
    if (state !== "lost") become("reconnecting");
    loss ||= setTimeout(giveUp, LOST);
  }

  function end() {
    if (over) return;
    over = true;
    [next, silence, loss].forEach(clearTimeout);
    const mine = socket;
    socket = null;
    if (mine) mine.close();
    ended();
  }

  function receive(frame) {
    if (over) return;
    hear(frame);
    // A place given up is taken back first, by the page.
    if (frame.type === "state" && frame.status !== "abandoned") connected();
    else if (ready()) return;
    else if (frame.type === "beat") send(sync());
    else if (frame.type === "error" && !frame.client_id) {
      clearTimeout(next);
      next = setTimeout(() => { if (!ready()) send(sync()); }, between(1000, 3000));
    }
  }

  /* --- the socket --- */

  function connect() {
    clearTimeout(next);
    if (socket || over || !wanted()) return;
    const mine = socket = new WebSocket(address);
    expect(OPENING); // some firewalls swallow everything without a word
    mine.onopen = () => { if (socket === mine) mine.send(JSON.stringify(sync())); };
    mine.onclose = (event) => { if (socket === mine) { socket = null; hungUp(event.code); } };
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      clearTimeout(silence);
      heardAt = Date.now();
      everOpened = true;
      overHttp = false;
      receive(JSON.parse(event.data));
    };
  }

  function expect(ms) {
    clearTimeout(silence);
    silence = setTimeout(cut, ms);
  }

  // A line that is dead, or taken for dead.
  function cut() {
    if (overHttp) { poll(); return; }
    const mine = socket;
    if (!mine) return;
    socket = null;
    mine.close();
    hungUp();
  }

  async function hungUp(code) {
    clearTimeout(silence);
    if (over) return;
    if (code === 4401 || code === 4403) { end(); return; }
    if (overHttp || !wanted()) return; // the requests go on
    broken();
    clearTimeout(next);
    if (failures < (everOpened ? 2 : 1) || !await fallBack()) retryLater();
  }

  function retryLater() {
    if (over || socket || overHttp) return;
    if (impatient) giveUp();
    clearTimeout(next);
    next = setTimeout(connect, pause(failures));
  }

  /* --- plain requests --- */

  // The frames that answer one frame, or null when nothing usable came back.
  async function request(frame) {
    try {
      const answer = await fetch(frames, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
        body: JSON.stringify(frame),
        signal: AbortSignal.timeout?.(OPENING),
      });
      if (answer.status === 401) end();
      return answer.ok ? (await answer.json()).frames : null;
    } catch {
      return null; // no network, or somebody else's page: said by the state of the line
    }
  }

  // A socket failed: do requests pass? Then they carry the conversation, and a socket is tried again now and then.
  async function fallBack() {
    const answers = await request(sync());
    if (!answers || over || socket) return false;
    overHttp = true;
    socketAt = Date.now() + between(15000, 45000);
    answers.forEach(receive);
    clearTimeout(next);
    next = setTimeout(poll, POLL);
    return true;
  }

  async function poll() {
    clearTimeout(next);
    if (!overHttp || over || !wanted()) return;
    if (Date.now() > socketAt) {
      socketAt = Date.now() + between(30000, 90000);
      connect();
    }
    await send(ready() ? { type: "beat", after: after() } : sync());
    clearTimeout(next);
    if (overHttp) next = setTimeout(poll, between(0.75, 1.25) * POLL);
  }

  async function send(frame) {
    if (over) return;
    if (!overHttp) {
      if (socket && socket.readyState === OPEN) socket.send(JSON.stringify(frame));
      return;
    }
    const answers = await request(frame);
    if (answers) answers.forEach(receive);
    else if (overHttp && !over) {
      overHttp = false;
      broken();
      retryLater();
    }
  }

  /* --- time --- */

  // The page may have slept, timers and all: a line not heard of for that long is dead, any other is asked.
  function wake() {
    if (overHttp) poll();
    else if (!socket) connect();
    else if (socket.readyState === OPEN) {
      if (Date.now() - heardAt > ASLEEP) { cut(); return; }
      expect(ANSWER);
      send({ type: "beat", after: after() });
    }
  }

  setInterval(() => { if (!overHttp && socket) wake(); }, BEAT);
  become("reconnecting");
  loss = setTimeout(giveUp, LOST);
  connect();

  return {
    get ready() { return ready(); },
    get isSlow() { return overHttp; },
    send,
    cut,
    wake,
    end, // said by another answer than the line's
    again: () => send(sync()),
    // Asked for by the person: now, and an honest answer soon.
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
