/**
 * Ready replies, which are found by keyboard: a search field over a list box.
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { bestFirst } from "../lib/search.js";
import { announce, desk } from "./state.js";

const SAID_MS = 500;

/** @param {HTMLElement} box */
const search = (box) => find("[data-search]", box, HTMLInputElement);
/** @param {HTMLElement} box */
const shown = (box) => all("[data-canned]", box).filter((one) => !one.hidden);
/** @param {HTMLElement} box */
const draftOf = (box) => find("[name=body]", box.closest("form") ?? box, HTMLTextAreaElement);
/** @param {HTMLElement} box */
const active = (box) => seek("[aria-selected=true]", box);

/**
 * Turn the buttons of the page without scripts into the options of a list box. The focus stays in the search field,
 * because Orca does not say a button to which an arrow leads.
 *
 * @param {HTMLElement} box
 */
function prepare(box) {
  const list = find(".console-canned__list", box);
  if (list.hasAttribute("role")) return;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", list.dataset.label ?? "");
  for (const [index, option] of /** @type {HTMLElement[]} */ ([...list.children]).entries()) {
    const button = find("[data-canned]", option);
    const tag = document.createElement("span");
    tag.className = button.className;
    tag.append(...button.childNodes);
    option.id = `${list.id}-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.dataset.canned = button.dataset.canned;
    option.dataset.foundBy = button.dataset.foundBy ?? "";
    option.dataset.place = String(index);
    button.replaceWith(tag);
  }
  const field = search(box);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "true");
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // a press leaves the focus in the search field
  find(".console-canned__search", box).hidden = false;
}

/** @param {HTMLElement} box @param {HTMLElement | null | undefined} option */
function activate(box, option) {
  active(box)?.setAttribute("aria-selected", "false");
  if (!option) {
    search(box).removeAttribute("aria-activedescendant");
    return;
  }
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  search(box).setAttribute("aria-activedescendant", option.id);
}

/** Return where the server put a reply. @param {HTMLElement} reply */
const placeOf = (reply) => Number(reply.dataset.place);

/**
 * Return what a reply is found by: its title, then its subject and the words that were given to it, then its text.
 *
 * @param {HTMLElement} reply an option of the list, or the button that it was made of
 * @returns {import("../lib/search.js").Findable}
 */
export const readReply = (reply) => ({
  titles: [seek("strong", reply)?.textContent ?? ""],
  also: `${seek(".console-canned__source", reply)?.textContent ?? ""} ${reply.dataset.foundBy ?? ""}`,
  text: `${reply.textContent} ${reply.dataset.canned ?? ""}`,
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let counted;

/** @param {HTMLElement} box */
function filter(box) {
  const wanted = search(box).value;
  activate(box, null);
  const list = find(".console-canned__list", box);
  const replies = all("[data-canned]", list).sort((one, other) => placeOf(one) - placeOf(other));
  const found = bestFirst(replies, wanted, readReply);
  for (const reply of replies) reply.hidden = !found.includes(reply);
  list.append(...found); // « Enter » inserts the first that is shown
  find("[data-none]", box).hidden = shown(box).length > 0;
  clearTimeout(counted); // wait until the typing pauses, because a count between two letters would not be read aloud
  if (!wanted.trim()) return;
  const count = shown(box).length;
  const words = box.dataset[isSingular(count) ? "one" : "many"] ?? "";
  counted = setTimeout(() => announce(words.replace("{n}", String(count))), SAID_MS);
}

/**
 * Boxes that a key opened, until the browser tells it. By then the focus may be elsewhere on purpose (`Alt` + `R`).
 *
 * @type {WeakSet<HTMLDetailsElement>}
 */
const openedByKey = new WeakSet();

/** Open the search in the open conversation. Return whether there was one. */
export function openSearch() {
  const box = desk.current && seek("[data-replies]", desk.current.thread, HTMLDetailsElement);
  if (!box || box.hidden) return false;
  prepare(box);
  if (!box.open) openedByKey.add(box);
  box.open = true;
  search(box).focus();
  return true;
}

/** @param {HTMLDetailsElement} box @param {string} [typed] goes into the draft */
function closeSearch(box, typed = "") {
  const area = draftOf(box);
  box.open = false;
  area.focus();
  if (typed) area.setRangeText(typed, area.selectionStart, area.selectionEnd, "end");
}

/** @param {HTMLDetailsElement} box @param {1 | -1} by */
function step(box, by) {
  const options = shown(box);
  const at = active(box);
  const from = at ? options.indexOf(at) : -1;
  if (by > 0) activate(box, options[from + 1] || options[0]);
  else activate(box, options[from - 1] || options.at(-1));
}

/**
 * Handle a key in the box.
 *
 * @param {KeyboardEvent} event
 * @param {HTMLDetailsElement} box
 * @returns {boolean} whether it meant something
 */
function press(event, box) {
  const field = /** @type {HTMLInputElement} */ (event.target);
  const isSearch = field.matches("[data-search]");
  if (event.key === "Escape") closeSearch(box);
  else if (!isSearch) return false;
  else if (event.key === "/" && !field.value) closeSearch(box, "/");
  else if (event.key === "Enter") (active(box) || shown(box)[0])?.click();
  else if (event.key === "ArrowDown") step(box, 1);
  else if (event.key === "ArrowUp") step(box, -1);
  else return false;
  return true;
}

/** « / » opens the search, unless something else is being written. @param {KeyboardEvent} event */
function opens(event) {
  const at = /** @type {HTMLTextAreaElement} */ (event.target);
  if (event.key !== "/" || document.documentElement.hasAttribute("data-no-singles")) return false;
  const isDraft = at.matches("[data-reply] textarea") && !at.readOnly && !at.value;
  return (isDraft || !at.matches("input, textarea, select")) && openSearch();
}

/**
 * Handle a key before the screen does: here Escape leads back to the draft, and not to the title of the list.
 *
 * @param {KeyboardEvent} event
 */
function keydown(event) {
  const at = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.metaKey || event.altKey || at.closest("dialog")) return;
  const box = /** @type {HTMLDetailsElement | null} */ (at.closest("[data-replies]"));
  if (!box) {
    if (opens(event)) event.preventDefault();
    return;
  }
  if (!press(event, box)) return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Close what hides an answer that now has the focus, where the screen itself does not scroll: the panel above it that
 * pushes it below the screen (with an open procedure and words of danger one is enough for that), and « Terminer » where
 * that lies over it.
 *
 * @param {FocusEvent} event
 */
function makeRoom(event) {
  const area = target(event);
  const thread = area.matches("[data-reply] textarea") ? area.closest(".console-thread") : null;
  const opened = thread ? all("details:is(.console-canned, .console-action)[open]", thread, HTMLDetailsElement) : [];
  if (!opened.length || getComputedStyle(document.body).overflowY !== "hidden") return;
  for (const box of opened) {
    const here = area.getBoundingClientRect();
    const over = seek(".console-action__panel", box)?.getBoundingClientRect();
    if (over ? over.bottom > here.top : here.bottom > innerHeight) box.open = false;
  }
}

export const watchReplies = () => {
  document.addEventListener(
    "toggle",
    (event) => {
      const box = /** @type {HTMLDetailsElement} */ (target(event));
      if (!box.matches("[data-replies]")) return;
      prepare(box);
      const isFocused = openedByKey.delete(box);
      if (box.open) {
        if (isFocused) return;
        // The agent pressed the box open, so what is typed next is searched and does not go into the answer.
        if (!box.contains(document.activeElement) || document.activeElement?.matches("summary")) search(box).focus();
        return;
      }
      search(box).value = "";
      filter(box);
    },
    true,
  );
  document.addEventListener("input", (event) => {
    const box = /** @type {HTMLElement | null} */ (target(event).closest("[data-replies]"));
    if (box && target(event).matches("[data-search]")) filter(box);
  });
  document.addEventListener("keydown", keydown, true);
  document.addEventListener("focusin", makeRoom);
};
