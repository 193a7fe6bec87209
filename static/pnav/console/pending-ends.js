/**
 * Ends that can still be undone. « Terminer » waits some seconds before it is sent, and a button takes it back
 * meanwhile. So does a message from the person. When the page is left, the end is sent at once.
 *
 * @module
 */

import { byId, find, fromTemplate } from "../lib/dom.js";
import { paint } from "./list.js";
import { tell } from "./notice.js";
import { announce, say, slot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/**
 * @typedef {object} Pending
 * @property {Conversation} c
 * @property {HTMLElement} row
 * @property {ReturnType<typeof setInterval>} timer
 * @property {HTMLFormElement} form
 * @property {FormData} body
 */

/** @type {Map<string, Pending>} by conversation */
const pending = new Map();
const rows = byId("fins");

/** @param {Conversation} c */
export const isPending = (c) => pending.has(c.id);

/**
 * Take a pending end back, so that nothing is sent.
 *
 * @param {Conversation} c
 * @returns {boolean} whether an end was pending
 */
export function drop(c) {
  const end = pending.get(c.id);
  if (!end) return false;
  clearInterval(end.timer);
  const isHere = end.row.contains(document.activeElement);
  end.row.remove();
  pending.delete(c.id);
  if (isHere) (c.area && !c.over ? c.area : c.log).focus();
  return true;
}

/**
 * Take a pending end back because the exchange goes on. To end it, the agent has to confirm again; if the box kept its
 * tick, the press that confirms would take it away.
 *
 * @param {Conversation} c
 * @returns {boolean} whether an end was pending
 */
function undo(c) {
  const confirmed = pending.get(c.id)?.form.elements.namedItem("confirm");
  if (!drop(c)) return false;
  if (confirmed instanceof HTMLInputElement) confirmed.checked = false;
  return true;
}

/**
 * Say, on screen and aloud, why an exchange was not ended. The list says that it was not until somebody answers.
 *
 * @param {Conversation} c
 * @param {string} why
 */
export function tellHeld(c, why) {
  c.isEndHeld = true;
  paint(c);
  tell(why);
}

/**
 * A message from the person comes before an end that is not sent yet. The row with « Annuler » disappears.
 *
 * @param {Conversation} c
 */
export function personWrote(c) {
  if (undo(c)) tellHeld(c, say("end_held", { name: c.name }));
}

/** Say in an end up to which message this page has the exchange. @param {Conversation} c @param {FormData} body */
export const tellSeen = (c, body) => body.set("seen", String(c.lastSeq));

/**
 * @param {Conversation} c
 * @param {HTMLFormElement} form
 * @param {FormData} body what will be sent
 * @param {() => void} send
 */
export function hold(c, form, body, send) {
  if (pending.has(c.id)) return;
  const row = /** @type {HTMLElement} */ (fromTemplate("modele-fin"));
  let left = Number(form.dataset.ending);
  const show = () => {
    slot("text", row).textContent = say("ending", { aim: c.number ? `${c.number} · ${c.name}` : c.name, n: left });
  };
  const goOn = () => {
    drop(c);
    tellSeen(c, body);
    send();
  };
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) show();
    else goOn();
  }, 1000);
  find("[data-undo]", row).addEventListener("click", () => {
    undo(c);
    announce(say("end_undone", { name: c.name }));
  });
  find("[data-now]", row).addEventListener("click", goOn);
  show();
  rows.append(row);
  pending.set(c.id, { c, row, timer, form, body });
  announce(slot("text", row).textContent ?? "");
  find("[data-undo]", row).focus();
}

addEventListener("pagehide", () => {
  for (const { c, form, body } of pending.values()) {
    tellSeen(c, body);
    navigator.sendBeacon(form.action, body);
  }
});
