/**
 * These are the keys of the console (ADR 0043). `data-key` on an element names the key that leads to it. This file
 * makes the key work, tells screen readers (aria-keyshortcuts) and opens the list of keys. A key only leads somewhere.
 * It never sends, ends or takes anything.
 *
 * @module
 */

import { all, byId, find, seek, target } from "../lib/dom.js";
import { listIsRead, open, showDossier } from "./conversation.js";
import { openDialog } from "./dialogs.js";
import { goTo, reveal } from "./go-to.js";
import { beginQueue, dropsKey, endQueue, queueLetter } from "./key-queue.js";
import { noteWork } from "./moved-on.js";
import { tell } from "./notice.js";
import { asked, isOwed, nextSeen, stepTo } from "./numbers.js";
import { goToUndo } from "./pending-ends.js";
import { announce, byUrgency, desk, known, say } from "./state.js";
import { writeOn } from "./write-on.js";

const list = byId("raccourcis", HTMLDialogElement);
const ARROWS = new Map([
  ["↑", "ArrowUp"],
  ["↓", "ArrowDown"],
]);

/* --- what each key leads to, also after it was drawn again --- */

const UNMARKED = "[data-key]:not([aria-keyshortcuts])";

/** @param {HTMLElement} one */
function mark(one) {
  const keys = (one.dataset.key ?? "").split(" ").map((key) => `Alt+${ARROWS.get(key) || key}`);
  one.setAttribute("aria-keyshortcuts", keys.join(" "));
}

/**
 * Mark keys only in what was added: texts change all the time, and each of ten exchanges has a thousand elements or
 * more.
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

/** Return the element of this key on screen. Those of the other conversations are hidden. @param {string} key */
const thing = (key) => all(`[data-key="${key}"]`).find((one) => !one.closest("[hidden]"));

/** @param {string} letter */
function go(letter) {
  showDossier(); // a key may be pressed before the frame in which the dossier is shown
  const one = thing(letter);
  if (letter === "T" && !astray.is && goToUndo(desk.current)) return;
  if (one && astray.is && letter === "T") {
    tell(list.dataset.astray ?? ""); // the « Terminer » of the open conversation was meant for another one
    return;
  }
  if (!one) {
    announce(list.dataset.none ?? "");
    return;
  }
  goTo(one);
}

/**
 * Open a conversation, and do then what was asked of it meanwhile.
 *
 * @param {string} id
 * @param {import("./key-queue.js").Queue} [queue] begun already
 */
async function openThen(id, queue = beginQueue(Date.now())) {
  const opening = open(id);
  if (desk.current?.id !== id) await opening; // one that the page has is on screen at once
  finish(queue, desk.current?.id === id);
}

/** @param {import("./key-queue.js").Queue} queue @param {boolean} isShown */
function finish(queue, isShown) {
  const { letters, isDropped } = endQueue(queue, isShown, Date.now());
  for (const letter of letters) go(letter);
  if (isDropped) tell(list.dataset.dropped ?? "");
}

/**
 * Open the agent's conversation one further down or up from where the open one stands, as the list is drawn: its rows do
 * not move under a pointer, and a view hides some. After the last comes the first.
 *
 * @param {1 | -1} by
 */
function step(by) {
  const drawn = all("#liste .console-entry:not([hidden])").map(({ dataset }) => dataset.conversation ?? "");
  const mine = drawn.filter((id) => !known(id)?.over);
  if (!mine.length) {
    announce(list.dataset.none ?? "");
    return;
  }
  openThen(mine[stepTo(mine.length, mine.indexOf(desk.current?.id ?? ""), by)]);
}

// It says that « next » was asked for while the list is still being read. Pressing it again asks for the same thing.
const coming = { is: false };

/**
 * Open the conversation of whoever waits for the agent, the most urgent first, whichever order the list has. The order
 * does not follow the wait alone, because an open emergency then came after somebody who had written some seconds
 * before. When the list had to be read first, and the agent wrote on or went elsewhere meanwhile, nothing is opened.
 */
async function nextWaiting() {
  if (coming.is) return;
  const hasMovedOn = noteWork();
  const queue = beginQueue(Date.now());
  coming.is = true;
  try {
    await listIsRead();
  } finally {
    coming.is = false;
  }
  const next = hasMovedOn() ? null : whoIsNext();
  const wasOpen = next === desk.current;
  if (next) openThen(next.id, queue);
  else finish(queue, false);
  // Nothing else would change, and the key would seem to be dead.
  if (next && wasOpen) tell(say("next_is_open", { n: next.number, name: next.name }));
}

