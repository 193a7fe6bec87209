/**
 * Ctrl + K opens one field that leads to a conversation, an act, a page or a file number, or puts a reply or the address
 * of a public page into the answer (`palette-choices.js` has what it lists). One of its lines looks for what was typed in
 * the messages of the exchanges that one holds, once it is chosen. Like every key it only leads, and never sends, ends or
 * takes anything.
 *
 * @module
 */

import { all, byId, find, seek, target } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { bestFirst } from "../lib/search.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { findWords, goToFound } from "./found.js";
import { actsFirst, choices, oneLine, readChoice, words } from "./palette-choices.js";
import { byKind, drawGroups, drawLine } from "./palette-lines.js";
import { announce, desk, say } from "./state.js";

const SHOWN = 30; // of what matches: for more, one types another letter
const SAID_MS = 500;

const dialog = byId("palette", HTMLDialogElement);
const field = find("[data-palette-search]", dialog, HTMLInputElement);
const list = find("[role=listbox]", dialog);
const number = find("form[data-number]", dialog, HTMLFormElement);
const wanted = find("form[data-words]", dialog, HTMLFormElement);
const nothing = find("[data-palette-none]", dialog);
const note = find("[data-palette-note]", dialog);

/** @typedef {import("./palette-lines.js").Choice} Choice */

const countOf = (/** @type {number} */ n) => say(isSingular(n) ? "palette_count_one" : "palette_count", { n });

/** @type {Choice[]} what the dialog was opened over */
let known = [];
/** @type {Choice[]} */
let shown = [];

/** Return whether a text is a file number as one types it: « pnav 5zbv 5bhv ». @param {string} typed */
const isNumber = (typed) => /^(?:pnav)?[\s-]*[a-z2-9]{4}[\s-]*[a-z2-9]{4}$/i.test(typed.trim()) && /\d/.test(typed);

/** @type {ReturnType<typeof setTimeout> | undefined} */
let counted;

/** It counts the questions: an answer is dropped that comes after another one, or after the palette was closed. */
const asked = { at: 0 };

/**
 * Look for what was typed in the messages of the exchanges that one holds. It is a line to be chosen, and not done at
 * each letter: the server decrypts messages for it, and the register says that one searched.
 *
 * @param {string} typed
 */
async function lookInMessages(typed) {
  if (list.ariaBusy === "true") return; // a second press, before the answer came
  asked.at += 1;
  const mine = asked.at;
  find("[name=mots]", wanted, HTMLInputElement).value = typed;
  list.ariaBusy = "true";
  nothing.hidden = true;
  note.textContent = words("searching");
  const answer = await findWords(wanted).catch(() => ({ found: [], note: words("failed") }));
  if (mine !== asked.at || !dialog.open) return;
  list.ariaBusy = "false";
  show(
    answer.found.map((one) => ({
      kind: one.who,
      label: one.name,
      text: oneLine(one.words.textContent),
      run: () => goToFound(one),
      found: one,
    })),
  );
  note.textContent = answer.note || (answer.found.length ? "" : words("noMessage"));
  clearTimeout(counted);
  const isNone = !shown.length && note.textContent; // the note says it
  announce([isNone ? "" : countOf(shown.length), note.textContent].filter(Boolean).join(". "));
}

/** @param {Choice[]} lines */
function show(lines) {
  shown = lines;
  list.replaceChildren(...shown.map((one, at) => drawLine(one, at)));
  choose(0);
}

/**
 * Show what is listed before anything is typed, by kind. What is found is not: the best line stands first, of any kind.
 *
 * @param {Choice[]} lines
 */
function showByKind(lines) {
  const groups = byKind(lines);
  shown = groups.flat();
  list.replaceChildren(...drawGroups(groups));
  choose(0);
}

