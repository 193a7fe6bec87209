/**
 * Macros do several acts in one press. The server's answer is put into the page. The reply goes into the draft, and
 * only the agent sends it. What is proposed to the person follows it. Without this file the form loads the page again.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { request, valuesOf } from "../lib/http.js";
import { leave } from "./leaving.js";
import { tellUnanswered } from "./line.js";
import { paint } from "./list.js";
import { tell } from "./notice.js";
import { parse, swapFrom } from "./pages.js";
import { announce, csrf, desk, home, known, words } from "./state.js";
import { entryOf } from "./take.js";

/** @typedef {import("./state.js").Conversation} Conversation */

const TAKES = "[name=macro]";

/**
 * Put the reply of a macro into an answer, which the agent may have changed, or sent, while the macro ran: it comes after
 * what stands there now.
 *
 * @param {HTMLTextAreaElement} area
 * @param {string} sent what stood there when the macro was pressed
 * @param {string} drawn the same with the reply after it, as the server put them together
 */
function add(area, sent, drawn) {
  if (area.value === sent) {
    area.value = drawn;
    return;
  }
  const before = sent.trimEnd();
  const reply = (drawn.startsWith(before) ? drawn.slice(before.length) : drawn).trim();
  const end = area.value.trimEnd().length;
  if (reply) area.setRangeText((end ? "\n" : "") + reply, end, area.value.length, "preserve"); // the cursor stays
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function run(form, button) {
  const thread = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
  const c = known(thread?.dataset.conversation);
  if (!c?.area) return;
  const sent = c.area.value;
  const page = await parse(await request(button.formAction, { method: "POST", body: valuesOf(form, button) }));
  const draft = seek(`[id="corps-${c.id}"]`, page, HTMLTextAreaElement);
  const line = `.console-entry[data-conversation="${c.id}"]`;
  if (!draft && seek(`.console-thread[data-conversation="${c.id}"][data-status=closed]`, page)) {
    const problem = seek(`#propositions-${c.id} [role=alert]`, page);
    if (problem) tell(problem.textContent ?? ""); // before a procedure that is left open, which is told in its place
    swapFrom(page, line); // it says how many messages there are
    c.entry = entryOf(c.id) ?? c.entry;
    leave(c, "closed"); // the frame that says so may come later
    return;
  }
  if (!draft) throw new Error("no screen of ours");
  const parts = ["procedure", "dire", "bandeau", "propositions", "retour", "suivre"].map((name) => `#${name}-${c.id}`);
  for (const part of [...parts, line]) swapFrom(page, part);
  c.entry = entryOf(c.id) ?? c.entry;
  paint(c);
  const box = button.closest("details");
  const at = document.activeElement;
  const isHere = c === desk.current && (at === document.body || at === button || box?.contains(at));
  if (c.area && !c.area.readOnly) {
    add(c.area, sent, draft.value);
    c.draft?.changed();
    // A proposal that is to be read before it goes was opened instead of sent.
    const toRead = seek(`#plainte-unite-${c.id}[autofocus]`);
    if (isHere) (toRead ?? c.area).focus(); // whoever writes elsewhere meanwhile goes on there
  }
  if (box) box.open = false;
  const wrong = seek(`#propositions-${c.id} [role=alert]`);
  announce((wrong ?? find(".console-canned__text", button.parentElement ?? form)).textContent ?? "");
  const notice = seek(".fr-alert p", page); // a reply that was sent already is not put into the answer again
  if (notice) tell(notice.textContent ?? "");
}

/* --- proposals that follow the answer --- */

/** @type {Map<string, string>} by conversation: the name of the message that its proposals follow */
const followed = new Map();

/**
 * @type {Map<string, string>} by conversation: the name of a message whose proposals were asked for, and perhaps made, but
 *   not answered
 */
const unanswered = new Map();

/** @param {Conversation} c */
const chosen = (c) => /** @type {HTMLInputElement[]} */ (all("[name=propose]:checked", c.form ?? c.thread));

/** @param {Event} event */
function said(event) {
  const { c, id } = /** @type {CustomEvent<{ c: Conversation, id: string }>} */ (event).detail;
  const before = followed.get(c.id);
  if (chosen(c).length && !(before && c.outbox.find(before))) followed.set(c.id, id); // one that was refused is followed no more
}

/**
 * The server has the answer. Only now are its proposals made, because the person reads them as soon as they are. It is
 * told which answer they follow, so that none is made twice. What is not made stays chosen.
 *
 * @param {Event} event
 */
async function stored(event) {
  const { c, id } = /** @type {CustomEvent<{ c: Conversation, id: string }>} */ (event).detail;
  if (followed.get(c.id) !== id) return;
  followed.delete(c.id);
  const answer = unanswered.get(c.id) ?? id;
  try {
    for (const box of chosen(c)) {
      const body = new FormData();
      body.set("csrfmiddlewaretoken", csrf());
      body.set("act", box.value);
      body.set("client_id", answer);
      const page = await parse(await request(`${home}echange/${c.id}/propositions/`, { method: "POST", body }));
      if (!seek("#console", page)) throw new Error("no screen of ours");
      swapFrom(page, `#propositions-${c.id}`);
      box.closest(".fr-checkbox-group")?.remove();
      announce(seek(`#propositions-${c.id} [role=alert]`)?.textContent ?? words.proposed);
    }
    unanswered.delete(c.id);
    if (!chosen(c).length) seek(`#suivre-${c.id}`)?.replaceChildren();
  } catch {
    unanswered.set(c.id, answer);
    tellUnanswered(c); // what is still chosen follows the next answer
  }
}

/** @param {SubmitEvent} event */
async function submit(event) {
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (!button?.matches(TAKES)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (button.ariaBusy === "true") return; // two presses run the macro once
  button.ariaBusy = "true";
  try {
    await run(/** @type {HTMLFormElement} */ (event.target), button);
  } catch {
    const of = /** @type {HTMLElement | null} */ (button.closest("[data-conversation]"));
    tellUnanswered(known(of?.dataset.conversation), button);
  } finally {
    button.ariaBusy = "false";
  }
}

export const watchMacros = () => {
  document.addEventListener("submit", submit, true);
  document.addEventListener("said", said);
  document.addEventListener("stored", stored);
};
