/**
 * Words in the messages of the exchanges that one holds: asks the server, and leads to the message that was found. What
 * was typed goes in the body of a POST, and is kept nowhere.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { open } from "./conversation.js";
import { tell } from "./notice.js";
import { loadEarlier, parse } from "./pages.js";
import { desk, known, say, sayOf } from "./state.js";
import { aimAt } from "./thread.js";

const PIECES_AT_MOST = 30; // earlier pieces of a thread that are read to reach a message

/**
 * @typedef {object} Found
 * @property {string} conversation
 * @property {number} seq
 * @property {HTMLElement} number that of the exchange, in its colour
 * @property {string} name the word and the place of the exchange
 * @property {string} who wrote it, and when
 * @property {HTMLElement} words with those that were looked for marked
 * @property {string} href of the message, for a thread that cannot be read here
 */

const oneLine = (/** @type {Element} */ part) => (part.textContent ?? "").trim().replace(/\s+/g, " ");

/** @param {HTMLElement} line of the page of the search @returns {Found} */
const read = (line) => ({
  conversation: line.dataset.conversation ?? "",
  seq: Number(line.dataset.seq),
  number: find(".console-number", line),
  name: oneLine(find("[data-found-name]", line)),
  who: oneLine(find("[data-found-who]", line)),
  words: find("[data-found-words]", line),
  href: find("a", line, HTMLAnchorElement).getAttribute("href") ?? "",
});

/**
 * Return what was found, and what there is to say of it: why nothing was looked for, or that not all is shown. Raise an
 * error when the network fails or the answer is another page.
 *
 * @param {HTMLFormElement} form
 * @returns {Promise<{ found: Found[], note: string }>}
 */
export async function findWords(form) {
  const page = await parse(await request(form.action, { method: "POST", body: new FormData(form) }));
  if (!seek("[name=mots]", page)) throw new Error("another page");
  const notes = [...all(".fr-error-text", page), ...all("[data-found-note]", page)];
  return { found: all("[data-found]", page).map(read), note: notes.map(oneLine).join(" ") };
}

/**
 * Open the exchange of a message, and lead to it, however far up it stands. Whoever has written or gone elsewhere while
 * earlier messages were read stays where they are: their next letters would go into another field.
 *
 * @param {Found} one
 */
export async function goToFound({ conversation, seq, href }) {
  const isRead = await open(conversation, { focus: false });
  const c = desk.current;
  const here = () => seek(`[data-seq="${seq}"]`, /** @type {Element} */ (c?.log));
  if (c?.id !== conversation || c.gone) {
    if (!isRead || c?.gone) tell(sayOf("failed", known(conversation))); // it has left meanwhile, or its thread could not be read
    return;
  }
  const [at, text] = [document.activeElement, c.area?.value];
  for (let piece = 0; !here() && piece < PIECES_AT_MOST; piece += 1) {
    const link = seek("[data-earlier] a", c.log, HTMLAnchorElement);
    if (!link || !(await loadEarlier(link))) break;
  }
  const now = document.activeElement; // the body, when what had the focus was put aside
  const isElsewhere = now !== at && now !== document.body && !c.log.contains(now);
  if (desk.current !== c || isElsewhere || c.area?.value !== text) {
    tell(say("found_waits", { aim: c.aim }), c.id);
    return;
  }
  const message = here();
  if (!message) {
    location.assign(href);
    return;
  }
  aimAt(c, message);
}
