// The agent's console, live: one socket for the queue and all conversations (docs/protocol.md).
// The page works without this file. Every conversation keeps its own thread, dossier and draft in the page's memory;
// nothing is put in the browser's storage. Text of people is only ever written with textContent.
(() => {
  "use strict";

  const root = document.getElementById("console");
  if (!root) return;
  const { parse, load, swapFrom, keepDrafts, startClock } = window.pnavPages;
  const find = (selector, from = document) => from.querySelector(selector);
  const slot = (name, from) => from.querySelector(`[data-slot=${name}]`);
  const words = JSON.parse(root.dataset.words);
  const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const list = find("#liste"), over = find("#termines"), waiting = find("#attente");
  const alarm = find("#coupure"), centre = find("#echange"), right = find("#dossiers"), rest = find("#repos");
  const title = document.title.replace(/^.* – (?=Console)/, "");
  const csrf = () => find("[name=csrfmiddlewaretoken]").value;
  const conversations = new Map();
  const loading = new Set();
  // A beat each third of the lease, looked at four times as often: 20 s and 5 s of the usual minute.
  const BEAT = Math.min(20000, 1000 * Number(root.dataset.lease) / 3), TICK = BEAT / 4;
  let current = null, socket = null, tries = 0, heardAt = 0, beatAt = 0, lostAt = 0, ended = false, polling = false;

  const announce = window.pnavVoice(find("#annonces"));
  const own = () => [...conversations.values()].filter((c) => !c.over).sort((a, b) => a.number - b.number);

  // --- words of time ---
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Paris" });
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "short", timeZone: "Europe/Paris" });
  const first = (said) => (document.documentElement.lang === "fr" ? said.replace(/^1 /, "1er ") : said); // of a month
  const time = (moment) => (day.format(moment) === day.format(new Date()) ? "" : `${first(day.format(moment))}, `) + clock.format(moment);
  const duration = (since) => {
    const minutes = Math.max(1, Math.floor((Date.now() - since) / 60000));
    if (minutes < 60) return say("minutes", { n: minutes });
    return say("hours", { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
  };

  // --- a conversation ---
  /** Since when the person waits for an answer, whoever held the conversation; in ISO 8601, or empty. */
  const waitsSince = (entry) => (slot("waited", entry) && find("time", slot("waited", entry)).getAttribute("datetime")) || "";

  function adopt(entry, thread, dossier) {
    const id = entry.dataset.conversation, before = conversations.get(id);
    const c = before || { id, outbox: new Map(), number: 0, typedAt: 0 };
    Object.assign(c, {
      entry, thread, dossier, gone: false, name: entry.dataset.name, unread: Number(entry.dataset.unread), waits: entry.dataset.waits, since: waitsSince(entry),
      over: thread.dataset.status === "closed", lastSeq: Number(thread.dataset.lastSeq),
      offline: !(slot("offline", entry) || { hidden: true }).hidden, readSeq: Number(thread.dataset.readSeq), theirRead: Number(thread.dataset.theirRead),
      log: find("[data-log]", thread), form: find("[data-reply]", thread),
    });
    conversations.set(id, c);
    if (!c.over && !c.number) {
      const taken = new Set(own().map((other) => other.number));
      c.number = Number(slot("number", entry).textContent) || 1;
      for (let free = 1; taken.has(c.number); free += 1) c.number = free;
    }
    c.atEnd = true;
    c.log.addEventListener("scroll", () => { c.atEnd = isNearEnd(c); markRead(c); }, { passive: true });
    // A panel that opens, or a screen that turns, leaves less room: the last words stay in sight.
    new ResizeObserver(() => { if (c === current && c.atEnd && c.log.clientHeight) toEnd(c); }).observe(c.log);
    if (c.form) prepareForm(c);
    for (const { element } of c.outbox.values()) c.log.insertBefore(element, find("[data-end]", c.log));
    for (const part of [thread, dossier]) part.hidden = c !== current;
    paint(c);
    return c;
  }

  function prepareForm(c) {
    const area = c.form.elements.body;
    c.area = area;
    c.form.addEventListener("submit", (event) => { event.preventDefault(); send(c); });
    area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); send(c); }
    });
    area.addEventListener("input", () => {
      showError(c, "");
      if (Date.now() - c.typedAt > 3000 && area.value.trim()) {
        c.typedAt = Date.now();
        transmit({ type: "typing", conversation: c.id });
      }
    });
    c.form.addEventListener("click", (event) => {
      const reply = event.target.closest("[data-canned]");
      if (!reply) return;
      event.preventDefault();
      // At the cursor, and over nothing that was written.
      const at = area.selectionEnd, gap = at && !/\s$/.test(area.value.slice(0, at)) ? "\n" : "";
      area.setRangeText(gap + reply.dataset.canned, at, at, "end");
      reply.closest("details").open = false;
      area.focus();
    });
    find("[data-more]", c.thread).addEventListener("click", () => { toEnd(c); c.log.focus(); });
  }

  function showError(c, text) {
    const error = find("[data-error]", c.form);
    error.textContent = text;
    error.hidden = !text;
    c.area.classList.toggle("fr-input--error", Boolean(text));
    text ? c.area.setAttribute("aria-invalid", "true") : c.area.removeAttribute("aria-invalid");
  }

  /** Bring the list's entry, the counts and the page's title up to date. */
  function paint(c) {
    for (const part of [c.entry, c.thread]) {
      part.querySelectorAll("[data-slot=number]").forEach((mark) => { mark.textContent = c.number || ""; mark.hidden = !c.number; });
    }
    const unread = slot("unread", c.entry);
    unread.textContent = c.unread && say(c.unread === 1 ? "unread_one" : "unread_many", { n: c.unread }) || "";
    unread.hidden = !c.unread;
    if (!c.over) {
      c.entry.dataset.waits = c.waits;
      slot("waits", c.entry).textContent = words[`waits_${c.waits}`];
    }
    const waited = slot("waited", c.entry);
    if (waited) {
      waited.hidden = c.over || c.waits !== "me" || !c.since;
      const mark = find("time", waited);
      if (c.since && mark.getAttribute("datetime") !== c.since) {
        mark.dateTime = c.since;
        mark.textContent = duration(new Date(c.since));
      }
    }
    const offline = slot("offline", c.entry); // what has ended came without it
    if (offline) {
      offline.hidden = c.over || !c.offline;
      slot("frees", c.entry).hidden = c.over || !(c.offline || c.waits === "left");
    }
    const link = find("a", c.entry);
    c === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
    count();
  }

  function count() {
    const mine = own(), unread = mine.reduce((sum, c) => sum + (c.unread || Number(c.isNew || 0)), 0); // who has just come counts, silent or not
    find("[data-count=own]").textContent = list.children.length;
    const empty = find("[data-empty=own]");
    empty.hidden = list.children.length > 0;
    empty.textContent = empty.dataset[find("#disponibilite").dataset.availability === "available" ? "available" : "other"];
    find("[data-count=ended]").textContent = over.children.length;
    over.closest("details").hidden = !over.children.length;
    document.title = (unread ? `(${unread}) ` : "") + (current ? `${current.name} – ` : "") + title;
  }

  async function fetchConversation(id) {
    if (loading.has(id)) return undefined;
    loading.add(id);
    try {
      const page = await load(`${root.dataset.home}echange/${id}/?partie=echange`);
      if (!page) return undefined;
      const [entry, thread, dossier] = [".console-entry", ".console-thread", ".console-dossier"].map((name) => document.adoptNode(find(name, page)));
      const before = conversations.get(id), old = find(`.console-entry[data-conversation="${id}"]`);
      const draft = before && before.area ? before.area.value : "";
      if (before) {
        keepDrafts(before.thread, thread);
        keepDrafts(before.dossier, dossier);
        for (const part of [before.thread, before.dossier]) part.remove();
      }
      const place = thread.dataset.status === "closed" ? over : list;
      if (old && old.parentElement === place) old.replaceWith(entry);
      else {
        if (old) old.remove();
        place.append(entry);
      }
      centre.prepend(thread);
      right.append(dossier);
      const c = adopt(entry, thread, dossier);
      c.confirmed = true;
      const next = own().find((other) => other.number > c.number); // answers may come in another order
      if (place === list && next) list.insertBefore(entry, next.entry);
      if (c.area && draft) c.area.value = draft;
      if (c === current) toEnd(c);
      flush(c);
      return c;
    } catch { return undefined; /* asked again at the next beat */ } finally { loading.delete(id); }
  }

  /** Whether a conversation that was not named to us is still ours: 404 says no, and `state` says when it is closed. */
  async function check(c) {
    try {
      if (await load(`${root.dataset.home}echange/${c.id}/?partie=echange`)) flush(c);
      else leave(c, "released");
    } catch { /* asked again at the next beat */ }
  }

  // --- « je reviens dans 5 minutes » ---
  /** until: in ISO 8601, empty when no promise runs. */
  function showPromise(c, until) {
    const mark = slot("promise", c.entry);
    if (mark) {
      mark.hidden = !until;
      until ? mark.setAttribute("data-until", until) : mark.removeAttribute("data-until");
      countDown(mark);
    }
    const held = slot("held", c.thread);
    if (held) held.hidden = !until;
  }
  function countDown(mark) {
    if (!mark.dataset.until) return;
    const left = Math.ceil((new Date(mark.dataset.until) - Date.now()) / 60000);
    mark.toggleAttribute("data-over", left <= 0);
    const said = left > 0 ? say("promise", { n: left }) : words.promise_over;
    if (slot("promise-words", mark).textContent !== said) slot("promise-words", mark).textContent = said;
  }

  let listTimer = 0;
  /** Who has left, who is offline: no frame tells it. What is older than the messages we have is not taken. */
  function refreshList() {
    document.dispatchEvent(new Event("pnav:asides")); // a ring may have been lost
    if (listTimer || !own().length) return;
    listTimer = setTimeout(async () => {
      listTimer = 0;
      const page = await load(`${root.dataset.home}?partie=liste`).catch(() => null);
      if (!page) return;
      for (const c of own()) {
        const fresh = find(`.console-entry[data-conversation="${c.id}"]`, page);
        if (!fresh || Number(fresh.dataset.seq) < c.lastSeq) continue;
        c.waits = fresh.dataset.waits;
        c.since = waitsSince(fresh);
        c.offline = !slot("offline", fresh).hidden;
        showPromise(c, slot("promise", fresh).dataset.until || "");
        paint(c);
      }
    }, 500);
  }

  // --- opening one ---
  async function open(id, push = true, focus = true) {
    let c = conversations.get(id);
    if (!c || c.gone || !c.thread) c = await fetchConversation(id);
    if (!c) return;
    const before = current;
    current = c;
    c.isNew = false;
    if (before && before !== c) {
      for (const part of [before.thread, before.dossier]) part.hidden = true;
      paint(before);
    }
    rest.hidden = true;
    c.thread.hidden = c.dossier.hidden = false;
    right.scrollTop = 0;
    const hidden = find("[name=echange]");
    if (hidden) hidden.value = c.id;
    if (push && before !== c) history.pushState({ id }, "", find("a", c.entry).getAttribute("href"));
    paint(c);
    toEnd(c);
    if (focus) (c.over || !c.area ? c.log : c.area).focus();
  }

  const isNearEnd = (c) => c.log.scrollHeight - c.log.scrollTop - c.log.clientHeight < 80;
  function toEnd(c) {
    c.log.scrollTop = c.log.scrollHeight;
    markRead(c);
  }

  function markRead(c) {
    if (c !== current || document.hidden || c.over || !isNearEnd(c)) return;
    find("[data-more]", c.thread).hidden = true;
    if (c.lastSeq <= c.readSeq && !c.unread) return;
    c.readSeq = c.lastSeq;
    c.unread = 0;
    transmit({ type: "read", conversation: c.id, seq: c.lastSeq });
    paint(c);
  }

  // --- messages ---
  function message(author, sentAt, body, state) {
    const element = find("#modele-message").content.firstElementChild.cloneNode(true);
    element.dataset.author = author;
    slot("author", element).textContent = words[author];
    slot("time", element).textContent = time(sentAt);
    slot("time", element).dateTime = sentAt.toISOString();
    slot("body", element).textContent = window.pnavPlain(body, words.misleading);
    slot("state", element).textContent = state;
    return element;
  }

  function receive(frame) {
    const c = conversations.get(frame.conversation);
    if (!c || c.gone) return;
    const wasNear = isNearEnd(c);
    const isHere = c === current && !document.hidden;
    let news = 0;
    for (const item of frame.items) {
      const pending = item.client_id && c.outbox.get(item.client_id);
      if (pending) {
        pending.element.remove();
        c.outbox.delete(item.client_id);
        if (isHere) announce(words.sent);
      }
      if (item.seq <= c.lastSeq) continue;
      if (item.seq > c.lastSeq + 1) { // a hole: ask again from where we are
        transmit({ type: "sync", conversation: c.id, after: c.lastSeq });
        break;
      }
      c.lastSeq = item.seq;
      const sentAt = new Date(item.sent_at);
      const element = message(item.author, sentAt, item.body, item.author === "agent" ? words[item.seq <= c.theirRead ? "read" : "sent"] : "");
      element.dataset.seq = item.seq;
      c.log.insertBefore(element, find("[data-pending]", c.log) || find("[data-end]", c.log));
      if (isHere && !pending) announce(`${words[item.author]}. ${slot("body", element).textContent}`);
      if (item.author !== "system") {
        if (item.author === "agent") showPromise(c, ""); // whoever writes is back
        if (item.author === "agent") c.since = "";
        else if (!c.since) c.since = item.sent_at;
        if (item.author === "reporter") c.waits = "me";
        else if (c.waits !== "left") c.waits = "them";
        slot("active", c.entry).textContent = clock.format(sentAt);
        slot("active", c.entry).dateTime = item.sent_at;
      }
      if (item.author === "system") { // a departure or a return, or an answer to what was proposed
        refreshList();
        offersAt = 0;
      }
      if (item.author === "system" && item.client_id && item.client_id[14] === "8") refreshTransmission(c);
      if (item.author === "reporter") {
        c.offline = false;
        c.unread += 1;
        news += 1;
        typing(c, false);
        const proposed = `#proposees-${c.id}`;
        if (find(`${proposed} [name=asked]`)) refreshBeside(c, proposed); // perhaps its answer
      }
    }
    if (wasNear) toEnd(c);
    else if (frame.items.length && c === current) find("[data-more]", c.thread).hidden = false;
    if (news && !isHere) {
      announce(say("news", { n: c.number, name: c.name }));
      beep(660);
    }
    paint(c);
  }

  /** Something happened to what a panel beside shows: it follows, once nobody is writing in it. */
  async function refreshBeside(c, target) {
    const isHere = () => find(target).contains(document.activeElement);
    const isWriting = () => isHere() && document.activeElement.matches("textarea:not([readonly]), input, select");
    const later = () => find(target).addEventListener("focusout", () => setTimeout(refreshBeside, 0, c, target), { once: true });
    if (!find(target) || c.gone) return;
    if (isWriting()) { later(); return; }
    const page = await load(`${root.dataset.home}echange/${c.id}/?partie=echange`).catch(() => null);
    if (!page || !find(target) || c.gone) return;
    if (isWriting()) { later(); return; }
    const held = isHere(), at = held && document.activeElement.id, drafts = written(find(target));
    if (!swapFrom(page, target)) return;
    const panel = find(target);
    if (panel.matches(".console-dossier")) {
      c.dossier = panel;
      panel.hidden = c !== current;
    }
    // What no form takes any more can still be copied, unless it is shown as kept.
    const isShown = (area) => panel.textContent.includes(area.value.trim());
    panel.append(...drafts.filter((area) => !panel.querySelector(`[id="${area.id}"]`) && !isShown(area)).map(forCopying));
    if (held) ((at && document.getElementById(at)) || find("[tabindex]", panel.parentElement) || panel).focus({ preventScroll: true });
  }
  const refreshTransmission = (c) => refreshBeside(c, `#transmission-${c.id}`);

  const written = (part) => [...part.querySelectorAll("textarea")].filter((area) => area.value !== area.defaultValue);
  const forCopying = (area) => {
    if (area.labels[0]) area.setAttribute("aria-label", area.labels[0].textContent);
    area.readOnly = true;
    return area;
  };

  function showRead(c, seq) {
    c.theirRead = Math.max(c.theirRead, seq);
    const mine = [...c.log.querySelectorAll("[data-author=agent][data-seq]")].map((element) => [Number(element.dataset.seq), slot("state", element)]);
    const news = mine.filter(([own, state]) => own && own <= c.theirRead && state.textContent !== words.read);
    for (const [, state] of news) state.textContent = words.read;
    if (news.length && c === current) announce(words.read);
  }

  function typing(c, isOn) {
    clearTimeout(c.typingTimer);
    find("[data-typing] > span", c.thread).hidden = !isOn;
    if (isOn) c.typingTimer = setTimeout(() => typing(c, false), 6000);
  }

  function send(c) {
    const body = c.area.value.replace(/\r\n/g, "\n").trim();
    const error = ended ? alarm.dataset.out : !body ? words.empty : [...body].length > 4000 ? words.too_long : body.includes(words.missing) ? words.unfinished : "";
    showError(c, error);
    if (error) { c.area.focus(); return; }
    const clientId = c.form.elements.client_id.value;
    const element = message("agent", new Date(), body, isOpen() ? words.sending : words.kept);
    element.dataset.pending = "";
    c.log.insertBefore(element, find("[data-end]", c.log));
    c.outbox.set(clientId, { body, element });
    if (!isOpen()) announce(words.kept);
    c.form.elements.client_id.value = crypto.randomUUID();
    c.area.value = "";
    c.area.focus();
    toEnd(c);
    transmit({ type: "post", conversation: c.id, client_id: clientId, body });
  }

  function refuse(c, clientId, why = words.refused) {
    const { element } = c.outbox.get(clientId);
    c.outbox.delete(clientId);
    delete element.dataset.pending;
    element.dataset.refused = "";
    slot("state", element).textContent = why;
    announce(why);
  }

  /** Ask for what is missing, then send again what was never acknowledged: the client_id keeps it from being said twice. */
  function flush(c) {
    if (!isOpen() || c.gone) return;
    transmit({ type: "sync", conversation: c.id, after: c.lastSeq });
    for (const [clientId, { body, element }] of c.outbox) {
      slot("state", element).textContent = words.sending;
      transmit({ type: "post", conversation: c.id, client_id: clientId, body });
    }
  }

  function leave(c, reason) {
    if (c.gone || (c.over && reason === "closed")) return;
    const at = document.activeElement, isHere = at === document.body || c.thread.contains(at) || c.dossier.contains(at);
    if (c !== current || reason !== "closed") announce(say("left", { name: c.name, reason: words[reason] })); // in the thread, its last line says so
    c.over = true;
    c.gone = reason === "released";
    c.number = 0;
    c.unread = 0;
    for (const clientId of [...c.outbox.keys()]) refuse(c, clientId);
    over.prepend(c.entry);
    delete c.entry.dataset.waits;
    slot("waits", c.entry).textContent = words[reason];
    typing(c, false);
    find(c.gone ? "[data-gone]" : "[data-over]", c.thread).hidden = false;
    find("[data-more]", c.thread).hidden = true;
    if (c.form) { // what was being written can still be copied
      c.area.readOnly = true;
      c.form.querySelectorAll("button, details").forEach((part) => { part.hidden = true; });
      c.form.hidden = !c.area.value;
    }
    c.thread.querySelectorAll("header [data-action]").forEach((action) => action.remove());
    const passing = find(`#passage-${c.id}`, c.dossier);
    if (passing && !c.gone) passing.remove();
    if (c.gone) { // no longer ours to read
      c.log.querySelectorAll("[data-seq]:not([data-refused])").forEach((element) => element.remove());
      // A note or a question that was being written can still be copied.
      c.dossier.replaceChildren(...written(c.dossier).map(forCopying));
    } else refreshBeside(c, `.console-dossier[data-conversation="${c.id}"]`);
    refreshDuty(); // a pause may be offered
    if (c === current && !c.gone && !find("#disponibilite").contains(document.activeElement)) c.log.focus();
    if (c === current && c.gone && isHere) goOn(c);
    paint(c);
  }

  /** What was open is gone: on to the list, where the next one is; what was being written stays, to be copied. */
  function goOn(c) {
    const kept = (c.form && !c.form.hidden) || c.dossier.children.length || find("[data-refused]", c.log);
    find("#mes-echanges").focus();
    announce(say(kept ? "went_kept" : "went", { name: c.name }));
  }

  // --- the queue ---
  function showQueue(frame) {
    const model = find("#modele-attente").content.firstElementChild;
    waiting.replaceChildren(...frame.items.map((item) => {
      const row = model.cloneNode(true);
      row.dataset.urgency = find(".console-urgency", row).dataset.urgency = item.urgency;
      slot("urgency", row).textContent = item.urgency_label;
      slot("since", row).dateTime = item.since;
      slot("since", row).textContent = duration(new Date(item.since));
      slot("place", row).textContent = item.place;
      slot("role", row).textContent = words[`role_${item.role}`] || "";
      slot("force", row).textContent = words[`force_${item.force}`] || "";
      slot("minor", row).hidden = !item.minor;
      slot("crowded", row).hidden = !item.crowded;
      return row;
    }));
    find("[data-count=queue]").textContent = frame.waiting;
    find("[data-empty=queue]").hidden = frame.items.length > 0;
    refreshFigures();
  }

  /** How many openings wait for us: an urgent one does not wait for the next page, nor an answer that is there for an hour. */
  function showOpenings(page) {
    const before = find("[data-openings]"), after = find("[data-openings]", page);
    if (!after || before === document.activeElement) return;
    const isNew = Number(after.dataset.openings) > Number(before.dataset.openings);
    before.replaceWith(document.adoptNode(after));
    if (!isNew) return;
    announce(words.opening);
    beep(740);
  }

  let offersAt = 0, offered = Number(find("#offres").dataset.offers), whispered = Number(find("#offres").dataset.whispers), kept = Number(find("#offres").dataset.kept);
  /** What colleagues offer, and what supervisors say to us alone: heard once, never while somebody types there. */
  async function refreshOffers() {
    offersAt = Date.now();
    const page = await load(root.dataset.offers).catch(() => null);
    if (page) showOpenings(page);
    const before = find("#offres"), after = page && find("#offres", page);
    if (!after) return;
    const news = Number(after.dataset.offers), said = Number(after.dataset.whispers), stays = Number(after.dataset.kept);
    if (news > offered) announce(words.offered);
    if (said > whispered) announce(words.whispered);
    if (stays > kept) announce(words.kept_after);
    if (news > offered || said > whispered || stays > kept) beep(740);
    offered = news;
    whispered = said;
    kept = stays;
    if (before.contains(document.activeElement)) return; // shown once the focus has left
    keepDrafts(before, after);
    before.replaceWith(document.adoptNode(after));
    if (current && before.textContent !== after.textContent) refreshBeside(current, `#passage-${current.id}`); // where it stands by now
  }

  let figuresTimer = 0;
  function refreshFigures() {
    const strip = find("#chiffres");
    if (!strip || figuresTimer) return;
    figuresTimer = setTimeout(async () => {
      figuresTimer = 0;
      const page = await load(strip.dataset.src).catch(() => null);
      if (page) strip.replaceChildren(document.adoptNode(find(".console-figures", page)));
    }, 3000);
  }

  let wanted = null; // what we just accepted: opened when it comes
  async function assigned(id) {
    const known = conversations.get(id);
    if (known && !known.over) {
      known.confirmed = true;
      flush(known);
      return;
    }
    const c = await fetchConversation(id);
    if (!c || c.over) return;
    c.isNew = true; // until it is opened
    count();
    announce(say("assigned", { n: c.number, name: c.name }));
    beep(880);
    if (!current || wanted === id) open(id, true, wanted === id);
    if (wanted === id) wanted = null;
  }

  // --- frames ---
  function handle(frame) {
    heardAt = Date.now();
    const c = conversations.get(frame.conversation);
    switch (frame.type) {
      case "messages": return receive(frame);
      case "state": return c && frame.status === "closed" ? leave(c, "closed") : undefined;
      case "queue":
        showQueue(frame);
        // After `assigned` for each of ours: whichever was not named has left while we were away.
        for (const mine of own()) if (!mine.confirmed) check(mine);
        return undefined;
      case "assigned": return assigned(frame.conversation);
      case "released": return c && leave(c, frame.reason === "closed" ? "closed" : "released");
      case "typing": return c && typing(c, true);
      case "read": return c && showRead(c, frame.seq);
      case "asides": return document.dispatchEvent(new Event("pnav:asides"));
      case "error": {
        const owner = frame.client_id && own().find((one) => one.outbox.has(frame.client_id));
        if (!owner) return undefined;
        if (frame.code === "unavailable" || frame.code === "rate_limited") setTimeout(() => flush(owner), 2000);
        else refuse(owner, frame.client_id, frame.why === "full" ? words.full : words.refused);
      }
    }
    return undefined;
  }

  // --- the line ---
  const isOpen = () => socket && socket.readyState === WebSocket.OPEN;
  const transmit = (frame) => { if (isOpen()) socket.send(JSON.stringify(frame)); };

  function connect() {
    if (ended || (socket && socket.readyState < WebSocket.CLOSING)) return;
    const line = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/console/`);
    socket = line;
    for (const c of own()) c.confirmed = false;
    line.onopen = () => {
      heardAt = beatAt = Date.now();
      tries = 0;
      if (lostAt) {
        announce(words.back);
        refreshDuty();
      }
      lostAt = 0;
      alarm.hidden = true;
      alarm.textContent = "";
    };
    let wasIn = false; // who is not let in hears nothing
    line.onmessage = (event) => {
      wasIn = true;
      if (line === socket) handle(JSON.parse(event.data));
    };
    line.onclose = (event) => {
      if (line !== socket) return;
      // Proving again, in another tab, gave the session a new key, which the next handshake carries. Signed out, it is refused.
      if (event.code === 4401 && wasIn) { setTimeout(connect, 500 * Math.random()); return; }
      if (event.code === 4401 || event.code === 4403) return signedOut();
      lost();
      tries += 1;
      setTimeout(connect, Math.min(10000, 500 * 2 ** Math.min(tries, 5)) * (0.5 + Math.random() / 2));
    };
  }

  /** Nothing leaves from here any more, and nobody is sent here. */
  function signedOut() {
    ended = true;
    for (const c of conversations.values()) for (const clientId of [...c.outbox.keys()]) refuse(c, clientId);
    const duty = find("#disponibilite"), now = find(".console-duty__now", duty);
    now.textContent = now.dataset.out;
    duty.dataset.availability = "away";
    for (const choice of duty.querySelectorAll("[name=availability][aria-pressed=true]")) {
      choice.setAttribute("aria-pressed", "false");
      choice.classList.replace("fr-icon-check-line", "fr-btn--secondary");
      choice.classList.remove("fr-btn--icon-left");
    }
    count();
    warn("out");
    document.dispatchEvent(new Event("pnav:session-over"));
  }
  // Signed in again in another tab, by the same account: found when a form of this page was sent (staff-session.js).
  document.addEventListener("pnav:session-lives", () => {
    if (!ended) return;
    ended = false;
    lostAt = Date.now(); // what the server has of us is read again when the line is back
    connect();
  });

  /** What went while nobody saw us: said once when it is new, and there until it is read. */
  function showLosses(page) {
    const before = find("#partis"), until = before.dataset.until;
    if (before.contains(document.activeElement) || !swapFrom(page, "#partis")) return;
    const told = find("#partis-titre");
    if (!told || find("#partis").dataset.until === until) return;
    announce(told.textContent.trim());
    beep(740);
  }

  /** Our availability as the server has it: « Absent » when the lease has ended. */
  function refreshDuty() {
    load(root.dataset.home).then((page) => {
      // Somebody may be there already: the focus stays on the same button, or on what they are now.
      const at = document.activeElement, held = find("#disponibilite").contains(at) && (at.id || at.value);
      showLosses(page);
      if (!swapFrom(page, "#disponibilite")) return;
      showSound();
      if (held) (document.getElementById(held) || find(`#disponibilite button[value="${CSS.escape(held)}"]`) || find("#disponibilite [aria-pressed=true]")).focus();
    }, () => {});
  }

  /** A pause ends by itself: what the server says then is shown, and said. */
  let pauseAskedAt = 0;
  function checkPause(now) {
    const pause = find("[data-pause-until]");
    if (!pause || now < Date.parse(pause.dataset.pauseUntil) || now - pauseAskedAt < 3000) return;
    pauseAskedAt = now;
    load(root.dataset.home).then((page) => {
      if (!page || find("[data-pause-until]", page)) return; // not yet, by its clock
      const held = find("#disponibilite").contains(document.activeElement);
      swapFrom(page, "#disponibilite");
      showSound();
      if (held) find("#disponibilite [aria-pressed=true]").focus();
      if (find("#disponibilite").dataset.availability !== "available") return;
      announce(words.pause_over);
      beep(880);
    }, () => {});
  }

  function warn(kind) {
    alarm.hidden = false;
    if (alarm.textContent !== alarm.dataset[kind]) alarm.textContent = alarm.dataset[kind];
  }

  function lost() {
    if (!lostAt) lostAt = Date.now();
    for (const c of own()) for (const { element } of c.outbox.values()) slot("state", element).textContent = words.kept;
    warn("lost");
  }

  /** Where sockets do not pass: the same frames, one by one, over HTTP. */
  async function ask(frame) {
    const answer = await fetch(root.dataset.frames, {
      method: "POST", body: JSON.stringify(frame), headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
    });
    if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).frames;
  }

  async function poll() {
    if (polling || ended) return;
    polling = true;
    try {
      for (const c of own()) c.confirmed = false;
      (await ask({ type: "beat" })).forEach(handle);
      for (const c of own()) {
        if (c.lastSeq > 0 && c.readSeq === c.lastSeq) await ask({ type: "read", conversation: c.id, seq: c.readSeq });
        for (const [clientId, { body }] of [...c.outbox]) (await ask({ type: "post", conversation: c.id, client_id: clientId, body })).forEach(handle);
        (await ask({ type: "sync", conversation: c.id, after: c.lastSeq })).forEach(handle);
      }
      refreshList();
      if (!isOpen()) warn("slow");
    } catch { if (!isOpen()) warn("lost"); } finally { polling = false; }
  }

  function tick() {
    const now = Date.now();
    if (!ended && now - offersAt >= 10000) refreshOffers();
    checkPause(now);
    root.querySelectorAll("[data-slot=promise][data-until]").forEach(countDown);
    root.querySelectorAll("time[data-duration][datetime]").forEach((element) => { element.textContent = duration(new Date(element.dateTime)); });
    if (isOpen()) {
      if (now - heardAt > 50000) { // dead, though nobody said so
        const dead = socket;
        socket = null;
        dead.close();
        lost();
        connect();
        return;
      }
      if (now - beatAt >= BEAT) {
        beatAt = now;
        transmit({ type: "beat" });
        refreshList();
      }
    } else if (lostAt && now - lostAt > 5000) poll();
    else if (!lostAt && socket && socket.readyState === WebSocket.CONNECTING && now - startedAt > 8000) lost();
  }
  const startedAt = Date.now();

  // --- sound: off unless asked for; the choice is a cookie, for it says nothing of anybody ---
  const soundOn = () => document.cookie.includes("pnav_console_son=1");
  let audio = null;
  function beep(pitch) {
    if (!soundOn()) return;
    audio = audio || new AudioContext();
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.08, audio.currentTime);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.4);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + 0.4);
  }
  function showSound() {
    const button = find("#son"), isOn = soundOn();
    button.hidden = false;
    button.textContent = isOn ? words.sound_on : words.sound_off;
    button.classList.toggle("fr-icon-volume-up-line", isOn);
    button.classList.toggle("fr-icon-volume-mute-line", !isOn);
    const open = find("[name=echange]");
    if (open) open.value = current ? current.id : "";
    count(); // what an empty list says depends on the availability
  }

  // --- what the agent does ---
  document.addEventListener("click", (event) => {
    if (event.target.closest("#son")) {
      document.cookie = `pnav_console_son=${soundOn() ? 0 : 1}; path=/console/; max-age=31536000; samesite=lax`;
      showSound();
      beep(880);
      return;
    }
    const link = event.target.closest(".console-entry__link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link.closest(".console-entry").dataset.conversation);
  });

  document.addEventListener("keydown", (event) => {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (event.altKey && !event.ctrlKey && !event.metaKey && digit) {
      const c = own().find((one) => one.number === Number(digit[1]));
      if (!c) return;
      event.preventDefault();
      open(c.id);
    }
    const link = event.target.closest && event.target.closest(".console-entry__link");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (link && step) {
      const links = [...document.querySelectorAll(".console-entry__link")].filter((one) => one.offsetParent);
      const next = links[links.indexOf(link) + step];
      event.preventDefault();
      if (next) next.focus();
    }
    const action = event.key === "Escape" && event.target.closest && event.target.closest("[data-action][open]");
    if (action) {
      action.open = false;
      find("summary", action).focus();
    }
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target, targets = form.dataset.live;
    if (!targets) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return; // pressed twice, it is sent once
    form.ariaBusy = "true";
    const body = new FormData(form, event.submitter);
    const name = event.submitter && event.submitter.value;
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      const page = await parse(answer);
      if (!find("#console", page)) { // signed out, or the conversation is no longer ours
        if (find("[data-goes-on]", page)) location.assign(answer.url); // another page asks first; drafts are asked about
        else if (answer.status === 404 && !form.closest("[data-conversation]")) { // an offer that is over
          announce(words.failed);
          refreshOffers();
        } else if (answer.status === 404) check(conversations.get(form.closest("[data-conversation]").dataset.conversation));
        else if (answer.redirected) signedOut(); // to the sign-in: what was written stays
        else location.reload();
        return;
      }
      // The answer may come late: the focus is only given back to where it still was.
      // The form itself may have been read again meanwhile: then where it was.
      const at = document.activeElement, thread = form.closest(".console-thread");
      const held = form.contains(at) || (!form.isConnected && targets.split(", ").some((target) => find(target) && find(target).contains(at)));
      const isBeside = Boolean(form.closest(".console-dossier")); // before it is swapped
      const c = thread && conversations.get(thread.dataset.conversation);
      for (const target of targets.split(", ")) swapFrom(page, target, form, !answer.redirected); // what was taken is led elsewhere
      let focus = targets.split(", ").map((target) => find(`${target} [aria-invalid]`)).find(Boolean);
      if (c) { // parts of it may be new
        c.entry = find(`.console-entry[data-conversation="${c.id}"]`);
        c.dossier = find(`.console-dossier[data-conversation="${c.id}"]`);
        c.dossier.hidden = c !== current;
        showPromise(c, slot("promise", c.entry).dataset.until || "");
        paint(c);
        const done = !focus && find("[data-action][open]", thread);
        if (done) {
          done.open = false;
          focus = find("summary", done);
        }
      } else if (!focus) {
        focus = find(form.dataset.focus || (isBeside ? targets.split(", ")[0] : `#disponibilite button[value="${name}"]`)) || find("#disponibilite [aria-pressed=true]");
      }
      showSound();
      const notice = find(".fr-alert p", page);
      if (notice) announce(notice.textContent);
      else if (form.matches("[data-autosave]")) {
        const wrong = find("[data-wrong]", form);
        if (wrong) announce(wrong.textContent.trim().replace(/\s+/g, " "));
        else if (event.submitter) announce(find("[id^=fiche-gardee]", form).textContent);
      }
      if (held && focus) { // of a long panel, its beginning
        focus.focus({ preventScroll: true });
        focus.scrollIntoView({ block: "nearest" });
      }
      if (form.dataset.opens && name === "accept") {
        wanted = form.dataset.opens;
        open(wanted);
      }
    } catch { announce(words.failed); warn("lost"); } finally {
      form.ariaBusy = "false";
      form.dispatchEvent(new Event("pnav-done", { bubbles: true }));
    }
  });

  /** A fold that names colleagues is opened: who is there has changed since the conversation came. What is written there stays. */
  const FOLDS = { passer: ["passage", "target"], demander: ["question", "colleague"] };
  document.addEventListener("toggle", async (event) => {
    const [, fold, id] = /^(passer|demander)-(.+)$/.exec(event.target.id) || [];
    if (!fold || !event.target.open) return;
    const [part, name] = FOLDS[fold], panel = find(`#${part}-${id}`);
    const page = await load(`${root.dataset.home}echange/${id}/?partie=echange`).catch(() => null);
    const fresh = page && find(`#${part}-${id}`, page);
    if (!fresh) return;
    const before = find(`[name=${name}]`, panel), after = find(`[name=${name}]`, fresh);
    if (!before || !after) return void panel.replaceWith(document.adoptNode(fresh));
    const chosen = before.value;
    before.replaceChildren(...[...after.children].map((choice) => document.adoptNode(choice)));
    before.value = chosen;
    if (before.selectedIndex < 0) before.selectedIndex = 0;
  }, true);

  addEventListener("popstate", () => {
    const id = (/\/echange\/([0-9a-f-]{36})\//.exec(location.pathname) || [])[1];
    if (current && current.id === id) return; // a link within the page: the focus is where it leads
    if (id) { open(id, false); return; }
    if (!current) return;
    const before = current;
    current = null;
    for (const part of [before.thread, before.dossier]) part.hidden = true;
    rest.hidden = false;
    paint(before);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (current) markRead(current);
    connect();
  });
  addEventListener("online", connect);
  addEventListener("beforeunload", (event) => {
    const isWritten = (area) => !area.readOnly && area.value !== area.defaultValue && area.value.trim();
    if (own().some((c) => c.outbox.size) || (ended && find("[data-refused]")) || [...root.querySelectorAll("textarea, [name=explanation], [name=note]")].some(isWritten)) event.preventDefault();
  });

  // --- start ---
  window.pnavConsole = Object.freeze({ load, announce, beep, say, csrf, own, open, showing: () => current });
  const shown = find(".console-thread");
  if (shown) {
    const id = shown.dataset.conversation;
    const c = adopt(find(`.console-entry[data-conversation="${id}"]`), shown, find(".console-dossier"));
    c.number = c.over ? 0 : Number(slot("number", c.entry).textContent);
    current = c;
    shown.hidden = c.dossier.hidden = false;
    paint(c);
    toEnd(c);
  }
  for (const entry of list.querySelectorAll(".console-entry")) {
    const id = entry.dataset.conversation;
    if (!conversations.has(id)) fetchConversation(id);
  }
  showSound();
  connect();
  if (window.Worker) startClock(tick, TICK);
  else setInterval(tick, TICK);
})();