function filter() {
  const typed = field.value;
  asked.at += 1;
  list.ariaBusy = "false";
  const isAsked = Boolean(typed.trim());
  const lines = (isAsked ? bestFirst(known, typed, readChoice) : actsFirst(known)).slice(0, SHOWN);
  if (isNumber(typed)) {
    lines.unshift({
      kind: words("file"),
      label: typed.trim().toUpperCase(),
      text: "",
      run: () => {
        find("[name=number]", number, HTMLInputElement).value = typed;
        number.submit();
      },
    });
  }
  const n = lines.length; // without the line that only offers to look further
  nothing.hidden = n > 0;
  if (typed.trim().length > 1) {
    const run = () => lookInMessages(typed);
    lines.push({ kind: words("messages"), label: `« ${typed.trim()} »`, text: "", run, stays: true });
  }
  note.textContent = "";
  if (isAsked) show(lines);
  else showByKind(lines);
  clearTimeout(counted);
  counted = setTimeout(() => announce(n ? countOf(n) : oneLine(nothing.textContent)), SAID_MS);
}

/** Return the lines, without the headings of their groups. */
const options = () => all("[role=option]", list);

/** @param {number} at */
function choose(at) {
  for (const [place, option] of options().entries()) option.setAttribute("aria-selected", String(place === at));
  const option = options()[at];
  if (!option) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

/** @param {number} at */
function run(at) {
  const choice = shown[at];
  if (!choice) return;
  if (choice.stays) {
    choice.run();
    return;
  }
  closeDialog(dialog);
  giveCursorBack();
  choice.run(); // after the dialog has given the focus back
}

/*
 * While a dialog is open, a browser may forget where the cursor of the answer was. The words would then go before what
 * was written.
 */
/** @type {{ area: HTMLTextAreaElement, from: number, to: number } | null} */
let cursor = null;

const keepCursor = () => {
  const area = desk.current?.area;
  cursor = area ? { area, from: area.selectionStart, to: area.selectionEnd } : null;
};

const giveCursorBack = () => {
  cursor?.area.setSelectionRange(cursor.from, cursor.to);
  cursor = null;
};

function openPalette() {
  keepCursor();
  known = choices();
  field.value = "";
  filter();
  openDialog(dialog);
  field.focus();
}

/** Return whether this is Ctrl + K, or Cmd + K. @param {KeyboardEvent} event */
const asks = ({ ctrlKey, metaKey, altKey, shiftKey, key, isComposing }) =>
  (ctrlKey || metaKey) && !altKey && !shiftKey && !isComposing && key.toLowerCase() === "k";

/** @param {KeyboardEvent} event */
function keydown(event) {
  // For a moment after Escape its field may have the focus still. Another Ctrl + K then opens it, or else closes it.
  if (!dialog.open || asks(event)) return;
  event.stopPropagation(); // nothing behind the palette reacts
  if (target(event).matches("button")) return; // « Fermer » handles its own keys
  const by = new Map([
    ["ArrowDown", 1],
    ["ArrowUp", -1],
  ]).get(event.key);
  if (by && shown.length) choose((chosen() + by + shown.length) % shown.length);
  else if (event.key === "Enter") run(chosen());
  else return;
  event.preventDefault();
}

/** @param {KeyboardEvent} event */
function opens(event) {
  if (!asks(event)) return;
  event.preventDefault();
  if (dialog.open) closeDialog(dialog);
  else if (!seek("dialog[open]")) openPalette();
}

/** A press outside of the palette closes it, as « Fermer » and Escape do. @param {PointerEvent} event */
function pressBeside({ target: pressed, clientX, clientY }) {
  if (pressed !== dialog) return; // the browser reports a press outside as one on the dialog itself
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  if (clientX < left || clientX > right || clientY < top || clientY > bottom) closeDialog(dialog);
}

export const watchPalette = () => {
  document.addEventListener("keydown", opens);
  document.addEventListener("click", (event) => {
    if (target(event).closest("[data-palette-open]")) openPalette();
  });
  for (const one of all("[data-palette-open]")) one.hidden = false;
  for (const one of all("[data-palette-plain]")) one.hidden = true;
  field.addEventListener("input", filter);
  dialog.addEventListener("keydown", keydown);
  dialog.addEventListener("pointerdown", pressBeside);
  dialog.addEventListener("close", () => {
    if (!dialog.open) giveCursorBack(); // the event comes late, and the palette may have been opened again
  });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays in the field
  list.addEventListener("click", (event) => {
    run(options().indexOf(/** @type {HTMLElement} */ (target(event).closest("[role=option]"))));
  });
};
