/**
 * This module has the answer that an agent writes to a person: what is put into it, what is wrong with it, and how it is
 * sent and kept until the server has it.
 *
 * @module
 */

import { find, seek, write } from "../lib/dom.js";
import { length, newId, Outbox } from "../lib/outbox.js";
import { showsSomething } from "../lib/plain.js";
import { ownIsUnsent } from "./pending-ends.js";
import { refuse, showRefused } from "./refusals.js";
import { keepDraft } from "./reply-drafts.js";
import { announce, desk, isReady, say, slot, transmit, words } from "./state.js";
import { draw, toEnd } from "./thread.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const LONGEST = 4000; // the longest message, in characters
const COUNTED = 400; // when this many characters are left, the page begins to show how many
const TYPING_EVERY_MS = 3000;

/** @param {string} text a message as it stands in the area @returns {string} what is wrong with it; empty: nothing */
function fault(text) {
  if (desk.isOver) return find("#coupure").dataset.out ?? "";
  if (!text) return words.empty;
  if (!showsSomething(text)) return words.unseen;
  if (length(text) > LONGEST) return words.too_long;
  if (text.includes("\0") || /\p{Surrogate}/u.test(text)) return words.unkeepable;
  return text.includes(words.missing) ? words.unfinished : "";
}

/** @param {Conversation} c @param {string} text */
export function showError(c, text) {
  if (!c.form || !c.area) return;
  const error = find("[data-error]", c.form);
  if (!text && error.hidden) return; // each letter comes here, and what is written again has styles worked out anew
  error.textContent = text;
  error.hidden = !text;
  c.area.classList.toggle("fr-input--error", Boolean(text));
  if (text) c.area.setAttribute("aria-invalid", "true");
  else c.area.removeAttribute("aria-invalid");
}

/** Show how many characters are left, or too many, once that matters. @param {Conversation} c */
function showLength(c) {
  if (!c.form || !c.area) return;
  const left = c.area.value.length < LONGEST - COUNTED ? LONGEST : LONGEST - length(c.area.value.trim());
  const key = left < 0 ? "over_length" : "left_length";
  write(seek("[data-length]", c.form), left < COUNTED ? say(key, { n: Math.abs(left) }) : "");
}

/** @param {Conversation} c */
const clientId = (c) => find("[name=client_id]", /** @type {HTMLFormElement} */ (c.form), HTMLInputElement);

/** @param {Conversation} c */
function send(c) {
  if (!c.area || c.area.readOnly) return; // it has just ended; what was written stays, so that it can be copied
  const body = c.area.value.replace(/\r\n/g, "\n").trim();
  const error = fault(body);
  showError(c, error);
  if (error) {
    c.area.focus();
    return;
  }
  const id = clientId(c).value;
  const element = draw("agent", new Date(), body, "");
  element.dataset.pending = "";
  c.log.insertBefore(element, find("[data-end]", c.log));
  if (!isReady()) announce(words.kept);
  clientId(c).value = newId();
  c.area.value = "";
  showLength(c);
  c.area.focus();
  c.draft?.now();
  c.outbox.add(id, body, element);
  toEnd(c);
  c.thread.dispatchEvent(new CustomEvent("said", { bubbles: true, detail: { c, body, id } }));
}

/** @param {() => Conversation} conversation */
export const createOutbox = (conversation) =>
  new Outbox({
    send: (frame) => transmit({ ...frame, conversation: conversation().id }),
    isReady,
    cut: () => desk.line?.cut(),
    show(entry, standing, frame) {
      const isRefused = !conversation().outbox.entries.includes(entry);
      if (isRefused) {
        refuse(conversation(), entry, frame, showError);
        ownIsUnsent(conversation());
        return;
      }
      // All other messages are sent again by themselves. The alarm above shows the state of the line.
      slot("state", entry.node).textContent = standing === "pending" ? words.sending : words.kept;
    },
  });

/**
 * Nothing that was kept can be sent any more. It stays in sight, so that it can be copied.
 *
 * @param {Conversation} c
 * @param {string} why
 */
export function refuseAll(c, why) {
  for (const entry of c.outbox.clear()) showRefused(c, entry, why);
}

/**
 * Ask for missing messages first. Then send what was never acknowledged: because of its name it is stored only once.
 *
 * @param {Conversation} c
 */
export function flush(c) {
  if (c.gone) return;
  transmit({ type: "sync", conversation: c.id, after: c.lastSeq }); // also on a line that is only being opened
  c.outbox.flush();
}

/**
 * The words that were put into an answer last: its text then, and where they end. What is typed right behind them begins
 * with a space.
 *
 * @type {{ area: HTMLTextAreaElement, value: string, at: number } | null}
 */
let put = null;

/**
 * Put one space between words that were inserted and what is typed behind them, unless that is a space, a new line or a
 * sign that follows a word. Nothing is put where the answer was changed or the cursor was led elsewhere since.
 *
 * @param {HTMLTextAreaElement} area
 * @param {string} typed
 */
function spaceBehind(area, typed) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const isBehind = put && put.area === area && put.value === value && put.at === from && from === to;
  if (!isBehind || !/^[\p{L}\p{N}«("[-]/u.test(typed) || /\s$/.test(value.slice(0, from))) return;
  put = null;
  area.setRangeText(" ", from, to, "end");
}

/**
 * Put words into the answer at the cursor, without replacing anything that was written.
 *
 * @param {Conversation} c
 * @param {string} text
 */
export function insert(c, text) {
  const { area } = c;
  if (!area || area.readOnly) return;
  const at = area.selectionEnd;
  const [before, after] = [area.value.slice(0, at), area.value.slice(at)];
  const said = (before && !/\s$/.test(before) ? "\n" : "") + text;
  area.setRangeText(said + (after && !/^\s/.test(after) ? "\n" : ""), at, at);
  c.draft?.changed();
  showLength(c);
  area.focus();
  area.setSelectionRange(at + said.length, at + said.length);
  put = { area, value: area.value, at: at + said.length };
}

/** Prepare the form of a thread that was just drawn. @param {Conversation} c */
export function prepareForm(c) {
  const { form, area } = c;
  if (!form || !area) return;
  keepDraft(c);
  find("[data-clear]", form).hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(c);
  });
  area.addEventListener("beforeinput", ({ inputType, data }) => {
    if (inputType === "insertText" || inputType === "insertFromPaste") spaceBehind(area, data ?? "");
  });
  area.addEventListener("keydown", ({ key }) => {
    if (key === "Dead") spaceBehind(area, "e"); // « ê » of « êtes-vous » begins with a sign that is not a letter yet
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send(c);
  });
  area.addEventListener("focus", () => showLength(c)); // another file may have put words there
  area.addEventListener("input", () => {
    showLength(c);
    showError(c, "");
    if (Date.now() - c.typedAt <= TYPING_EVERY_MS || !area.value.trim() || desk.line?.isSlow) return;
    c.typedAt = Date.now();
    transmit({ type: "typing", conversation: c.id });
  });
  form.addEventListener("click", (event) => {
    const reply = /** @type {HTMLElement | null} */ (
      /** @type {HTMLElement} */ (event.target).closest("[data-canned]")
    );
    if (!reply) return;
    event.preventDefault();
    insert(c, reply.dataset.canned ?? "");
    const box = reply.closest("details");
    if (box) box.open = false;
  });
  find("[data-more]", c.thread).addEventListener("click", () => {
    toEnd(c);
    c.log.focus();
  });
}
