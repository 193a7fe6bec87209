/* The visitor's exchange, as docs/protocol.md says. Texts come from the page; what is typed stays in memory. */
(() => {
  "use strict";
  const $ = (id) => document.getElementById(id);
  const root = $("chat"), list = $("messages"), box = $("body"), form = $("compose"), end = $("fin");
  const data = root.dataset, said = JSON.parse(data.words);
  const discreet = "discreet" in data, limit = Number(data.maxLength), button = form.querySelector("button");
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const jitter = (ms) => ms * (0.5 + Math.random());
  const show = (node, text) => { node.textContent = text; node.hidden = !text; };
  // Written only when it changes: a screen reader says each change.
  const say = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

  let title = document.title, status = data.status, interlocutor = data.interlocutor, lastSeq = Number(data.lastSeq), readSent = 0;
  let socket = null, everOpened = false, failures = 0, heardAt = 0, retry = 0, overHttp = false, polls = 0;
  let ready = false, over = false, atEnd = true, unread = 0, typedAt = 0;
  let inFlight = null, patience = 0, offlineTimer = 0, calmTimer = 0, typingTimer = 0;
  const outbox = []; // {id, body, node, tries}, not acknowledged yet, in order; one at a time is on its way

  /* --- drawing --- */

  const part = (node, name) => node.querySelector(`[data-part=${name}]`);

  function setTime(node, iso) {
    const at = new Date(iso), day = at.toDateString() === new Date().toDateString() ? {} : { day: "numeric", month: "long" };
    node.dateTime = iso;
    node.textContent = at.toLocaleString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", ...day });
  }

  function draw(message) {
    const node = $("message-template").content.firstElementChild.cloneNode(true);
    node.dataset.author = message.author;
    node.dataset.seq = message.seq || "";
    part(node, "name").textContent = { reporter: said.you, agent: interlocutor, system: said.system }[message.author];
    setTime(part(node, "time"), message.sent_at);
    part(node, "body").textContent = message.body;
    if (message.author === "reporter") setState(node, said.sent);
    return node;
  }

  function setState(node, text, kind) {
    part(node, "state").textContent = text;
    node.classList.toggle("pnav-message--waiting", kind === "waiting");
    node.classList.toggle("pnav-message--refused", kind === "refused");
  }

  const isIn = ({ top, bottom, height }) => height > 0 && bottom > 0 && top < window.innerHeight;

  // The last messages and the form on screen together. Nothing moves when they are already.
  function toEnd(always) {
    const { top } = end.getBoundingClientRect();
    if (always || top < 96 || top > parseFloat(getComputedStyle(end).scrollMarginTop)) end.scrollIntoView();
  }

  // Whoever reads elsewhere keeps what they read under their eyes, whatever appears or goes above it.
  function steady(change) {
    const kept = [...list.children, ...root.querySelectorAll("aside > *, aside > section > *")]
      .find((node) => isIn(node.getBoundingClientRect()));
    const before = kept && kept.getBoundingClientRect().top;
    change();
    if (kept && !kept.hidden) window.scrollBy({ top: kept.getBoundingClientRect().top - before, behavior: "instant" });
  }

  function notice(text) {
    const { top } = end.getBoundingClientRect();
    if (top < 0 || top > window.innerHeight - 80) show($("notice"), text);
  }

  function place(node, own) {
    const follow = atEnd || own;
    const insert = () => list.insertBefore(node, own || !outbox.length ? null : outbox[0].node);
    if (follow) { insert(); toEnd(); return; }
    steady(insert);
    if (node.dataset.author !== "system" || $("notice").hidden) notice(said.new);
  }

  function leaveOutbox(entry) {
    outbox.splice(outbox.indexOf(entry), 1);
    if (inFlight === entry) { clearTimeout(patience); inFlight = null; }
  }

  function settle(entry, message) {
    leaveOutbox(entry);
    entry.node.dataset.seq = message.seq;
    setTime(part(entry.node, "time"), message.sent_at);
    setState(entry.node, said.sent);
  }

  function showRead(seq) {
    for (const node of list.querySelectorAll("[data-author=reporter]")) {
      if (node.dataset.seq && node.dataset.seq <= seq) say(part(node, "state"), said.read);
    }
  }

  function showStatus(before) {
    data.status = status;
    if (status !== "active") show($("notice"), "");
    document.title = title = title.replace(said[`title_${before}`], said[`title_${status}`]);
    for (const node of root.querySelectorAll("[data-when]")) node.hidden = !node.dataset.when.split(" ").includes(status);
  }

  function waitWords(range) {
    if (!range) return said.wait_unknown;
    const [low, high] = range;
    const key = low === 0 ? "wait_under" : high <= 90 ? "wait_minutes" : low < 60 ? "wait_mixed" : "wait_hours";
    return fill(said[key], { low, high, low_hours: Math.floor(low / 60), hours: Math.ceil(high / 60) });
  }

  function typing(text) {
    clearTimeout(typingTimer);
    say($("typing"), text);
    typingTimer = setTimeout(say, 6000, $("typing"), "");
  }

  function error(text) {
    show($("body-error"), text);
    $("body-group").classList.toggle("fr-input-group--error", Boolean(text));
    box.setAttribute("aria-invalid", Boolean(text));
    if (text) box.focus();
  }

  function banner(text, calm) {
    clearTimeout(calmTimer);
    $("banner").classList.toggle("pnav-chat__banner--calm", calm);
    show($("banner"), text);
    if (calm) calmTimer = setTimeout(banner, 4000, "", false);
  }

  /* --- frames from the server --- */

  const sync = () => send({ type: "sync", after: lastSeq });

  const handlers = {
    messages(frame) {
      for (const message of frame.items) {
        if (message.seq > lastSeq + 1) { sync(); break; } // a hole: ask for it
        const isNew = message.seq > lastSeq;
        if (isNew) lastSeq = message.seq;
        const entry = message.author === "reporter" && outbox.find((kept) => kept.id === message.client_id);
        if (entry) settle(entry, message);
        else if (isNew) {
          place(draw(message));
          if (message.author !== "reporter") typing("");
          if (document.hidden && !discreet) document.title = `(${++unread}) ${title}`;
        }
      }
      markRead();
      flush();
    },
    state(frame) {
      const before = status;
      status = frame.status;
      if (frame.interlocutor && !discreet) interlocutor = frame.interlocutor;
      say($("interlocutor"), interlocutor);
      if (status === "waiting") {
        say($("position"), frame.position === 1 ? said.position_first : fill(said.position, { n: frame.position }));
        say($("wait"), waitWords(frame.wait_minutes));
      }
      const follow = atEnd;
      const redraw = () => {
        $("nobody").hidden = status !== "waiting" || Boolean(frame.wait_minutes);
        if (status !== before && status !== "abandoned") showStatus(before);
      };
      if (follow) redraw(); else steady(redraw);
      if (status === "active" && before === "waiting") {
        if (follow) toEnd(); else notice(fill(said.arrived, { name: interlocutor.split(",")[0] }));
      }
      showRead(frame.read_seq || 0);
      if (status === "abandoned") { returned(); return; }
      if (status !== before && status === "closed") closePage();
      connected();
    },
    typing() { typing(fill(said.typing, { name: interlocutor })); },
    read(frame) { showRead(frame.seq); },
    error(frame) {
      const entry = outbox.find((kept) => kept.id === frame.client_id);
      if (!entry) return;
      if (frame.code === "unavailable" || frame.code === "rate_limited") {
        setState(entry.node, said.kept, "waiting");
        clearTimeout(patience);
        patience = setTimeout(() => { inFlight = null; flush(); }, jitter(Math.min(30000, 2000 * 2 ** entry.tries++)));
      } else {
        leaveOutbox(entry);
        setState(entry.node, said.refused, "refused");
        flush();
      }
    },
  };

  function handle(frame) {
    heardAt = Date.now();
    handlers[frame.type]?.(frame);
  }

  function closePage() {
    typing("");
    if (!box.value.trim()) { $("closed-title").focus(); return; }
    // A text was begun: it stays, to be copied.
    $("compose-bar").hidden = false;
    button.hidden = box.readOnly = true;
    error(said.cut);
  }

  // Away for long, the place was given up: opening the page takes it back.
  const returned = () => { if (!document.hidden) fetch(location.pathname).then(sync, lost); };

  function markRead() {
    if (document.hidden || !atEnd || !ready || lastSeq <= readSent) return;
    readSent = lastSeq;
    send({ type: "read", seq: lastSeq });
  }

  /* --- the line: a socket, or plain requests where sockets are blocked --- */

  function connected() {
    if (ready) return;
    ready = true;
    clearTimeout(offlineTimer);
    offlineTimer = 0;
    if (!$("banner").hidden) banner(said.online, true);
    $("refresh").hidden = true;
    markRead();
    flush();
  }

  const sayOffline = () => { if (!ready && !over) banner(said.offline, false); };

  function lost() {
    ready = false;
    clearTimeout(patience);
    inFlight = null;
    readSent = 0;
    outbox.forEach((entry) => setState(entry.node, said.kept, "waiting"));
    offlineTimer ||= setTimeout(sayOffline, 2500);
  }

  function ended() {
    over = true;
    drop();
    banner("", false);
    $("ended").hidden = false;
    button.disabled = box.readOnly = true;
  }

  function connect() {
    clearTimeout(retry);
    if (socket || over || status === "closed") return;
    const mine = socket = new WebSocket(location.origin.replace("http", "ws") + data.socket);
    mine.onopen = () => { everOpened = true; overHttp = ready = false; heardAt = Date.now(); sync(); };
    mine.onmessage = (event) => { if (socket === mine) { failures = 0; handle(JSON.parse(event.data)); } };
    mine.onclose = (event) => { if (socket === mine) { socket = null; hungUp(event.code); } };
  }

  function hungUp(code) {
    if (over || status === "closed") return;
    if (code === 4401 || code === 4403) { ended(); return; }
    if (overHttp) return; // the requests go on
    failures += 1;
    lost();
    if (!everOpened && failures >= 2) { overHttp = true; poll(); return; }
    retry = setTimeout(connect, jitter(Math.min(30000, 700 * 2 ** (failures - 1))));
  }

  function drop() {
    const mine = socket;
    socket = null;
    if (mine) mine.close();
  }

  function send(frame) {
    if (overHttp) exchange(frame);
    else if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  }

  const request = (url, headers, body) =>
    fetch(url, { method: "POST", headers: { "X-CSRFToken": data.csrf, ...headers }, body });

  async function exchange(frame) {
    try {
      const answer = await request(data.frames, { "Content-Type": "application/json" }, JSON.stringify(frame));
      if (answer.status === 401) ended();
      else if (answer.ok) (await answer.json()).frames.forEach(handle);
      else lost();
    } catch { lost(); }
  }

  async function poll() {
    clearTimeout(retry);
    if (!overHttp || over || status === "closed") return;
    if (++polls % 15 === 0) connect();
    await exchange({ type: ready ? "beat" : "sync", after: lastSeq });
    clearTimeout(retry);
    retry = setTimeout(poll, 4000);
  }

  function wake() {
    if (socket && Date.now() - heardAt > 45000) drop(); // a line that died without a word
    if (overHttp) poll();
    else connect();
  }

  setInterval(() => {
    if (!overHttp && socket) { wake(); send({ type: "beat", after: lastSeq }); }
  }, 20000);

  /* --- writing --- */

  const newId = () => crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(
    /[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const length = (text) => [...text].length;

  function flush() {
    if (!ready || inFlight || !outbox.length) return;
    inFlight = outbox[0];
    setState(inFlight.node, said.pending, "waiting");
    patience = setTimeout(() => { drop(); hungUp(); lost(); }, 10000); // no answer: another line, the same message
    send({ type: "post", client_id: inFlight.id, body: inFlight.body });
  }

  function post() {
    const body = box.value.trim();
    if (over || status === "closed") return;
    error(!body ? said.empty : length(body) > limit ? said.too_long : "");
    if (!body || length(body) > limit) return;
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
      const answer = await request(event.target.action, { Accept: "application/json" });
      const reply = await answer.json();
      if (answer.ok) { // refused, what is shown already stays: it works
        $("code").textContent = reply.code;
        $("code-until").textContent = reply.until;
        $("code-shown").hidden = false;
        say(event.target.querySelector("button"), said.code_again);
        $("code-replaces").hidden = false;
      }
      show($("code-error"), answer.ok ? "" : reply.detail || said.code_failed);
    } catch { show($("code-error"), said.code_failed); }
  });

  /* --- the world around --- */

  $("notice").addEventListener("click", () => {
    const last = list.lastElementChild || box;
    if (last !== box) last.tabIndex = -1;
    last.focus({ preventScroll: true });
    toEnd(true);
  });

  new IntersectionObserver(([entry]) => {
    atEnd = entry.isIntersecting;
    if (atEnd) { show($("notice"), ""); markRead(); }
  }, { rootMargin: "0px 0px -80px" }).observe(end);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    document.title = title;
    wake();
    if (status === "abandoned") returned();
    send({ type: "beat", after: lastSeq });
    markRead();
  });
  window.addEventListener("offline", () => { drop(); hungUp(); lost(); sayOffline(); });
  window.addEventListener("online", () => { failures = 0; wake(); });

  list.querySelectorAll("time").forEach((node) => setTime(node, node.dateTime));
  count();
  if (status === "active") toEnd();
  connect();
})();
