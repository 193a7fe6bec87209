/**
 * Macros do several acts in one press. The server's answer is put into the page. The reply goes into the draft, and
 * only the agent sends it. Without this file the form loads the page again.
 *
 * @module
 */

import { find, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { entryOf } from "./conversation.js";
import { tellUnanswered } from "./line.js";
import { paint } from "./list.js";
import { parse, swapFrom } from "./pages.js";
import { announce, known } from "./state.js";

const TAKES = "[name=macro]";

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function run(form, button) {
  const thread = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
  const c = known(thread?.dataset.conversation);
  if (!c?.area) return;
  const page = await parse(await request(button.formAction, { method: "POST", body: new FormData(form, button) }));
  const draft = seek(`[id="corps-${c.id}"]`, page, HTMLTextAreaElement);
  if (!draft) throw new Error("no screen of ours");
  const parts = ["procedure", "dire", "bandeau", "propositions", "retour"].map((name) => `#${name}-${c.id}`);
  for (const part of [...parts, `.console-entry[data-conversation="${c.id}"]`]) swapFrom(page, part);
  c.entry = entryOf(c.id) ?? c.entry;
  paint(c);
  c.area.value = draft.value;
  c.draft?.changed();
  const box = button.closest("details");
  if (box) box.open = false;
  c.area.focus();
  const wrong = seek(`#propositions-${c.id} [role=alert]`);
  announce((wrong ?? find(".console-canned__text", button.parentElement ?? form)).textContent ?? "");
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
    tellUnanswered(known(of?.dataset.conversation));
  } finally {
    button.ariaBusy = "false";
  }
}

export const watchMacros = () => document.addEventListener("submit", submit, true);