/** Open whoever stands first by urgency, also when nobody waits: a screen without an open exchange offers it. */
async function openFirst() {
  await listIsRead();
  const [first] = byUrgency();
  if (first) openThen(first.id);
}

/** Return who waits for the agent; null: nobody does, which is said. */
function whoIsNext() {
  // The open conversation counts too, unless the agent is in its answer. Otherwise a danger would be left for somebody
  // who wrote later.
  const waiting = byUrgency().filter((c) => isOwed(c) && (c !== desk.current || c.area !== document.activeElement));
  const next = nextSeen(waiting, Date.now());
  if (!next) tell(list.dataset.nobody ?? ""); // in sight too: nothing else changes
  return next ?? null;
}

// The agent typed a number that no conversation has. What is typed next was meant for somebody else than the open one.
const astray = { is: false };

/** In an answer where nothing is written yet, the page keys scroll the thread above it. @param {KeyboardEvent} event */
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
  // Search the list, because it already has a conversation whose thread is still being read.
  const entry = seek(`#liste .console-entry[data-number="${number}"]`);
  astray.is = !entry;
  if (entry) {
    openThen(entry.dataset.conversation ?? "");
    return;
  }
  tell(say("no_number", { n: number }));
  if (desk.current?.area === document.activeElement) find("#mes-echanges").focus({ preventScroll: true });
}

/* --- the list, and keys without Alt, which are off for somebody who dictates to their computer --- */

const isOn = () => !document.cookie.includes("pnav_console_touches=0");
const box = find("[data-singles]", list, HTMLInputElement);

function show() {
  box.checked = isOn();
  document.documentElement.toggleAttribute("data-no-singles", !isOn());
}

/** @param {HTMLElement} at */
const writes = (at) => Boolean(at.closest?.("input:not([type=checkbox], [type=radio]), textarea, select"));

/** Handle the arrows and digits of the list of conversations, and Escape in an action. @param {KeyboardEvent} event */
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
const PLAIN = /^(?:.|Enter|Tab)$/u;

/** @param {KeyboardEvent} event */
function keydown(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey) return;
  if (!event.altKey) {
    if (PLAIN.test(event.key) && dropsKey(Date.now())) {
      event.preventDefault();
      return;
    }
    if (readOn(event)) {
      event.preventDefault();
      return;
    }
    // Each letter of an answer comes through here. What costs most, a search through the whole page, is asked last.
    const isFree = !writes(target(event)) && !target(event).matches("input"); // a checkbox keeps the focus
    if (LETTER.test(event.key) && isOn() && isFree && !astray.is) writeOn(target(event));
    if (event.key !== "?" || !isOn() || writes(target(event))) return;
    event.preventDefault();
    openDialog(list);
    return;
  }
  const wish = asked(event);
  if (!wish) return;
  if (wish.number) goToNumber(wish.number);
  else if (event.shiftKey || event.repeat) return;
  else if (wish.step && !target(event).closest("select"))
    step(wish.step); // when the choices are closed, this opens them
  else if (wish.letter === "N") nextWaiting();
  else if (wish.letter && list.dataset.letters?.includes(wish.letter)) {
    if (!queueLetter(wish.letter, Date.now())) go(wish.letter);
  } else return;
  event.preventDefault();
}

export const watchKeys = () => {
  new MutationObserver(markAdded).observe(document.body, { childList: true, subtree: true });
  for (const one of all(UNMARKED)) mark(one);
  // Do the same when Enter on a title opens something. After a press of the mouse nothing moves under the pointer.
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
    if (target(event).closest("[data-keys-open]")) openDialog(list);
    if (target(event).closest("[data-next]")) nextWaiting();
    if (target(event).closest("[data-first]")) openFirst();
  });
  for (const one of all("[data-keys-open]")) one.hidden = false;
  show();
  list.addEventListener("keydown", (event) => {
    if (list.open) event.stopPropagation(); // nothing behind the list of keys reacts
  });
  // Somebody who goes into a field or presses something has seen where they are.
  document.addEventListener("focusin", (event) => {
    if (writes(target(event))) astray.is = false;
  });
  document.addEventListener("keydown", inList);
  document.addEventListener("keydown", keydown);
};
