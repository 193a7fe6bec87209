/**
 * Keys of the console (ADR 0043). `data-key` on the thing a key leads to says which; this file makes the key work, tells
 * screen readers (aria-keyshortcuts), and opens the list. A key leads somewhere, it never sends, ends or takes.
 *
 * @module
 */

import { all, byId, find, seek, target } from "../lib/dom.js";
import { listIsRead, open, showDossier } from "./conversation.js";
import { unfold } from "./folds.js";
import { tell } from "./notice.js";
import { asked, nextSeen, stepTo } from "./numbers.js";
import { openSearch } from "./replies.js";
import { nextToConfirm } from "./sheet.js";
import { announce, desk, own, say } from "./state.js";

const list = byId("raccourcis", HTMLDialogElement);
const ARROWS = new Map([
  ["↑", "ArrowUp"],
  ["↓", "ArrowDown"],
]);

/* --- what each key leads to, wherever it is drawn again --- */

const UNMARKED = "[data-key]:not([aria-keyshortcuts])";

/** @param {HTMLElement} one */
function mark(one) {
  const keys = (one.dataset.key ?? "").split(" ").map((key) => `Alt+${ARROWS.get(key) || key}`);
  one.setAttribute("aria-keyshortcuts", keys.join(" "));
}

/**
 * In what was added alone: texts change all the time, and each of ten exchanges has a thousand elements and more.
 *
 * @param {MutationRecord[]} records
 */
function markAdded(records) {
  for (const { addedNodes } of records) {
    for (const node of addedNodes) {
      if (!(node instanceof HTMLElement)) continue;
      if (node.matches(UNMARKED)) mark(node);
      for (const one of all(UNMARKED, node)) mark(one);
    }
  }
}

/** The thing of this key on the screen as it stands: those of the other conversations are hidden. @param {string} key */
const thing = (key) => all(`[data-key="${key}"]`).find((one) => !one.closest("[hidden]"));

/** @param {string} letter */
function go(letter) {
  showDossier(); // a key may be quicker than the frame after which it is shown
  const one = thing(letter);
  if (one && astray.is && letter === "T") {
    tell(list.dataset.astray ?? ""); // « Terminer » of whoever is open was meant for somebody else
    return;
  }
  if (!one) {
    announce(list.dataset.none ?? "");
    return;
  }
  goTo(one);
}

/** Of a part that has no focus of its own, what is wanted of it. @type {Map<string | undefined, (part: HTMLElement) => HTMLElement>} */
const INTO = new Map([
  ["I", (part) => seek("button", part) ?? part],
  ["V", (part) => nextToConfirm(part)[0] ?? part],
  // Of an open procedure, what is done is above: the first step that is not, with its sentence if it has one.
  ["U", (part) => seek("li:has([name=step]) button", part) ?? part],
]);

/** To what a key leads to: unfolded, with the focus, on screen. @param {HTMLElement} part */
export function goTo(part) {
  if (part.closest("[data-replies]")) {
    openSearch();
    return;
  }
  const one = INTO.get(part.dataset.key)?.(part) ?? part;
  unfold(one);
  for (let box = one.closest("details"); box; box = box.parentElement?.closest("details") ?? null) box.open = true;
  one.focus({ preventScroll: true });
  reveal(one);
}

/** What a title opened is seen to its end where there is room, and the title always. @param {HTMLElement} one */
function reveal(one) {
  const box = one.matches("summary") ? /** @type {HTMLDetailsElement} */ (one.parentElement) : null;
  const scrolls = getComputedStyle(document.body).overflowY !== "hidden";
  // One column, zoomed above all: what is under a title would lie below the screen.
  const block = scrolls && !one.closest("[data-action]") && !one.matches("textarea") ? "start" : "nearest";
  if (box?.open) {
    box.scrollIntoView({ block });
    // A panel over the thread: where the screen itself does not scroll, it has its own room.
    if (box.matches("[data-action]") && scrolls) one.nextElementSibling?.scrollIntoView({ block: "nearest" });
  }
  one.scrollIntoView({ block });
}

/** Mine, one further down or up; from the last to the first. @param {1 | -1} by */
function step(by) {
  const mine = own();
  if (!mine.length) {
    announce(list.dataset.none ?? "");
    return;
  }
  const at = desk.current ? mine.indexOf(desk.current) : -1;
  open(mine[stepTo(mine.length, at, by)].id);
}

// « Next » was asked for while the list is still being read: pressed again, it is the same wish.
const coming = { is: false };

/**
 * Whoever waits for my answer, in the order of the list: the most urgent first. By the wait alone an open emergency stood
 * behind whoever had written some seconds before. Where the list had to be read first and the agent wrote on meanwhile,
 * or went elsewhere, nothing is opened under their hands.
 */
async function nextWaiting() {
  if (coming.is) return;
  const at = document.activeElement;
  const area = desk.current?.area;
  const text = area?.value;
  coming.is = true;
  try {
    await listIsRead();
  } finally {
    coming.is = false;
  }
  const now = document.activeElement; // the body: what had the focus was drawn again
  if ((now !== at && now !== document.body) || area?.value !== text) return;
  // The open one too, for whoever is not in its answer: danger is not left for who wrote later.
  const waiting = own().filter((c) => c.waits === "me" && (c !== desk.current || c.area !== document.activeElement));
  const next = nextSeen(waiting, Date.now());
  if (!next) {
    announce(list.dataset.nobody ?? "");
    return;
  }
  if (next.isNew) tell(say("assigned", { n: next.number, name: next.name }));
  open(next.id);
}

