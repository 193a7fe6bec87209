/**
 * « Vider » empties the answer, and « Remettre », in its place, brings the words back until others are written.
 *
 * @module
 */

import { target } from "../lib/dom.js";
import { announce, known, slot, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** @type {Map<string, string>} what was emptied, by its conversation */
const emptied = new Map();

/** @param {Conversation} c @param {HTMLElement} button @param {string} text */
function show(c, button, text) {
  const says = slot("clear", button);
  button.dataset.clear ||= says.textContent ?? "";
  says.textContent = (text ? button.dataset.back : button.dataset.clear) ?? "";
  button.toggleAttribute("data-emptied", Boolean(text));
  if (text) emptied.set(c.id, text);
  else emptied.delete(c.id);
}

/** @param {MouseEvent} event */
function press(event) {
  const button = /** @type {HTMLElement | null} */ (target(event).closest("[data-clear]"));
  const of = /** @type {HTMLElement | null} */ (button?.closest("[data-conversation]"));
  const c = known(of?.dataset.conversation);
  if (!button || !c?.area || c.area.readOnly) return;
  const before = c.area.value;
  const isEmptied = button.hasAttribute("data-emptied");
  if (!before && !isEmptied) return;
  // A ready reply or a macro may have put words there since, which is no `input`. They stay, and are not lost for it.
  c.area.value = isEmptied ? [before.trim(), emptied.get(c.id)].filter(Boolean).join("\n\n") : "";
  show(c, button, isEmptied ? "" : before);
  announce(isEmptied ? words.brought_back : words.emptied);
  c.draft?.changed();
  c.area.focus();
}

/** Words that were typed since then stay: what was emptied is not brought back over them. @param {Event} event */
function write(event) {
  const area = target(event);
  const button = /** @type {HTMLElement | null | undefined} */ (
    emptied.size ? area.closest("[data-reply]")?.querySelector("[data-emptied]") : null
  );
  const of = /** @type {HTMLElement | null | undefined} */ (button?.closest("[data-conversation]"));
  const c = known(of?.dataset.conversation);
  if (button && c && area === c.area) show(c, button, "");
}

export function watchClear() {
  document.addEventListener("click", press);
  document.addEventListener("input", write);
}
