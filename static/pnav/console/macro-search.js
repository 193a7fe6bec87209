/**
 * A search field over the macros. An arrow leads to a macro, whose button says what it does before it is pressed, because
 * it runs several acts: « Enter » in the field leads to the first one, and runs none.
 *
 * @module
 */

import { all, find, seek, target } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { bestFirst } from "../lib/search.js";
import { announce } from "./state.js";

const SAID_MS = 500;

/** @param {Element} box */
const field = (box) => find("[data-macro-search]", box, HTMLInputElement);
/** @param {Element} box */
const lines = (box) => all("li", box);
/** @param {Element} box */
const shown = (box) => lines(box).filter((one) => !one.hidden);
/** @param {Element} line */
const buttonOf = (line) => find("[name=macro]", line, HTMLButtonElement);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let counted;

/**
 * Show the macros that have the words, first those whose title has them, then those that do what was typed.
 *
 * @param {HTMLElement} box
 */
function filter(box) {
  const wanted = field(box).value;
  const inOrder = lines(box).sort((one, other) => Number(one.dataset.place) - Number(other.dataset.place));
  const found = bestFirst(inOrder, wanted, (line) => ({
    titles: [buttonOf(line).firstChild?.textContent ?? ""], // without whom it is for
    text: seek(".console-canned__text", line)?.textContent ?? "",
  }));
  for (const line of inOrder) line.hidden = !found.includes(line);
  find("ul", box).append(...found);
  find("[data-none]", box).hidden = found.length > 0;
  clearTimeout(counted); // a count between two letters would not be read aloud
  if (!wanted.trim()) return;
  const words = box.dataset[isSingular(found.length) ? "one" : "many"] ?? "";
  counted = setTimeout(() => announce(words.replace("{n}", String(found.length))), SAID_MS);
}

/**
 * Make a toolbar of the list, which arrows go through. Of a plain button with the focus Orca reads the page: its next arrow
 * would be its own. What has the focus is said by a screen reader itself, with what it does.
 *
 * @param {Element} box
 */
function prepare(box) {
  const list = find("ul", box);
  list.setAttribute("role", "toolbar");
  list.setAttribute("aria-orientation", "vertical");
  list.setAttribute("aria-label", list.dataset.label ?? "");
  for (const line of lines(box)) line.setAttribute("role", "none");
  find(".console-canned__search", box).hidden = false;
}

/** Lead to a macro. @param {HTMLElement | undefined} line */
function reach(line) {
  if (line) buttonOf(line).focus();
}

/** Show all macros again. @param {HTMLElement} box */
function clear(box) {
  field(box).value = "";
  filter(box);
}

/**
 * Close the panel. Its event comes later, and the palette may be opened until then: it lists what is shown.
 *
 * @param {HTMLDetailsElement} box
 */
function close(box) {
  box.open = false;
  clear(box);
  find("[name=body]", box.closest("form") ?? box, HTMLTextAreaElement).focus();
}

/** @param {KeyboardEvent} event */
function keydown(event) {
  const at = target(event);
  const box = at.closest("[data-macros]");
  if (!(box instanceof HTMLDetailsElement) || event.ctrlKey || event.metaKey || event.altKey) return;
  const isField = at.matches("[data-macro-search]");
  const here = shown(box);
  const place = here.findIndex((line) => line.contains(at));
  if (!isField && place < 0) return;
  if (event.key === "Escape") close(box);
  else if (event.key === "ArrowDown") reach(here[place + 1] ?? here[0]);
  else if (event.key === "ArrowUp" && place === 0) field(box).focus();
  else if (event.key === "ArrowUp") reach(here.at(isField ? -1 : place - 1));
  else if (event.key === "Enter" && isField) reach(here[0]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export const watchMacroSearch = () => {
  document.addEventListener(
    "toggle",
    (event) => {
      const box = target(event);
      if (!(box instanceof HTMLDetailsElement) || !box.matches("[data-macros]")) return;
      prepare(box);
      if (!box.open) clear(box);
      else if (!box.contains(document.activeElement) || document.activeElement?.matches("summary")) {
        field(box).focus(); // what is typed next is searched, and does not go into the answer
      }
    },
    true,
  );
  document.addEventListener("input", (event) => {
    const box = target(event).closest("[data-macros]");
    if (box instanceof HTMLElement && target(event).matches("[data-macro-search]")) filter(box);
  });
  document.addEventListener("keydown", keydown, true);
};
