// Keys of the console (ADR 0043). `data-key` on the thing a key leads to says which; this file makes the key work, tells
// screen readers (aria-keyshortcuts), and opens the list. A key leads somewhere, it never sends, ends or takes.
// After console.js, whose hands it uses (`pnavConsole`).
(() => {
  "use strict";

  const root = document.getElementById("console"), hands = window.pnavConsole, list = document.getElementById("raccourcis");
  if (!root || !hands || !list) return;
  const find = (selector, from = document) => from.querySelector(selector);
  const ARROWS = { "↑": "ArrowUp", "↓": "ArrowDown" };

  // --- what each key leads to, wherever it is drawn again ---
  function mark() {
    for (const one of document.querySelectorAll("[data-key]:not([aria-keyshortcuts])")) {
      one.setAttribute("aria-keyshortcuts", one.dataset.key.split(" ").map((key) => `Alt+${ARROWS[key] || key}`).join(" "));
    }
  }
  new MutationObserver(mark).observe(root, { childList: true, subtree: true });
  mark();

  /** The thing of this key on the screen as it stands: those of the other conversations are hidden. */
  const thing = (key) => [...document.querySelectorAll(`[data-key="${key}"]`)].find((one) => !one.closest("[hidden]"));

  function go(key) {
    const one = thing(key);
    if (!one) { hands.announce(list.dataset.none); return; }
    if (one.closest("[data-replies]")) { document.dispatchEvent(new Event("pnav:replies")); return; }
    for (let box = one.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    one.focus({ preventScroll: true });
    reveal(one);
  }

  /** What a title opened is seen to its end where there is room, and the title always. */
  function reveal(one) {
    const box = one.matches("summary") && one.parentElement;
    if (box && box.open) {
      box.scrollIntoView({ block: "nearest" });
      // A panel over the thread: where the screen itself does not scroll, it has its own room.
      if (box.matches("[data-action]") && getComputedStyle(document.body).overflowY !== "hidden") one.nextElementSibling.scrollIntoView({ block: "nearest" });
    }
    one.scrollIntoView({ block: "nearest" });
  }
  // Opened by Enter on its title, the same. By a press of the mouse nothing moves under the hand.
  document.addEventListener("toggle", (event) => {
    const title = event.target.matches("#console details[open]") && find("summary", event.target);
    if (title && title.matches(":focus-visible")) reveal(title);
  }, true);

  /** Mine, one further down or up; from the last to the first. */
  function step(by) {
    const mine = hands.own(), at = mine.indexOf(hands.showing());
    if (!mine.length) { hands.announce(list.dataset.none); return; }
    hands.open(mine[at < 0 ? (by > 0 ? 0 : mine.length - 1) : (at + by + mine.length) % mine.length].id);
  }

  /** Whoever waits for my answer, the longest first, but for the one that is open. */
  function nextWaiting() {
    const since = (c) => c.since || find("[data-slot=active]", c.entry).dateTime;
    const [next] = hands.own().filter((c) => c.waits === "me" && c !== hands.showing()).sort((a, b) => Date.parse(since(a)) - Date.parse(since(b)));
    if (next) hands.open(next.id);
    else hands.announce(list.dataset.nobody);
  }

  // --- the list, and keys alone: off where somebody speaks to their computer ---
  const isOn = () => !document.cookie.includes("pnav_console_touches=0");
  const box = find("[data-singles]", list), opener = find("[data-keys-open]");
  function show() {
    box.checked = isOn();
    document.documentElement.toggleAttribute("data-no-singles", !isOn());
  }
  box.addEventListener("change", () => {
    document.cookie = `pnav_console_touches=${box.checked ? 1 : 0}; path=/console/; max-age=31536000; samesite=lax`;
    show();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-keys-open]")) list.showModal(); });
  opener.hidden = false;
  for (const one of root.querySelectorAll("[data-keys-open]")) one.hidden = false;
  show();

  list.addEventListener("keydown", (event) => event.stopPropagation()); // behind the list nothing moves
  const writes = (at) => Boolean(at.closest && at.closest("input:not([type=checkbox], [type=radio]), textarea, select"));
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    if (!event.altKey) {
      if (event.key === "?" && isOn() && !writes(event.target)) { event.preventDefault(); list.showModal(); }
      return;
    }
    if (event.shiftKey || event.repeat) return;
    const arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const key = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : (/^Key([A-Z])$/.exec(event.code) || [])[1];
    if (arrow && !event.target.closest("select")) step(arrow); // there, it opens the choices
    else if (key === "N") nextWaiting();
    else if (key && list.dataset.letters.includes(key)) go(key);
    else return;
    event.preventDefault();
  });
})();
