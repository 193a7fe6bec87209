/**
 * This module has what the palette lists: the exchanges, the acts, the pages and the words to put into the answer, which
 * it reads from the page, so that nothing is defined twice. It also has their order.
 *
 * @module
 */

import { all, byId, find, seek } from "../lib/dom.js";
import { insert } from "./compose.js";
import { open } from "./conversation.js";
import { goTo } from "./go-to.js";
import { linksFor } from "./public-pages.js";
import { readReply } from "./replies.js";
import { stopIn } from "./sheet-answers.js";
import { desk } from "./state.js";

const dialog = byId("palette", HTMLDialogElement);
const published = find("[data-public-pages]", dialog, HTMLTemplateElement);
const publicPages = JSON.parse(published.content.textContent ?? "[]");

/** @typedef {import("./palette-lines.js").Choice} Choice */

/** Return a text on one line. @param {string | null | undefined} text */
export const oneLine = (text) => (text ?? "").trim().replace(/\s+/g, " ");

/** Return a word of the palette that its element names. @param {string} name */
export const words = (name) => dialog.dataset[name] ?? "";

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
 * duty, then the others (0), which the exchanges follow. What stands in an open procedure goes with it.
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

/**
 * Return what the palette lists over the page as it is now, as it stands on the screen.
 *
 * @returns {Choice[]}
 */
export function choices() {
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
      isTwin: Boolean(one.closest("[data-macros] [data-danger]")),
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
    beside: oneLine(seek(".console-canned__source", one)?.textContent),
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

/**
 * Return what a line is found by. A sentence to insert has no title: what it says is found after what is called so.
 *
 * @param {Choice} choice
 * @returns {import("../lib/search.js").Findable}
 */
export const readChoice = ({ kind, label, text, name, also = "" }) => ({
  titles: name === "" ? [] : [label, name ?? label],
  also: `${kind} ${also}`,
  text: `${label} ${text}`,
});

/**
 * Return the lines in the order in which they stand before anything is typed: what one does in the open exchange, then
 * one's duty. The exchanges come after, because the list beside shows them anyway. A macro that opens the procedure is
 * left out: the first line leads there, and the two were taken for different acts. It is found once something is typed.
 *
 * @param {Choice[]} lines
 */
export const actsFirst = (lines) =>
  lines.filter(({ isTwin }) => !isTwin).sort((one, other) => (other.first ?? -1) - (one.first ?? -1));
