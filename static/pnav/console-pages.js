// What the pages of the console and of the units read again without being left (docs/adr/0035): other parts of them stay.
(() => {
  "use strict";

  // The only place where text becomes HTML: a page of this site, read into a document where nothing runs (docs/adr/0035).
  const trust = (window.trustedTypes || { createPolicy: (_name, rules) => rules }).createPolicy("pnav-console", {
    createHTML: (page) => page,
    createScriptURL: (address) => (address === document.getElementById("console").dataset.clock ? address : null),
  });
  const parse = async (answer) => {
    const page = new DOMParser().parseFromString(trust.createHTML(await answer.text()), "text/html");
    page.querySelectorAll("noscript").forEach((part) => part.remove()); // read without scripts, its frame would load here
    return page;
  };
  const load = async (address) => {
    const answer = await fetch(address, { cache: "no-store" });
    if (answer.status === 404) return null;
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    return parse(answer);
  };

  /** What lies before the messages of a thread: its own page, read here and put above; the reading stays where it was. */
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-log] [data-earlier] a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const page = await load(link.href).catch(() => undefined);
    if (page === undefined) { location.assign(link.href); return; }
    const row = link.closest("[data-earlier]"), log = row.closest("[data-log]");
    const older = page ? [...page.querySelectorAll("[data-older] > [data-seq]")] : [];
    const before = page && page.querySelector("[data-earlier] a"), height = log.scrollHeight, top = log.scrollTop;
    row.after(...older.map((message) => document.adoptNode(message)));
    if (before) link.href = new URL(before.getAttribute("href"), link.href).href; else row.remove();
    log.scrollTop = top + log.scrollHeight - height;
    if (older.length) {
      older.at(-1).tabIndex = -1;
      older.at(-1).focus({ preventScroll: true });
    }
  });

  /** sent: the form whose answer this is. What was being written in other forms, and what was open, stays.
      untaken: the answer gives its words back, kept nowhere else. */
  const swapFrom = (page, selector, sent, untaken = false) => {
    const before = document.querySelector(selector), after = page && page.querySelector(selector);
    if (before && after) {
      keepDrafts(before, after, sent, untaken);
      before.replaceWith(document.adoptNode(after));
    }
    return Boolean(after);
  };
  const keepDrafts = (before, after, sent, untaken = false) => {
    for (const field of before.querySelectorAll("textarea[id], input.fr-input[id], details[id], .console-transfer select[id]")) {
      const fresh = after.querySelector(`[id="${field.id}"]`);
      if (!fresh) continue;
      if (field.options) {
        if (field.form !== sent && [...fresh.options].some((choice) => choice.value === field.value)) fresh.value = field.value;
        continue;
      }
      if (field.open) fresh.open = true;
      if (untaken && field.form === sent) asDraft(fresh);
      if (field.defaultValue !== field.value && field.form !== sent && !fresh.readOnly) fresh.value = field.value;
    }
    if (before.open) after.open = true;
  };
  /** Drawn with words that no server has: a draft as if it had been typed here, for the next part that is swapped. */
  const asDraft = (field) => {
    const { value } = field;
    field.defaultValue = "";
    field.value = value;
  };
  /** A clock that a browser does not slow down when the page is hidden. The policy itself stays in here. */
  const startClock = (tick, period) => {
    const worker = new Worker(trust.createScriptURL(document.getElementById("console").dataset.clock));
    worker.onmessage = tick;
    worker.postMessage(period);
  };
  window.pnavPages = Object.freeze({ parse, load, swapFrom, keepDrafts, startClock });
})();
