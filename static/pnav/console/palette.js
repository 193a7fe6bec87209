/**
 * Ctrl + K opens one field that leads to a conversation, an act, a page or a file number, or puts a reply or the address
 * of a public page into the answer. It lists what the page has, so nothing is defined twice. One of its lines looks for
 * what was typed in the messages of the exchanges that one holds, once it is chosen. Like every key it only leads, and
 * never sends, ends or takes anything.
 *
 * @module
 */

import { all, byId, find, seek, target } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { bestFirst } from "../lib/search.js";
import { open } from "./conversation.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { findWords, goToFound } from "./found.js";
import { goTo } from "./keys.js";
import { drawLine } from "./palette-lines.js";
import { linksFor } from "./public-pages.js";
import { readReply } from "./replies.js";
import { stopIn } from "./sheet-answers.js";
import { announce, desk, say } from "./state.js";
import { insert } from "./thread.js";

const SHOWN = 30; // of what matches: for more, one types another letter
const SAID_MS = 500;

const dialog = byId("palette", HTMLDialogElement);
const field = find("[data-palette-search]", dialog, HTMLInputElement);
const list = find("[role=listbox]", dialog);
const number = find("form[data-number]", dialog, HTMLFormElement);
const wanted = find("form[data-words]", dialog, HTMLFormElement);
const nothing = find("[data-palette-none]", dialog);
const note = find("[data-palette-note]", dialog);
const published = find("[data-public-pages]", dialog, HTMLTemplateElement);
const publicPages = JSON.parse(published.content.textContent ?? "[]");

/** @typedef {import("./palette-lines.js").Choice} Choice */

const oneLine = (/** @type {string | null | undefined} */ text) => (text ?? "").trim().replace(/\s+/g, " ");
const words = (/** @type {string} */ name) => dialog.dataset[name] ?? "";
const countOf = (/** @type {number} */ n) => say(isSingular(n) ? "palette_count_one" : "palette_count", { n });

/** Return the name of an element, without its key. @param {HTMLElement} element */
const labelOf = (element) => oneLine(element.dataset.palette || element.textContent);

/** Lead to the panel that ends this conversation, and open the conversation first. @param {string} id */
async function goToEnd(id) {
  await open(id, { focus: false });
  const end = desk.current?.id === id && seek("[data-key=T]", desk.current.thread);
  if (end) goTo(end);
}

/**
 * Return what takes the focus for a title, a number or the name of a field. The title of a section is a button that
 * folds it; without one, the section itself is gone to.
 *
 * @param {HTMLElement} one
 * @returns {HTMLElement}
 */
function wayTo(one) {
  if (one instanceof HTMLLabelElement) return one.control ?? one;
  const section = one.matches("h3, li") && one.closest("section");
  if (!section) return one;
  const title = seek(":scope > h3 button", section);
  if (!title) section.tabIndex = -1;
  return title ?? section;
}

/**
 * Return the ways to what has no key: « En pause » and « Absent », the sections of the dossier, what unfolds in them, and
 * the numbers to propose. They are only gone to.
 *
 * @param {HTMLElement | undefined} dossier of the open conversation
 * @param {Set<string>} known labels of the ways that are listed already
 * @returns {Choice[]}
 */
function placesOf(dossier, known) {
  const states = all("#disponibilite-choix [name=availability]:not([data-key])");
  const parts = dossier ? all(".console-block > h3, summary, [id^=numeros-] li, [for^=note-]", dossier) : [];
  /** @type {Choice[]} */
  const places = [];
  for (const one of [...states, ...parts]) {
    const label = oneLine((one.matches("label") ? one.firstChild : one)?.textContent); // without the hint of a field
    if (!label || known.has(label) || one.closest("[hidden]") || one.matches("[data-key], [data-way-to]")) continue;
    known.add(label);
    places.push({ kind: words("act"), label, text: "", run: () => goTo(wayTo(one)) });
  }
  return places;
}

/*
 * The acts of an exchange that are wanted most, by their keys: the procedure, ready replies, macros, the sheet, passing on
 * and the end. The others stand as they do on the screen.
 */
const WANTED = "UMGQCT";

/**
 * Return how early a way stands before anything is typed, the greatest first: the acts of the open exchange, then one's
 * duty; 0: after the exchanges. What stands in an open procedure goes with it.
 *
 * @param {HTMLElement} way
 * @param {import("./state.js").Conversation | null} c the open exchange
 */
function firstOf(way, c) {
  if (way.closest("#disponibilite")) return 1;
  if (!c?.thread?.contains(way) && !c?.dossier?.contains(way)) return 0;
  const key = (way.closest('[data-key="U"]') ?? way).getAttribute("data-key");
  return key && WANTED.includes(key) ? 2 + WANTED.length - WANTED.indexOf(key) : 2;
}

