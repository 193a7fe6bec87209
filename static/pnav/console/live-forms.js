/**
 * Forms whose answer is put into the page (`data-live` names the parts), so that nothing else of it is left.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { check, entryOf, openWhenItComes } from "./conversation.js";
import { showDuty } from "./duty.js";
import { signOut, tellUnanswered } from "./line.js";
import { paint, showPromise } from "./list.js";
import { parse, swapFrom } from "./pages.js";
import { refreshOffers } from "./queue.js";
import { saved, showErrors, wrongInSheet } from "./sheet.js";
import { announce, desk, known, putAside, slot, words } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** The answer is no screen of ours: signed out, or what the form was of is no longer ours. @param {HTMLFormElement} form @param {Response} answer @param {Document} page */
function elsewhere(form, answer, page) {
  if (seek("[data-goes-on]", page))
    location.assign(answer.url); // another page asks first; drafts are asked about
  else if (answer.status === 404) {
    const of = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
    const c = known(of?.dataset.conversation);
    if (c) check(c);
    else {
      announce(words.failed); // an offer that is over
      refreshOffers();
    }
  } else if (answer.redirected)
    signOut(); // to the sign-in: what was written stays
  else location.reload();
}

/** Parts of a conversation were drawn anew. @param {Conversation} c */
function follow(c) {
  const entry = entryOf(c.id);
  if (entry) c.entry = entry;
  c.dossier = find(`.console-dossier[data-conversation="${c.id}"]`);
  putAside(c.dossier, c !== desk.current);
  showPromise(c, slot("promise", c.entry).dataset.until || "");
  paint(c);
}

/** Said to who does not see the page. @param {Document} page @param {HTMLFormElement} form @param {boolean} isPressed */
function tell(page, form, isPressed) {
  const notice = seek(".fr-alert p", page);
  if (notice) {
    announce(notice.textContent ?? "");
    return;
  }
  if (!form.matches("[data-autosave]")) return;
  const wrong = seek("[data-wrong]", form);
  if (wrong) announce((wrong.textContent ?? "").trim().replace(/\s+/g, " "));
  else if (isPressed) announce(find("[id^=fiche-gardee]", form).textContent ?? "");
}

/**
 * Where the focus goes when it was in the form: what is wrong; else the title of the action that was done, or where the
 * form says.
 *
 * @param {HTMLFormElement} form
 * @param {string[]} targets
 * @param {Conversation | undefined} c of whose thread the form is
 * @param {{ isBeside: boolean, pressed: string }} how
 */
function nextFocus(form, targets, c, { isBeside, pressed }) {
  const wrong = targets.map((one) => seek(`${one} [aria-invalid]`)).find(Boolean);
  if (wrong) return wrong;
  if (c) {
    const refusal = targets.map((one) => seek(`${one} > [role=alert]`)).find(Boolean);
    if (refusal) {
      // Its panel stays open: it says why. A way that the style hides takes no focus.
      const ways = all("a, select, button", refusal.parentElement ?? form);
      return ways.find((one) => one.offsetParent) ?? null;
    }
    const done = seek("[data-action][open]", c.thread, HTMLDetailsElement);
    if (!done) return form.dataset.focus ? seek(form.dataset.focus) : null;
    done.open = false;
    return find("summary", done);
  }
  const own = form.dataset.focus || (isBeside ? targets[0] : `#disponibilite button[value="${pressed}"]`);
  return seek(own) || seek("#disponibilite [aria-pressed=true]");
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement | null} button */
async function send(form, button) {
  const body = new FormData(form, button);
  await settle(form, button, await request(form.action, { method: "POST", body }));
}

/**
 * Put the answer to a form into the page.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement | null} button that was pressed
 * @param {Response} answer
 */
export async function settle(form, button, answer) {
  const targets = (form.dataset.live ?? "").split(", ");
  const pressed = button ? button.value : "";
  const page = await parse(answer);
  if (!seek("#console", page)) {
    elsewhere(form, answer, page);
    return;
  }
  // The answer may come late: the focus is only given back to where it still was. The form itself may have been read
  // again meanwhile: then where it was.
  const at = document.activeElement;
  const isThere = targets.some((one) => seek(one)?.contains(at));
  const held = form.contains(at) || (!form.isConnected && isThere);
  const dossier = /** @type {HTMLElement | null} */ (form.closest(".console-dossier")); // before it is swapped
  const isBeside = Boolean(dossier);
  const thread = /** @type {HTMLElement | null} */ (form.closest(".console-thread"));
  const c = known(thread?.dataset.conversation);
  for (const one of targets) swapFrom(page, one, form, !answer.redirected); // what was taken is led elsewhere
  const isSheet = form.matches("[data-autosave]");
  if (isSheet) showErrors(form, page);
  // A part of the dossier may have been read again meanwhile, and the form with it left: its address says whose it is.
  const of = /\/echange\/([0-9a-f-]{36})\//.exec(form.action)?.[1];
  const drawn = c ?? known(dossier?.dataset.conversation ?? of);
  if (drawn?.thread) follow(drawn);
  const focus = isSheet
    ? button && wrongInSheet(form) // saved by itself, it takes the focus nowhere
    : nextFocus(form, targets, c, { isBeside, pressed });
  showDuty();
  tell(page, form, Boolean(button));
  if (held && focus) {
    focus.focus({ preventScroll: true });
    focus.scrollIntoView({ block: "nearest" }); // of a long panel, its beginning
  }
  if (form.dataset.opens && pressed === "accept") openWhenItComes(form.dataset.opens);
}

/**
 * « Ctrl » + « Entrée » in what is written to colleagues sends it, as in the answer to the person (`data-by-key`). What
 * ends, passes or proposes is pressed.
 *
 * @param {KeyboardEvent} event
 */
function sendByKey(event) {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const area = /** @type {HTMLTextAreaElement} */ (event.target);
  if (!area.matches?.("form[data-by-key] textarea")) return;
  event.preventDefault();
  if (event.repeat) return; // held down, it is sent once
  const form = /** @type {HTMLFormElement} */ (area.form);
  form.requestSubmit(find("[type=submit]", form));
}

export const watchForms = () => {
  document.addEventListener("keydown", sendByKey);
  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.dataset.live) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return; // pressed twice, it is sent once
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    form.ariaBusy = "true";
    if (button) button.ariaBusy = "true"; // the pressed one shows it
    try {
      await send(form, button);
    } catch {
      const of = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
      tellUnanswered(known(of?.dataset.conversation));
    } finally {
      form.ariaBusy = "false";
      if (button) button.ariaBusy = "false";
      saved(form);
    }
  });
};

/** Whether something of ours is being written in this part, beside the answers, which the server keeps. @param {Element} part */
export const isWritten = (part) =>
  /** @type {HTMLTextAreaElement[]} */ (all("textarea, [name=explanation], [name=note]", part)).some(
    (area) =>
      !(area.readOnly || area.closest("[data-reply]")) && area.value !== area.defaultValue && area.value.trim() !== "",
  );
