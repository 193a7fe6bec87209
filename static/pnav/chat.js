/* The visitor's exchange, as docs/protocol.md says. Texts come from the page; what is typed stays in memory. */
(() => {
  "use strict";
  const root = document.getElementById("chat");
  if (!root || !window.WebSocket || !window.fetch) return;

  const $ = (id) => document.getElementById(id);
  const said = JSON.parse(root.dataset.words);
  const list = $("messages"), box = $("body"), form = $("compose"), end = $("fin");
  const discreet = "discreet" in root.dataset, limit = Number(root.dataset.maxLength);
  const title = document.title;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const jitter = (ms) => ms * (0.5 + Math.random());
  const show = (node, text) => { node.textContent = text; node.hidden = !text; };

  let status = root.dataset.status, interlocutor = root.dataset.interlocutor;
  let lastSeq = Number(root.dataset.lastSeq), readSent = 0;
  let socket = null, everOpened = false, failures = 0, heardAt = 0, retry = 0;
  let overHttp = false, polls = 0, exchanging = false;
  let ready = false, over = false, atEnd = true, unread = 0;
  let inFlight = null, patience = 0, bannerTimer = 0, typingTimer = 0, typedAt = 0;
  const outbox = []; // {id, body, node, tries}: not yet acknowledged, in order; one on its way at a time

  /* --- drawing --- */

  const part = (node, name) => node.querySelector(`[data-part=${name}]`);

  function setTime(node, iso) {
    const at = new Date(iso), format = { hour: "2-digit", minute: "2-digit" };
    if (at.toDateString() !== new Date().toDateString()) Object.assign(format, { day: "numeric", month: "long" });
    node.dateTime = iso;
    node.textContent = new Intl.DateTimeFormat(document.documentElement.lang, format).format(at);
  }

  function draw(message) {
    const node = $("message-template").content.firstElementChild.cloneNode(true);
    node.dataset.author = message.author;
    node.dataset.seq = message.seq || "";
    const names = { reporter: said.you, agent: interlocutor, system: said.system };
    part(node, "name").textContent = names[message.author];
    setTime(part(node, "time"), message.sent_at);
    part(node, "body").textContent = message.body;
    part(node, "state").textContent = message.author === "reporter" ? said.sent : "";
    return node;
  }

  function setState(node, text, kind) {
    part(node, "state").textContent = text;
    node.classList.toggle("pnav-message--waiting", kind === "waiting");
    node.classList.toggle("pnav-message--refused", kind === "refused");
  }

  const firstPending = () => (outbox.length ? outbox[0].node : null);
  const toEnd = () => end.scrollIntoView({ block: "end" });

  function place(node, own) {
    const follow = atEnd || own;
    list.insertBefore(node, own ? null : firstPending());
    if (follow) toEnd(); else $("new-messages").hidden = false;
  }

  function settle(entry, message) {
    const node = entry.node;
    outbox.splice(outbox.indexOf(entry), 1);
    if (inFlight === entry) { clearTimeout(patience); inFlight = null; }
    node.dataset.seq = message.seq;
    setTime(part(node, "time"), message.sent_at);
    setState(node, said.sent);
    // What the other side wrote meanwhile stands before; a message still waiting never does.
    if (firstPending() && firstPending().compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) {
      list.insertBefore(node, firstPending());
    }
  }

  function showRead(seq) {
    for (const node of list.querySelectorAll('[data-author="reporter"]')) {
      if (node.dataset.seq && Number(node.dataset.seq) <= seq) part(node, "state").textContent = said.read;
    }
  }

  function showStatus() {
    root.dataset.status = status;
    for (const node of root.querySelectorAll("[data-when]")) {
      node.hidden = !node.dataset.when.split(" ").includes(status);
    }
  }

  function waitWords(range) {
    if (!range) return said.wait_unknown;
    const [low, high] = range;
    const key = low === 0 ? "wait_under" : high <= 90 ? "wait_minutes" : low < 60 ? "wait_mixed" : "wait_hours";
    return fill(said[key], { low, high, low_hours: Math.floor(low / 60), hours: Math.ceil(high / 60) });
  }

  // Said again only when it changed: a screen reader reads each change.
  const say = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

  function banner(text, calm) {
    clearTimeout(bannerTimer);
    $("banner").classList.toggle("pnav-chat__banner--calm", Boolean(calm));
    show($("banner"), text);
    if (calm) bannerTimer = setTimeout(() => show($("banner"), ""), 4000);
  }

  /* --- frames from the server --- */

  const handlers = {
    messages(frame) {
      for (const message of frame.items) {
        const entry = message.author === "reporter" && outbox.find((kept) => kept.id === message.client_id);
        if (message.seq > lastSeq + 1) { send({ type: "sync", after: lastSeq }); break; } // a hole: ask for it
        const known = message.seq <= lastSeq;
        lastSeq = Math.max(lastSeq, message.seq);
        if (entry) settle(entry, message);
        else if (!known) {
          place(draw(message), false);
          if (message.author !== "reporter") notice();
        }
      }
      markRead();
      flush();
    },
    state(frame) {
      const before = status;
      status = frame.status;
      if (frame.interlocutor) interlocutor = discreet ? said.agent : frame.interlocutor;
      say($("interlocutor"), interlocutor);
      if (frame.position !== null) {
        say($("position"), frame.position === 1 ? said.position_first : fill(said.position, { n: frame.position }));
      }
      if (status === "waiting") say($("wait"), waitWords(frame.wait_minutes));
      $("nobody").hidden = status !== "waiting" || Boolean(frame.wait_minutes);
      if (frame.read_seq) showRead(frame.read_seq);
      if (status !== before) { showStatus(); typing(""); if (status === "closed") close(); else if (atEnd) toEnd(); }
      // Away for long, the place was given up; the page itself takes it back.
      if (status === "abandoned" && !document.hidden) fetch(location.pathname).then(() => send({ type: "sync", after: lastSeq }), lost);
      connected();
    },
    typing() { typing(fill(said.typing, { name: interlocutor })); },
    read(frame) { if (frame.author === "agent") showRead(frame.seq); },
    error(frame) {
      const entry = outbox.find((kept) => kept.id === frame.client_id);
      if (!entry) return;
      clearTimeout(patience);
      inFlight = null;
      if (frame.code === "unavailable" || frame.code === "rate_limited") {
        setState(entry.node, said.kept, "waiting");
        setTimeout(flush, jitter(Math.min(30000, 2000 * 2 ** entry.tries++)));
      } else {
        outbox.splice(outbox.indexOf(entry), 1);
        setState(entry.node, said.refused, "refused");
        flush();
      }
    },
  };

  function handle(frame) {
    heardAt = Date.now();
    if (Object.hasOwn(handlers, frame.type)) handlers[frame.type](frame);
  }

  function close() {
    if (box.value.trim() === "") $("compose-bar").hidden = true;
    else { $("compose-bar").hidden = false; box.readOnly = true; form.querySelector("button").hidden = true; error(said.refused); }
    $("closed-title").focus();
  }

  function typing(text) {
    clearTimeout(typingTimer);
    say($("typing"), text);
    if (text) typingTimer = setTimeout(typing, 6000, "");
  }

  function notice() {
    typing("");
    if (!document.hidden) return;
    unread += 1;
    if (!discreet) document.title = `(${unread}) ${title}`;
  }

  function markRead() {
    if (document.hidden || !atEnd || !ready || lastSeq <= readSent) return;
    readSent = lastSeq;
    send({ type: "read", seq: lastSeq });
  }

  /* --- the line: a socket, or plain requests where sockets are blocked --- */

  function connected() {
    if (ready) return;
    ready = true;
    if (!$("banner").hidden) banner(said.online, true);
    clearTimeout(bannerTimer);
    if (!$("banner").hidden) bannerTimer = setTimeout(() => show($("banner"), ""), 4000);
    $("refresh").hidden = true;
    markRead();
    flush();
  }

  function lost(now) {
    ready = false;
    clearTimeout(patience);
    inFlight = null;
    outbox.forEach((entry) => setState(entry.node, said.kept, "waiting"));
    clearTimeout(bannerTimer);
    bannerTimer = setTimeout(() => { if (!ready && !over) banner(said.offline); }, now === true ? 0 : 2500);
  }

  function ended() {
    over = true;
    drop();
    overHttp = false;
    show($("banner"), "");
    $("ended").hidden = false;
    box.readOnly = true;
    form.querySelector("button").disabled = true;
  }

  function connect() {
    clearTimeout(retry);
    if (socket || over || status === "closed") return;
    const mine = new WebSocket(location.origin.replace(/^http/, "ws") + root.dataset.socket);
    socket = mine;
    mine.onopen = () => {
      everOpened = true;
      overHttp = false;
      ready = false;
      heardAt = Date.now();
      send({ type: "sync", after: lastSeq });
    };
    mine.onmessage = (event) => { failures = 0; if (socket === mine) handle(JSON.parse(event.data)); };
    mine.onclose = (event) => { if (socket === mine) { socket = null; closed(event.code); } };
  }

  function closed(code) {
    if (over || status === "closed") return;
    if (code === 4401 || code === 4403) { ended(); return; }
    failures += 1;
    if (overHttp) return; // the requests go on
    lost();
    if (!everOpened && failures >= 2) { overHttp = true; poll(); return; }
    retry = setTimeout(connect, jitter(Math.min(30000, 700 * 2 ** (failures - 1))));
  }

  function drop() {
    const mine = socket;
    socket = null;
    if (mine) mine.close();
    return mine !== null;
  }

  function send(frame) {
    if (overHttp) exchange(frame);
    else if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  async function exchange(frame) {
    try {
      const answer = await fetch(root.dataset.frames, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": root.dataset.csrf },
        body: JSON.stringify(frame),
      });
      if (answer.status === 401) { ended(); return; }
      if (!answer.ok) throw new Error("unavailable");
      for (const item of (await answer.json()).frames) handle(item);
    } catch { lost(); }
  }

  async function poll() {
    clearTimeout(retry);
    if (!overHttp || over || status === "closed") return;
    if (++polls % 15 === 0 && !socket) connect();
    if (!exchanging) {
      exchanging = true;
      await exchange(ready ? { type: "beat", after: lastSeq } : { type: "sync", after: lastSeq });
      exchanging = false;
    }
    clearTimeout(retry);
    retry = setTimeout(poll, 4000);
  }

  const resume = () => { if (overHttp) poll(); else if (!socket) { failures = 0; connect(); } };

  setInterval(() => {
    if (overHttp || !socket || socket.readyState !== WebSocket.OPEN) return;
    if (Date.now() - heardAt > 45000) { drop(); closed(); } // a line that died without a word
    else send({ type: "beat", after: lastSeq });
  }, 20000);

  /* --- writing --- */

  const newId = () => crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(
    /[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const length = (text) => [...text].length;

  function error(text) {
    show($("body-error"), text);
    $("body-group").classList.toggle("fr-input-group--error", Boolean(text));
    box.classList.toggle("fr-input--error", Boolean(text));
    if (text) box.setAttribute("aria-invalid", "true"); else box.removeAttribute("aria-invalid");
  }

  function flush() {
    if (!ready || inFlight || !outbox.length) return;
    inFlight = outbox[0];
    setState(inFlight.node, said.pending, "waiting");
    patience = setTimeout(() => { if (overHttp) lost(); else if (drop()) closed(); }, 10000);
    send({ type: "post", client_id: inFlight.id, body: inFlight.body });
  }

  function post() {
    const body = box.value.trim();
    if (over || status === "closed") return;
    if (!body) { error(said.empty); box.focus(); return; }
    if (length(body) > limit) { error(said.too_long); box.focus(); return; }
    error("");
    const node = draw({ author: "reporter", sent_at: new Date().toISOString(), body });
    setState(node, ready ? said.pending : said.kept, "waiting");
    place(node, true);
    outbox.push({ id: newId(), body, node, tries: 0 });
    box.value = "";
    count();
    box.focus({ preventScroll: true });
    flush();
  }

  function count() {
    const n = length(box.value.trim());
    say($("body-count"), n > limit - 300 ? fill(said.count, { n }) : "");
  }

  form.addEventListener("submit", (event) => { event.preventDefault(); post(); });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); post(); }
  });
  box.addEventListener("input", () => {
    count();
    if (status !== "active" || overHttp || !ready || Date.now() - typedAt < 3000) return;
    typedAt = Date.now();
    send({ type: "typing" });
  });

  $("code-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(event.target.action, {
        method: "POST",
        headers: { Accept: "application/json", "X-CSRFToken": root.dataset.csrf },
      });
      if (!answer.ok) throw new Error("refused");
      $("code").textContent = (await answer.json()).code;
      $("code-shown").hidden = false;
      show($("code-error"), "");
    } catch { show($("code-error"), said.code_failed); }
  });

  /* --- the world around --- */

  new IntersectionObserver(([entry]) => {
    atEnd = entry.isIntersecting;
    if (atEnd) { $("new-messages").hidden = true; markRead(); }
  }, { rootMargin: "0px 0px -80px" }).observe(end);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    document.title = title;
    resume();
    send({ type: "beat", after: lastSeq });
    markRead();
  });
  window.addEventListener("offline", () => { drop(); lost(true); });
  window.addEventListener("online", resume);

  for (const node of list.querySelectorAll("time")) setTime(node, node.dateTime);
  count();
  if (status === "active" && list.children.length) toEnd();
  connect();
})();
