// Pages that follow what happens without a socket: the board, somebody else's exchange, a unit's summaries. They work
// without this file. What is being written in them stays, and so does the focus.
(() => {
  "use strict";

  const board = document.querySelector("[data-board]"), received = document.querySelector("#etapes-zone");
  if (!board && !received) return;
  const { load, swapFrom } = window.pnavPages;
  const find = (selector, from = document) => from.querySelector(selector);

  /** Make this part as that one is, where it stands: whoever reads it keeps the focus and the place, and hears nothing of it. */
  const follow = (now, fresh) => {
    if (now.nodeName !== fresh.nodeName || now.id !== fresh.id) { now.replaceWith(document.adoptNode(fresh)); return; }
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.data !== fresh.data) now.data = fresh.data;
      return;
    }
    for (const { name } of [...now.attributes]) if (name !== "open" && !fresh.hasAttribute(name)) now.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    const before = [...now.childNodes], after = [...fresh.childNodes];
    after.forEach((child, at) => { before[at] ? follow(before[at], child) : now.append(document.adoptNode(child)); });
    before.slice(after.length).forEach((child) => child.remove());
  };

  if (board) {
    // Never stale: what could not be read again is said to be old. The focus stays where it is, by its id.
    const old = find("#tableau-ancien"), voice = window.pnavVoice(find("#tableau-annonces"));
    // Somebody else's exchange: what is new in it. The board: its alerts.
    const messages = () => [...document.querySelectorAll("#messages [data-seq]")];
    const newest = () => Math.max(0, ...messages().map((one) => Number(one.dataset.seq)));
    const wordsOf = (one) => ["author", "body"].map((name) => find(`[data-slot=${name}]`, one).textContent.trim()).join(". ");
    const told = () => {
      if (!find("[data-alerts]")) return "";
      const part = find("[data-alerts]").cloneNode(true);
      part.querySelectorAll("[aria-hidden]").forEach((sign) => sign.remove());
      return [...part.querySelectorAll("li")].map((line) => line.textContent.trim()).join(" ") || part.textContent.trim();
    };
    const refresh = async () => {
      if (document.hidden) return;
      const page = await load(location.href).catch(() => undefined);
      if (page === null && old.dataset.gone) { // nobody follows it any more; what was being written can be copied
        old.textContent = old.dataset.gone;
        old.hidden = false;
        for (const button of document.querySelectorAll("form.console-reply [type=submit]")) button.disabled = true;
        clearInterval(timer);
        return;
      }
      const at = document.activeElement, id = find("#tableau").contains(at) && at.id;
      const before = told(), last = newest(), log = find("#tableau .console-log");
      const top = log && log.scrollTop, isAtEnd = log && log.scrollHeight - log.clientHeight - top < 40;
      const fresh = page && find("#tableau", page);
      old.hidden = Boolean(fresh);
      if (fresh) follow(find("#tableau"), fresh);
      if (log) find("#tableau .console-log").scrollTop = isAtEnd ? 1e9 : top; // read on where one was
      if (id && document.activeElement !== at && document.getElementById(id)) document.getElementById(id).focus({ preventScroll: true });
      if (page) document.title = page.title;
      const now = told();
      if (now !== before) voice(now);
      messages().filter((one) => Number(one.dataset.seq) > last).forEach((one) => voice(wordsOf(one)));
    };
    const log = find("#tableau .console-log");
    if (log) log.scrollTop = log.scrollHeight;
    const timer = setInterval(refresh, 1000 * (Number(board.dataset.board) || 5));
    document.addEventListener("visibilitychange", refresh);
    return;
  }

  if (received) {
    // A unit's page of one summary. Reading it is registered: only how many steps there are is asked for again and again.
    const old = find("#dossier-ancien"), voice = window.pnavVoice(find("#dossier-annonces")), acts = find("#actes");
    const isWritten = () => acts.hasAttribute("data-kept") || [...acts.querySelectorAll("input:not([type=hidden]), textarea")].some((field) =>
      !field.readOnly && (field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue));
    const refresh = async () => {
      if (document.hidden) return;
      const address = location.pathname.replace(/(?<=\/)[^/]+\/$/, (last) => (/^[0-9a-f-]{36}\/$/.test(last) ? last : "")); // after a POST: the page's own
      const count = await load(`${address}?partie=nombre`).catch(() => null);
      const steps = find("#etapes-zone");
      old.hidden = Boolean(count);
      if (!count || find("[data-steps]", count).dataset.steps === steps.dataset.steps) return;
      const page = await load(address).catch(() => null);
      if (!page) return;
      const at = document.activeElement, id = acts.contains(at) && at.id;
      swapFrom(page, "#etapes-zone");
      // What is being written stays with the steps that it was written on: the answer to it says what changed.
      if (!isWritten()) {
        acts.replaceChildren(...[...find("#actes", page).childNodes].map((node) => document.adoptNode(node)));
        if (id && document.getElementById(id)) document.getElementById(id).focus({ preventScroll: true });
      }
      voice(`${find("#etapes-zone").dataset.news} ${find("#etapes-zone li:last-child").textContent}`);
    };
    setInterval(refresh, 20000);
    document.addEventListener("visibilitychange", refresh);
    return;
  }
})();
