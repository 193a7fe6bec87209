/* The visitor's exchange, on the line of chat-line.js. Texts come from the page; what is typed stays in memory. */
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
  const voice = window.pnavVoice($("voice"));

  let title = document.title, status = data.status, interlocutor = data.interlocutor, lastSeq = Number(data.lastSeq), readSent = 0;
  let line = null, lineState = "", atEnd = true, unread = 0, typedAt = 0;
  let held = ""; // where a way out leads that was held up once, for a message that would be lost
  let inFlight = null, patience = 0, bannerTimer = 0, calmTimer = 0, typingTimer = 0;
  const LONG = 4; // tries of a message, half a minute: they go on, and the person may ask for one at once
  const page = new AbortController(); // ends what listens beyond the exchange's own nodes, with the visit
  const outbox = []; // {id, body, node, tries}, not acknowledged yet, in order; one at a time is on its way

  /* --- drawing --- */

  const part = (node, name) => node.querySelector(`[data-part=${name}]`);

  function setTime(node, iso) {
    // The hours that Pnav writes are those of Paris, as the server's pages are.
    const at = new Date(iso), zone = { timeZone: "Europe/Paris" }, dayOf = (moment) => moment.toLocaleDateString("fr", zone);
    const day = dayOf(at) === dayOf(new Date()) ? {} : { day: "numeric", month: "long" };
    node.dateTime = iso;
    const lang = document.documentElement.lang, first = lang === "fr" ? "1er " : "1 "; // of a month
    node.textContent = at.toLocaleString(lang, { hour: "2-digit", minute: "2-digit", ...day, ...zone }).replace(/^1 /, first);
  }

  function draw(message) {
    const node = $("message-template").content.firstElementChild.cloneNode(true);
    node.dataset.author = message.author;
    node.dataset.seq = message.seq || "";
    part(node, "name").textContent = { reporter: said.you, agent: interlocutor, system: said.system }[message.author];
    setTime(part(node, "time"), message.sent_at);
    part(node, "body").textContent = window.pnavPlain(message.body, said.misleading);
    if (message.author === "reporter") part(node, "state").textContent = said.sent;
    return node;
  }

  // kind: "waiting", "failed" (may be tried again), "refused" (never), or none once it is there.
  function setState(node, text, kind = "") {
    if (text !== said.pending && text !== part(node, "state").textContent) voice(text);
    part(node, "state").textContent = text;
    node.dataset.state = kind;
    const again = part(node, "retry");
    if (again) again.hidden = kind !== "failed";
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
    if (held && !outbox.length) { held = ""; banner("", false); }
  }

  function settle(entry, message) {
    leaveOutbox(entry);
    entry.node.dataset.seq = message.seq;
    setTime(part(entry.node, "time"), message.sent_at);
    setState(entry.node, said.sent);
  }

  function showRead(seq) {
    const states = [...list.querySelectorAll("[data-author=reporter]")].filter((node) => node.dataset.seq && node.dataset.seq <= seq)
      .map((node) => part(node, "state")).filter((state) => state.textContent !== said.read);
    for (const state of states) state.textContent = said.read;
    if (states.length) voice(said.read);
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

  function codeError(text) {
    show($("code-error"), text);
    voice(text);
  }

  function banner(text, calm) {
    clearTimeout(calmTimer);
    $("banner").classList.toggle("pnav-chat__banner--calm", calm);
    show($("banner"), text);
    if (calm) calmTimer = setTimeout(banner, 4000, "", false);
  }

  /* --- frames from the server --- */

  const handlers = {
    messages(frame) {
      for (const message of frame.items) {
        if (message.seq > lastSeq + 1) { line.again(); break; } // a hole: ask for it
        const isNew = message.seq > lastSeq;
        if (isNew) lastSeq = message.seq;
        const entry = message.author === "reporter" && outbox.find((kept) => kept.id === message.client_id);
        if (message.client_id && message.client_id === ready.elements.client_id.value) hideAnswers(); // in another tab
        if (entry) settle(entry, message);
        else if (isNew) {
          const node = draw(message);
          place(node);
          if (message.author !== "reporter") voice(`${part(node, "name").textContent}. ${part(node, "body").textContent}`);
          if (isQuestion(message)) readAnswers();
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
        const words = [frame.position === 1 ? said.position_first : fill(said.position, { n: frame.position }), waitWords(frame.wait_minutes)];
        const shown = [$("position"), $("wait")];
        if (words.some((text, at) => text !== shown[at].textContent)) voice(words.join(" "));
        shown.forEach((node, at) => say(node, words[at]));
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
      if (frame.last_seq > lastSeq && line.ready) line.again();
    },
    typing() { typing(fill(said.typing, { name: interlocutor })); },
    read(frame) { showRead(frame.seq); },
    error(frame) {
      const entry = outbox.find((kept) => kept.id === frame.client_id);
      if (!entry) return;
      if (frame.code === "unavailable" || frame.code === "rate_limited") {
        const isLong = entry.tries >= LONG;
        const soon = frame.code === "rate_limited" ? said.soon : said.kept;
        setState(entry.node, isLong ? said.failed : soon, isLong ? "failed" : "waiting");
        clearTimeout(patience);
        patience = setTimeout(tryAgain, jitter(Math.min(30000, 2000 * 2 ** entry.tries++)));
      } else {
        leaveOutbox(entry);
        if (frame.why === "full") {
          setState(entry.node, said.refused_full, "refused");
          error(said.full);
        } else if (frame.code === "closed") setState(entry.node, said.refused, "refused");
        else setState(entry.node, said.failed, "failed");
        flush();
      }
    },
  };

  function closePage() {
    typing("");
    readAnswers();
    if (!box.value.trim()) { $("closed-title").focus(); return; }
    // A text was begun: it stays, to be copied.
    $("compose-bar").hidden = false;
    button.hidden = box.readOnly = true;
    error(said.cut);
  }

  // Away for long, the place was given up: opening the page takes it back.
  const returned = () => { if (!document.hidden) fetch(location.pathname).then(line.again, line.cut); };

  function markRead() {
    if (document.hidden || !atEnd || !line.ready || lastSeq <= readSent) return;
    readSent = lastSeq;
    line.send({ type: "read", seq: lastSeq });
  }

  /* --- the line --- */

  function lineChanged(state) {
    lineState = state;
    clearTimeout(bannerTimer);
    clearTimeout(patience);
    inFlight = null;
    outbox.forEach(showPending);
    if (state === "connected") connected();
    else if (state === "lost") showLine();
    else {
      readSent = 0;
      say($("retry"), said.trying);
      bannerTimer = setTimeout(showLine, 2500); // a cut of a moment is not worth a word
    }
  }

  // What becomes of a message that is not acknowledged, as the line stands.
  function showPending({ node }) {
    if (lineState === "lost") setState(node, said.failed, "failed");
    else setState(node, lineState === "connected" ? said.pending : said.kept, "waiting");
  }

  // The three states. Loss stays said, with its button, until the line is there again.
  function showLine() {
    const lost = $("lost"), wasTold = !$("banner").hidden || !lost.hidden;
    data.line = lineState;
    show($("line"), said[`line_${lineState}`]);
    if (lineState === "connected") {
      lost.hidden = true;
      if (wasTold) banner(said.online, true);
    } else if (lineState === "lost") {
      lost.hidden = false;
      say($("retry"), said.retry);
      banner("", false);
    } else if (lost.hidden) banner(said.offline, false);
  }

  function connected() {
    if (document.activeElement === $("retry")) box.focus({ preventScroll: true });
    showLine();
    $("refresh").hidden = true;
    markRead();
    flush();
  }

  // Unsent text goes too, and the page says so: whoever reads it now may not be who typed it.
  function ended() {
    [bannerTimer, calmTimer, typingTimer, patience].forEach(clearTimeout);
    page.abort();
    inFlight = null;
    outbox.length = 0;
    box.value = "";
    window.pnavLeft();
  }

  /* --- writing --- */

  const newId = () => crypto.randomUUID ? crypto.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(
    /[018]/g, (c) => (c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (c / 4)))).toString(16));
  const length = (text) => [...text].length;

  function flush() {
    if (!line.ready || inFlight || !outbox.length) return;
    inFlight = outbox[0];
    if (inFlight.tries < LONG) showPending(inFlight);
    patience = setTimeout(() => { line.cut(); tryAgain(); }, 10000); // no answer: another line, the same message
    line.send({ type: "post", client_id: inFlight.id, body: inFlight.body });
  }

  function tryAgain() {
    clearTimeout(patience);
    inFlight = null;
    flush();
  }

  // « Réessayer » of one message: the same one, under the same name.
  function retry(entry) {
    if (!outbox.includes(entry)) {
      place(entry.node, true);
      outbox.push(entry);
    }
    entry.tries = 0;
    showPending(entry);
    box.focus({ preventScroll: true });
    if (line.ready) tryAgain(); else line.retry();
  }

  function put(id, body) {
    const node = draw({ author: "reporter", sent_at: new Date().toISOString(), body });
    const entry = { id, body, node, tries: 0 };
    showPending(entry);
    part(node, "retry").addEventListener("click", () => retry(entry));
    place(node, true);
    outbox.push(entry);
    flush();
    return node;
  }

  function post() {
    const body = box.value.trim();
    if (status === "closed") return;
    error(!body ? said.empty : length(body) > limit ? said.too_long : "");
    if (!body || length(body) > limit) return;
    box.value = "";
    count();
    put(newId(), body);
    box.focus({ preventScroll: true });
  }

  /* --- answers in one tap: a message with the name that the server gave its answer --- */

  const ready = $("answers");
  const isQuestion = ({ author, client_id: id }) => author !== "reporter" && Boolean(id) && id[14] === "8";

  function hideAnswers() {
    ready.elements.client_id.value = "";
    ready.hidden = true;
  }

  // Not read, it costs nothing: the question is in the thread, and can be answered in words.
  async function readAnswers() {
    try {
      const reply = await fetch(ready.dataset.src, { cache: "no-store" });
      if (!reply.ok || page.signal.aborted) return;
      const { question, told, follow, slip } = await reply.json();
      const choices = question ? question.answers.map((answer) => {
        const choice = document.createElement("button");
        choice.className = "fr-btn fr-btn--secondary";
        choice.name = "body";
        choice.value = choice.textContent = answer;
        return choice;
      }) : [];
      ready.elements.client_id.value = question ? question.client_id : "";
      const change = () => {
        ready.querySelector("[data-choices]").replaceChildren(...choices);
        ready.hidden = !question;
        $("follow").querySelector("button").textContent = follow;
        $("follow").hidden = !follow;
        $("slip").hidden = !slip;
      };
      if (atEnd) { change(); toEnd(); } else steady(change);
      $("told").textContent = told;
      $("told-block").hidden = !told;
    } catch { /* a cut: the page that is loaded next has them */ }
  }

  ready.addEventListener("submit", (event) => {
    if (!event.submitter) return; // an old browser: the form goes by itself
    event.preventDefault();
    const id = ready.elements.client_id.value;
    if (!id || status === "closed") return;
    hideAnswers();
    const node = put(id, event.submitter.value); // no keyboard is opened for who only taps
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
  });

  function count() {
    const n = length(box.value.trim());
    say($("body-count"), n > limit - 300 ? fill(said.count, { n }) : "");
  }

  form.addEventListener("submit", (event) => {
    if (!event.submitter || !event.submitter.hasAttribute("formaction")) { event.preventDefault(); post(); return; }
    // Elsewhere, and the text goes along. Messages that are unsent are in this page only: held up once, and told why.
    const to = event.submitter.value;
    if (status === "closed" || (navigator.onLine && (!outbox.length || held === to))) return;
    event.preventDefault();
    if (!navigator.onLine) { banner(said.offline, true); return; }
    held = to;
    banner(said.unsent, false);
  });

  // The same by a link to another page, in this tab. The quick exit is none: nothing here holds it up.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]"), way = $("elsewhere");
    if (!link || link.target || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (link.origin !== location.origin || (link.hash && link.pathname === location.pathname)) return;
    if ((!box.value.trim() && !outbox.length) || !form.requestSubmit) return; // an old browser has none
    event.preventDefault();
    way.value = link.pathname + link.search + link.hash;
    form.requestSubmit(way);
  }, page);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); post(); }
  });
  box.addEventListener("input", () => {
    count();
    if (status !== "active" || line.isSlow || !line.ready || Date.now() - typedAt < 3000) return;
    typedAt = Date.now();
    line.send({ type: "typing" });
  });

  $("code-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const headers = { "X-CSRFToken": data.csrf, Accept: "application/json" };
      const answer = await fetch(event.target.action, { method: "POST", headers });
      if (answer.status === 401) { line.end(); return; }
      const reply = await answer.json();
      if (answer.ok) { // refused, what is shown already stays: it works
        $("code").textContent = reply.code;
        $("code-until").textContent = reply.until;
        $("code-shown").hidden = false;
        voice([$("code-label"), $("code"), $("code-until")].map((shown) => shown.textContent.trim()).join(" "));
        say(event.target.querySelector("button"), said.code_again);
        $("code-replaces").hidden = false;
      }
      codeError(answer.ok ? "" : reply.detail || said.code_failed);
    } catch { if (!page.signal.aborted) codeError(said.code_failed); }
  });

  /* --- what lies before the messages of this page: its own page, read here and put above --- */

  const earlier = $("earlier");
  if (earlier) earlier.addEventListener("click", (event) => {
    const link = event.target.closest("a"), ask = new XMLHttpRequest();
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    ask.open("GET", link.href);
    ask.responseType = "document"; // parsed by the browser: no text becomes HTML here
    ask.onerror = () => banner(said.offline, false);
    ask.onload = () => {
      if (page.signal.aborted) return;
      const older = ask.response ? [...ask.response.querySelectorAll("#messages > li")] : [];
      const before = ask.response && ask.response.querySelector("#earlier a");
      if (!older.length) { ask.onerror(); return; }
      older.forEach((node) => setTime(part(node, "time"), part(node, "time").dateTime));
      steady(() => {
        list.prepend(...older);
        if (before) link.href = before.href; else earlier.hidden = true;
      });
      older.at(-1).tabIndex = -1; // the reading goes on where it was, upwards
      older.at(-1).focus({ preventScroll: true });
    };
    ask.send();
  });

  /* --- the world around --- */

  $("notice").addEventListener("click", () => {
    const last = list.lastElementChild || box;
    if (last !== box) last.tabIndex = -1;
    last.focus({ preventScroll: true });
    toEnd(true);
  });

  const view = new IntersectionObserver(([entry]) => {
    atEnd = entry.isIntersecting;
    if (atEnd) { show($("notice"), ""); markRead(); }
  }, { rootMargin: "0px 0px -80px" });
  view.observe(end);
  page.signal.addEventListener("abort", () => view.disconnect());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    document.title = title;
    line.wake();
    if (status === "abandoned") returned();
    markRead();
  }, page);
  document.addEventListener("resume", () => line.wake(), page); // after the browser froze the page
  window.addEventListener("pageshow", () => line.wake(), page);
  window.addEventListener("online", () => line.wake(), page);
  window.addEventListener("offline", () => { line.cut(); if (!line.ready) showLine(); }, page);
  $("retry").addEventListener("click", () => line.retry());

  list.querySelectorAll("time").forEach((node) => setTime(node, node.dateTime));
  count();
  if (status === "active") toEnd();
  line = window.pnavLine({
    address: location.origin.replace("http", "ws") + data.socket,
    frames: data.frames,
    csrf: data.csrf,
    after: () => lastSeq,
    wanted: () => status !== "closed" || outbox.length > 0,
    hear: (frame) => handlers[frame.type]?.(frame),
    changed: lineChanged,
    ended,
  });
})();