/** @returns {Choice[]} */
function choices() {
  const c = desk.current;
  // Read the list, because it already has a conversation whose thread is still being read.
  const conversations = all("#liste .console-entry").map(({ dataset }) => ({
    kind: words("conversation"),
    label: `${dataset.number} · ${dataset.name}`,
    name: dataset.name,
    text: "",
    run: () => open(dataset.conversation ?? ""),
  }));
  const acts = all("[data-key]:not(section, [data-parts]), [data-way-to]")
    .filter((one) => !one.closest("[hidden]") && !one.matches("textarea"))
    // « Préparer un résumé » is shown under the title of its section: it is found by what stands on it too.
    .map((one) => ({
      kind: words("act"),
      label: labelOf(one),
      name: oneLine(one.textContent),
      text: "",
      run: () => goTo(one),
      first: firstOf(one, c),
    }));
  const places = placesOf(c?.dossier, new Set(acts.map(({ label }) => label)));
  // The end of the open conversation is among the acts. Those of the others are listed by name.
  const ends = all("#liste .console-entry")
    .filter(({ dataset }) => dataset.conversation !== c?.id)
    .map(({ dataset }) => ({
      kind: words("act"),
      label: `${words("end")} ${dataset.number} · ${dataset.name}`,
      text: "",
      run: () => goToEnd(dataset.conversation ?? ""),
    }));
  const over = all("#termines .console-entry").map(({ dataset }) => ({
    kind: words("ended"),
    label: dataset.name ?? "",
    text: "",
    run: () => open(dataset.conversation ?? ""),
  }));
  const pages = /** @type {HTMLAnchorElement[]} */ (all(".console-top__nav a[href]")).map((one) => ({
    kind: words("page"),
    label: labelOf(one),
    text: "",
    run: () => location.assign(one.href),
  }));
  if (!c?.area || c.over) return [...conversations, ...acts, ...places, ...ends, ...pages, ...over];
  const facts = all("[data-element]", c.dossier).map((row) => ({
    kind: words("fact"),
    label: oneLine(seek(".console-element__name", row)?.textContent),
    text: "",
    run: () => goTo(stopIn(row)),
  }));
  const said = [...all("[data-insert]", seek(`#dire-${c.id}`) ?? document.createElement("div"))].map((one) => ({
    kind: words("reply"),
    label: one.dataset.insert ?? "",
    name: "",
    text: "",
    run: () => insert(c, one.dataset.insert ?? ""),
  }));
  const replies = all("[data-canned]", c.thread).map((one) => ({
    kind: words("reply"),
    label: oneLine(seek("strong", one)?.textContent),
    text: one.dataset.canned ?? "",
    also: readReply(one).also,
    run: () => insert(c, one.dataset.canned ?? ""),
  }));
  const links = linksFor(publicPages, c.form?.dataset ?? {}, published.dataset.origin ?? "").map((one) => ({
    kind: words("public"),
    label: one.title,
    text: one.words,
    run: () => insert(c, one.words),
  }));
  return [...conversations, ...acts, ...said, ...replies, ...facts, ...places, ...ends, ...pages, ...over, ...links];
}

/** @type {Choice[]} what the dialog was opened over */
let known = [];
/** @type {Choice[]} */
let shown = [];

/**
 * Return what a line is found by. A sentence to insert has no title: what it says is found after what is called so.
 *
 * @param {Choice} choice
 * @returns {import("../lib/search.js").Findable}
 */
const readChoice = ({ kind, label, text, name, also = "" }) => ({
  titles: name === "" ? [] : [label, name ?? label],
  also: `${kind} ${also}`,
  text: `${label} ${text}`,
});

/**
 * Return the lines in the order in which they stand before anything is typed: what one does in the open exchange, then
 * one's duty. The exchanges come after, because the list beside shows them anyway.
 *
 * @param {Choice[]} lines
 */
const actsFirst = (lines) => [...lines].sort((one, other) => (other.first ?? 0) - (one.first ?? 0));

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
  list.replaceChildren(...shown.map(drawLine));
  choose(0);
}

function filter() {
  const typed = field.value;
  asked.at += 1;
  list.ariaBusy = "false";
  const lines = (typed.trim() ? bestFirst(known, typed, readChoice) : actsFirst(known)).slice(0, SHOWN);
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
  show(lines);
  clearTimeout(counted);
  counted = setTimeout(() => announce(n ? countOf(n) : oneLine(nothing.textContent)), SAID_MS);
}

/** @param {number} at */
function choose(at) {
  for (const [place, option] of [...list.children].entries())
    option.setAttribute("aria-selected", String(place === at));
  const option = list.children[at];
  if (!option) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

const chosen = () => [...list.children].findIndex((option) => option.getAttribute("aria-selected") === "true");

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
    run([...list.children].indexOf(/** @type {Element} */ (target(event).closest("[role=option]"))));
  });
};
