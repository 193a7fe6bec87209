/**
 * Buttons that put words into the answer with one press: over the answer, in the emergency procedure, and in the sheet
 * of facts. A step of the procedure is ticked once the server has its words.
 *
 * @module
 */

import { all, seek, target } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { insert } from "./compose.js";
import { tell } from "./notice.js";
import { parse, swapFrom } from "./pages.js";
import { csrf, known, sayOf } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const oneLine = (/** @type {string} */ text) => text.split(/\s+/).join(" ").trim();

/** @param {MouseEvent} event */
function press(event) {
  const way = /** @type {HTMLAnchorElement | null} */ (target(event).closest("a[data-slot=procedure]"));
  if (way) {
    const fold = seek(`${way.hash} > details`, document, HTMLDetailsElement);
    if (fold) fold.open = true; // the browser follows the link
    return;
  }
  const button = /** @type {HTMLElement | null} */ (target(event).closest("[data-insert]"));
  const of = /** @type {HTMLElement | null} */ (button?.closest("[data-conversation]"));
  const c = known(of?.dataset.conversation);
  if (!button || !c?.area) return;
  event.preventDefault();
  insert(c, button.dataset.insert ?? "");
}

/**
 * Return the steps of the open procedure that a message does: it has their words, or a sentence of a ready reply that
 * gives their number.
 *
 * @param {Conversation} c
 * @param {string} body
 */
const stepsIn = (c, body) => {
  const sent = oneLine(body);
  const steps = all(`#procedure-${c.id} [data-step]`);
  const isDone = (/** @type {HTMLElement} */ { dataset }) =>
    JSON.parse(dataset.sent ?? "[]").some((/** @type {string} */ one) => sent.includes(one));
  return steps.filter(isDone).map(({ dataset }) => dataset.step ?? "");
};

/**
 * Put a question that was just asked last in the list. When it stayed first, it was asked twice.
 *
 * @param {Conversation} c
 * @param {string} body
 */
function putLast(c, body) {
  const sent = oneLine(body);
  for (const one of all(`#dire-${c.id} [data-insert]`)) {
    const item = one.closest("li");
    if (item && sent.includes(oneLine(one.dataset.insert ?? ""))) item.parentElement?.append(item);
  }
}

/** @type {Map<string, string[]>} by the name of a message that the server does not have yet: the steps that it does */
const doing = new Map();

/** @param {Event} event */
function said(event) {
  const { c, body, id } = /** @type {CustomEvent<{ c: Conversation, body: string, id: string }>} */ (event).detail;
  putLast(c, body);
  const steps = stepsIn(c, body);
  if (steps.length) doing.set(id, steps);
}

/**
 * The server has the message. Only now are its steps ticked: before, it may be refused, or wait for the line.
 *
 * @param {Event} event
 */
async function stored(event) {
  const { c, id } = /** @type {CustomEvent<{ c: Conversation, id: string }>} */ (event).detail;
  const steps = doing.get(id);
  const form = seek(`#procedure-${c.id} form`, document, HTMLFormElement);
  doing.delete(id);
  if (!steps || !form) return;
  const ticked = new FormData();
  ticked.set("csrfmiddlewaretoken", csrf());
  for (const step of steps) ticked.append("step", step);
  try {
    const page = await parse(await request(form.action, { method: "POST", body: ticked }));
    const parts = [`#procedure-${c.id}`, `#dire-${c.id}`, `#bandeau-${c.id}`];
    const isDrawn = parts.map((part) => swapFrom(page, part)).some(Boolean);
    if (!isDrawn) tell(sayOf("unanswered", c), c.id); // an error of the service, or a page that asks for something else first
  } catch {
    tell(sayOf("failed", c), c.id); // the message is sent all the same, and the agent can tick the step
  }
}

const STEPS = new Map([
  ["ArrowRight", 1],
  ["ArrowDown", 1],
  ["ArrowLeft", -1],
  ["ArrowUp", -1],
]);

/**
 * Arrows lead from word to word of the row over the answer, and « Début » and « Fin » to its ends; Tab goes through it
 * too. The list of conversations, which has these arrows, does not move.
 *
 * @param {KeyboardEvent} event
 */
function move(event) {
  const at = /** @type {HTMLElement} */ (event.target);
  const row = at.matches?.("[data-insert]") ? at.closest(".console-say-row") : null;
  if (!row || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const chips = all("[data-insert]", row);
  const by = STEPS.get(event.key);
  const next = by
    ? chips[(chips.indexOf(at) + by + chips.length) % chips.length]
    : { Home: chips[0], End: chips.at(-1) }[event.key];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest", inline: "center" }); // the row scrolls, and shows the whole of it
}

export const watchOnePress = () => {
  document.addEventListener("keydown", move);
  document.addEventListener("click", press);
  document.addEventListener("said", said);
  document.addEventListener("stored", stored);
};
