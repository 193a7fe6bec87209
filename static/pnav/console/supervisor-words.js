/**
 * What is new in « Passages », and of which exchange. What a supervisor says to the agent alone is marked in its line of
 * the list and stands over its thread until the agent says that it is read: « Passages » is under the list, and may be
 * out of sight.
 *
 * @module
 */

import { all, byId, find, hide, target, write } from "../lib/dom.js";
import { refreshBeside } from "./panels.js";
import { desk, known, seekSlot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @param {Element} part @returns {Map<string, HTMLElement>} its lines that are announced, each by its own key */
const linesOf = (part) =>
  new Map(all("[data-offered], [data-whispered]", part).map((one) => [one.dataset.whisper ?? one.id, one]));

let shown = linesOf(byId("offres"));

/**
 * Show over their threads the words that are new in « Passages ». Return the exchange of the first new offer and of the
 * first new word; undefined: there is none, or a server of before did not name it.
 *
 * @param {HTMLElement} part
 */
export function followPassages(part) {
  const now = linesOf(part);
  const fresh = [...now].filter(([key]) => !shown.has(key)).map(([, line]) => line);
  shown = now;
  const said = fresh.filter(({ dataset }) => dataset.whispered);
  for (const line of said) keepWord(line);
  return {
    offers: fresh.find(({ dataset }) => dataset.offered)?.dataset.offered,
    whispers: said[0]?.dataset.whispered,
  };
}

/** Add it to what is not read yet. @param {HTMLElement} line */
function keepWord(line) {
  const c = known(line.dataset.whispered);
  const text = (seekSlot("whisper", line)?.textContent ?? "").trim().replace(/\s+/g, " ");
  if (!c || c.gone || !text) return;
  c.said = c.said ? `${c.said}\n${text}` : text;
  showWord(c);
  refreshBeside(c, `#supervision-${c.id}`);
}

/** Show what is not read yet of the words of supervisors, in the list and over the thread. @param {Conversation} c */
export function showWord(c) {
  const said = c.over ? "" : (c.said ?? "");
  const mark = seekSlot("said", c.entry); // a server of before, and what has ended, come without it
  if (mark) hide(mark, !said);
  const sign = seekSlot("said", c.thread);
  if (!sign) return;
  write(find("[data-slot=said-words]", sign), said);
  hide(sign, !said);
}

/** The agent has read them. They stay in the dossier, and for half an hour in « Passages ». @param {Event} event */
function read(event) {
  const c = target(event).closest("[data-said-read]") ? desk.current : null;
  if (!c) return;
  c.said = "";
  showWord(c);
  (c.area ?? c.log).focus(); // the button that was pressed is hidden
}

export const watchWords = () => document.addEventListener("click", read);
