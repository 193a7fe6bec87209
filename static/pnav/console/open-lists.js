/**
 * Lists of colleagues, « Passer » and « Demander », follow who is there while they are open.
 *
 * @module
 */

import { all, seek } from "../lib/dom.js";
import { tell } from "./notice.js";
import { fitPassing } from "./passing-choices.js";
import { desk, known, say } from "./state.js";

/** The field that names colleagues, and where the server's answer has its choices, by the beginning of the fold's id. */
const LISTS = new Map([
  ["passer", ["target", "[data-targets]"]],
  ["demander", ["colleague", "[data-colleagues]"]],
]);

// The clock of the console ticks each 5 s, and a tick may come some milliseconds early.
const LISTS_EVERY_MS = 9500;

/** @type {WeakMap<Element, number>} by fold: when its list was read last, in ms */
const readAt = new WeakMap();

/** The list of this fold is being read. @param {Element} fold */
export const noteListRead = (fold) => readAt.set(fold, Date.now());

/** Return the open lists that somebody sees, if one of them was not read lately: they are read together. */
export function listsDue() {
  if (document.hidden || !desk.current) return [];
  const { id } = desk.current;
  const open = all(`#passer-${id}[open], #demander-${id}[open]`);
  return open.some((fold) => Date.now() - (readAt.get(fold) ?? 0) >= LISTS_EVERY_MS) ? open : [];
}

/**
 * Return what the address of the offers needs, so that these lists come with them. Whom one may ask depends on the
 * exchange, so that list names it.
 *
 * @param {Element[]} folds
 */
export function askForLists(folds) {
  folds.forEach(noteListRead);
  const asked = folds.map(({ id }) => (id.startsWith("demander-") ? id.replace("-", "=") : "destinataires"));
  return asked.map((part) => `&${part}`).join("");
}

/** Return what a list offers, as one text. @param {HTMLSelectElement} list */
const drawn = (list) =>
  [...list.options]
    .filter((option) => !option.hasAttribute("data-left"))
    .map((option) => [option.closest("optgroup")?.label, option.value, option.hasAttribute("data-warm"), option.text])
    .join("\n");

/** Whether nobody can be asked: only the choice of everybody is left. @param {HTMLSelectElement} list */
const hasNobody = (list) =>
  list.name === "colleague" && [...list.options].every(({ value, disabled }) => !value || disabled);

/**
 * Bring a list of colleagues up to date. One that has not changed is left alone: somebody may be looking through it.
 * What was chosen stays chosen. Where it is no longer possible, the list says why at its place, and the agent is told.
 *
 * @param {import("./state.js").Conversation | undefined} c
 * @param {HTMLSelectElement} list
 * @param {HTMLSelectElement} fresh
 */
export function renewList(c, list, fresh) {
  const [chosen] = list.selectedOptions;
  const was = { value: chosen?.value ?? "", isLost: chosen?.disabled, hadNobody: hasNobody(list) };
  if (drawn(list) !== drawn(fresh)) {
    list.replaceChildren(...[...fresh.children].map((choice) => document.adoptNode(choice)));
    list.value = was.value;
    if (list.selectedIndex < 0) {
      const who = (chosen?.text ?? "").split(/\s:\s/)[0];
      const left = new Option(say("target_left", { who }), was.value, true, true);
      left.disabled = true;
      left.dataset.left = "";
      list.append(left);
    }
  }
  fitPassing(list); // how and why may have been chosen while the colleagues were read
  const [now] = list.selectedOptions;
  const isLost = Boolean(was.value && now?.disabled && !was.isLost);
  if (!c) return;
  if (hasNobody(list) && !was.hadNobody) tell(say("colleagues_gone", { aim: c.aim }), c.id);
  else if (isLost) tell(say(`${list.name}_lost`, { aim: c.aim, who: now.text }), c.id);
}

/**
 * Show who can be chosen now in the lists that were open when the offers were asked for.
 *
 * @param {Document} page
 * @param {Element[]} folds
 */
export function showLists(page, folds) {
  for (const fold of folds) {
    const [, kind, id] = /^(\w+)-(.+)$/.exec(fold.id) ?? [];
    const [name, at] = LISTS.get(kind) ?? [];
    const list = seek(`[name=${name}]`, fold, HTMLSelectElement);
    const fresh = at && seek(at, page, HTMLSelectElement); // a server of before does not send it
    if (list && fresh && fold.isConnected) renewList(known(id), list, fresh);
  }
}