// A number of nobody was asked for: what is typed next was meant for somebody else than the open one.
const astray = { is: false };

/** In an answer where nothing is written yet the page keys read the thread, which is above it. @param {KeyboardEvent} event */
function readOn({ key, target: at }) {
  const by = new Map([
    ["PageUp", -1],
    ["PageDown", 1],
  ]).get(key);
  const c = desk.current;
  if (!by || !c?.area || at !== c.area || c.area.value) return false;
  c.log.scrollBy({ top: by * 0.9 * c.log.clientHeight });
  return true;
}

/** @param {number} number */
function goToNumber(number) {
  // By the list: a conversation whose thread is still being read is there already.
  const entry = seek(`#liste .console-entry[data-number="${number}"]`);
  astray.is = !entry;
  if (entry) {
    open(entry.dataset.conversation ?? "");
    return;
  }
  tell(say("no_number", { n: number }));
  if (desk.current?.area === document.activeElement) find("#mes-echanges").focus({ preventScroll: true });
}

/* --- the list, and keys alone: off where somebody speaks to their computer --- */

const isOn = () => !document.cookie.includes("pnav_console_touches=0");
const box = find("[data-singles]", list, HTMLInputElement);

function show() {
  box.checked = isOn();
  document.documentElement.toggleAttribute("data-no-singles", !isOn());
}

/** @param {HTMLElement} at */
const writes = (at) => Boolean(at.closest?.("input:not([type=checkbox], [type=radio]), textarea, select"));

/** Arrows and digits of the list of conversations, and Escape in an action. @param {KeyboardEvent} event */
function inList(event) {
  const at = target(event);
  const link = at.closest?.(".console-entry__link");
  const by = new Map([
    ["ArrowDown", 1],
    ["ArrowUp", -1],
  ]).get(event.key);
  if (link && by) {
    const links = all(".console-entry__link").filter((one) => one.offsetParent);
    event.preventDefault();
    links[links.indexOf(/** @type {HTMLElement} */ (link)) + by]?.focus();
  }
  const action =
    event.key === "Escape" &&
    /** @type {HTMLDetailsElement} */ (
      at.closest?.("[data-action][open]") ??
        seek("[data-menu][open]") ??
        seek(".console-thread:not([hidden]) > .console-thread__head [data-action][open]")
    );
  if (!action) return;
  action.open = false;
  find("summary", action).focus();
}

const LETTER = /^[\p{L}\p{N}]$/u;

/**
 * Who looks at the keyboard and not at the screen writes on after a press of a button: the words went nowhere, and the
 * question mark at their end opened the list of keys. They go into the open answer, from the first letter; nothing is sent.
 *
 * @param {KeyboardEvent} event
 */
function writeOn(event) {
  const area = desk.current?.area;
  if (!area || area.disabled || !area.offsetParent || astray.is || seek("dialog[open]")) return;
  if (writes(target(event)) || target(event).matches("input")) return; // a box that is to be ticked keeps its focus
  area.focus({ preventScroll: true }); // the letter itself follows the focus
}

/** @param {KeyboardEvent} event */
function keydown(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) return;
  if (!event.altKey) {
    if (readOn(event)) {
      event.preventDefault();
      return;
    }
    if (LETTER.test(event.key) && isOn()) writeOn(event);
    if (event.key !== "?" || !isOn() || writes(target(event))) return;
    event.preventDefault();
    list.showModal();
    return;
  }
  const wish = asked(event);
  if (!wish) return;
  if (wish.number) goToNumber(wish.number);
  else if (event.shiftKey || event.repeat) return;
  else if (wish.step && !target(event).closest("select"))
    step(wish.step); // there, it opens the choices
  else if (wish.letter === "N") nextWaiting();
  else if (wish.letter && list.dataset.letters?.includes(wish.letter)) go(wish.letter);
  else return;
  event.preventDefault();
}

export const watchKeys = () => {
  new MutationObserver(markAdded).observe(document.body, { childList: true, subtree: true });
  for (const one of all(UNMARKED)) mark(one);
  // Opened by Enter on its title, the same. By a press of the mouse nothing moves under the hand.
  document.addEventListener(
    "toggle",
    (event) => {
      const isOpened = target(event).matches("#console details[open]");
      const title = isOpened ? seek("summary", target(event)) : null;
      if (title?.matches(":focus-visible")) reveal(title);
    },
    true,
  );
  box.addEventListener("change", () => {
    document.cookie = `pnav_console_touches=${box.checked ? 1 : 0}; path=/console/; max-age=31536000; samesite=lax`;
    show();
  });
  document.addEventListener("click", (event) => {
    if (target(event).closest("[data-keys-open]")) list.showModal();
  });
  for (const one of all("[data-keys-open]")) one.hidden = false;
  show();
  list.addEventListener("keydown", (event) => event.stopPropagation()); // behind the list nothing moves
  // Whoever goes into a field, or presses something, has seen where they are.
  document.addEventListener("focusin", (event) => {
    if (writes(target(event))) astray.is = false;
  });
  document.addEventListener("keydown", inList);
  document.addEventListener("keydown", keydown);
};
