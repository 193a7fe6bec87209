/**
 * The order of the list, which the agent chooses (docs/adr/0137). The server keeps it with the account, and draws the
 * list in it; another screen of the same agent follows.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { place } from "../lib/rows.js";
import { tell } from "./notice.js";
import { list, own, words } from "./state.js";

const choice = byId("ordre-liste", HTMLSelectElement);

const choices = { made: 0, unkept: 0, isLost: false };
let sent = Promise.resolve(); // that of the choice before

/** Return how many choices were made here: a list that was asked for before the last one is older than it. */
export const choicesMade = () => choices.made;

/** Put the list in its order. @param {import("./state.js").Conversation[]} [mine] in that order */
export function putInOrder(mine = own()) {
  const entries = mine.map(({ entry }) => entry);
  place(list, entries);
}

/** @param {string} order */
function show(order) {
  list.dataset.order = order;
  choice.value = order;
}

/**
 * Follow a choice that was made on another screen.
 *
 * @param {Element} drawn the list as the server has it
 * @param {number} asOf the choices that had been made here when it was asked for
 */
export function followOrder(drawn, asOf) {
  const order = /** @type {HTMLElement} */ (drawn).dataset.order;
  if (order && order !== list.dataset.order && !choices.unkept && !choices.isLost && asOf === choices.made) show(order);
}

async function send() {
  const form = /** @type {HTMLFormElement} */ (choice.form);
  const body = new FormData(form);
  body.set("partie", "ordre"); // no page is needed for an answer
  const answer = await request(form.action, { method: "POST", body }).catch(() => null);
  choices.isLost = answer?.status !== 204;
  if (choices.isLost) tell(words.order_unkept);
}

/**
 * Keep the choice with the account. It holds on this page even if that fails, which is said. One is sent at a time,
 * because of two on their way either may arrive last; one that is no longer the last is not sent.
 */
async function keep() {
  const asOf = choices.made;
  choices.unkept += 1;
  sent = sent.then(() => (asOf === choices.made ? send() : undefined));
  await sent;
  choices.unkept -= 1;
}

/**
 * What the agent chose is seen at once, although the pointer with which they chose it is beside the list. A screen reader
 * has said the choice already.
 */
export const watchOrder = () =>
  choice.addEventListener("change", () => {
    choices.made += 1;
    show(choice.value);
    putInOrder();
    keep();
  });
