/**
 * This module puts the answer to a form of the screen into the page: the parts that `data-live` names, what is said of
 * it, and where the focus goes. `live-forms.js` sends them.
 *
 * @module
 */

import { all, find, seek } from "../lib/dom.js";
import { letWait, open } from "./conversation.js";
import { showDuty, tellPlaces } from "./duty.js";
import { nextStep } from "./emergency.js";
import { GIVEN_BACK, takeGivenBack } from "./given-back.js";
import { leave } from "./leaving.js";
import { signOut } from "./line.js";
import { paint } from "./list.js";
import { showPromise } from "./list-entry.js";
import { tell as show } from "./notice.js";
import { parse, swapFrom } from "./pages.js";
import { refreshOffers } from "./queue.js";
import { check } from "./readings.js";
import { askSession, keepUnsaved, showErrors, wrongInSheet } from "./sheet.js";
import { announce, desk, known, putAside, seekSlot, words } from "./state.js";
import { entryOf } from "./take.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** Return the conversation beside or in whose thread a form is, if any. @param {HTMLFormElement} form */
export function conversationOf(form) {
  const of = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
  return known(of?.dataset.conversation);
}

/**
 * Handle an answer that is not our screen: the session has ended, or the conversation is no longer ours.
 *
 * @param {HTMLFormElement} form
 * @param {Response} answer
 * @param {Document} page
 */
function elsewhere(form, answer, page) {
  if (seek("[data-goes-on]", page))
    location.assign(answer.url); // another page asks for something first; the browser asks about drafts
  else if (answer.status === 404) {
    const c = conversationOf(form);
    if (c) check(c);
    else {
      announce(words.failed); // the offer is over
      refreshOffers();
    }
  } else if (answer.redirected)
    signOut(); // the answer leads to the sign-in; what was written stays
  else if (!askSession(form)) location.reload();
}

/** Take over parts of a conversation that were drawn again. @param {Conversation} c */
function follow(c) {
  const entry = entryOf(c.id);
  if (entry) c.entry = entry;
  c.dossier = find(`.console-dossier[data-conversation="${c.id}"]`);
  putAside(c.dossier, c !== desk.current);
  const promise = seekSlot("promise", c.entry); // one that has ended has none; its frame may come later
  if (!promise) leave(c, "closed");
  else if (!c.over) showPromise(c, promise.dataset.until || "");
  paint(c);
}

/**
 * Announce the result to somebody who does not see the page. A refusal is shown too: it leaves the screen as it was, and
 * whoever was not told why would press again. So is what an exchange that has ended refuses in its panel, which is read
 * again at once without it, and why an offer was not taken whose agent does something else meanwhile.
 *
 * @param {Document} page
 * @param {HTMLFormElement} form
 * @param {boolean} isPressed
 * @param {Element | null} refusal that is said here, because nothing else in sight says it
 */
function tell(page, form, isPressed, refusal) {
  const notice = refusal ?? seek(".fr-alert p", page);
  if (notice) {
    (refusal || notice.closest(".fr-alert--error") ? show : announce)((notice.textContent ?? "").trim());
    return;
  }
  if (!form.matches("[data-autosave]")) return;
  const wrong = seek("[data-wrong]", form);
  if (wrong) announce((wrong.textContent ?? "").trim().replace(/\s+/g, " "));
  else if (isPressed) announce(find("[id^=fiche-gardee]", form).textContent ?? "");
}

/**
 * Return whether the dossier lies over the open thread, as it does on an upright tablet while the focus is in it. It then
 * hid the words of the person at the moment when their procedure opened.
 */
function isOverThread() {
  if (!desk.current) return false;
  const thread = desk.current.thread.getBoundingClientRect();
  const right = find(".console-right").getBoundingClientRect();
  const isBeside = right.left >= thread.right - 1 || right.right <= thread.left + 1; // the edges of columns are rounded
  return !isBeside && right.top < thread.bottom && right.bottom > thread.top;
}

/**
 * Return where the focus goes when it was in the form: to what is wrong; otherwise to the title of the action that was
 * done, or to the element that the form names.
 *
 * @param {HTMLFormElement} form
 * @param {string[]} targets
 * @param {Conversation | undefined} c of whose thread the form is
 * @param {{ isBeside: boolean, button: HTMLButtonElement | null, done: HTMLDetailsElement | null | undefined }} how done:
 *   its action
 */
function nextFocus(form, targets, c, { isBeside, button, done }) {
  const pressed = button ? button.value : "";
  const wrong = targets.map((one) => seek(`${one} [aria-invalid]`)).find(Boolean);
  if (wrong) return wrong;
  if (c) {
    const refused = targets.find((one) => seek(`${one} > [role=alert], ${one} > [data-refusal] > [role=alert]`));
    if (refused) {
      // The panel of a refused action stays open, because it says why. An element that the style hides takes no focus.
      const ways = all("a, select, button", seek(refused) ?? form);
      return ways.find((one) => one.offsetParent) ?? null;
    }
    if (!done?.open) return form.dataset.focus ? seek(form.dataset.focus) : null;
    done.open = false;
    return find("summary", done);
  }
  const full = targets.map((one) => seek(`${one} [data-no-room]`)).find(Boolean);
  if (full) return full; // an offer could not be taken: why stands there
  const named = form.dataset.focus ? seek(form.dataset.focus) : null;
  if (named) return named;
  if (button?.name === "situation" && isOverThread()) {
    const list = targets.map((one) => seek(`${one}.console-pinned:not([hidden]) a`)).find(Boolean);
    if (list) return list;
  }
  const step = button?.name === "step" && nextStep(seek(targets[0]) ?? form, button.value);
  if (step) return step;
  return (
    seek(isBeside ? targets[0] : `#disponibilite button[value="${pressed}"]:not(details *)`) || // a panel is left
    seek("#disponibilite [aria-pressed=true]")
  );
}

/**
 * Bring a part on screen, and in any case its beginning. A panel that is longer than its column, and begins a pixel above
 * it because a link had led to it, would be brought there by its end: the first steps of a procedure were out of sight.
 *
 * @param {HTMLElement} part
 */
function bringBeginning(part) {
  part.scrollIntoView({ block: "nearest" });
  const column = seek("#dossiers")?.contains(part) ? find("#dossiers").getBoundingClientRect().top : 0;
  if (part.getBoundingClientRect().top < Math.max(column, 0)) part.scrollIntoView({ block: "start" });
}

/**
 * Return the form that took the place of one that was drawn again while it was sent: its words were taken all the same.
 *
 * @param {HTMLFormElement} form
 */
function standing(form) {
  if (form.isConnected) return form;
  for (const { id } of form.elements) {
    const now = /** @type {HTMLTextAreaElement | null} */ (id ? document.getElementById(id) : null);
    if (now?.form) return now.form;
  }
  return form;
}

/**
 * Return the conversation that was accepted by this form, and is to be opened; empty: none. An offer that was over leads
 * back to the list.
 *
 * @param {HTMLFormElement} form
 * @param {Response} answer
 */
function accepted({ dataset }, answer) {
  const isOurs = dataset.opens && answer.redirected && answer.url.includes(`/echange/${dataset.opens}/`);
  return (isOurs && dataset.opens) || "";
}

/**
 * Put the answer to a form into the page. Raise an error when the service failed: an act may have been done although the
 * page that follows it was not drawn, and the session goes on.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement | null} button that was pressed
 * @param {Response} answer
 * @param {() => boolean} [hasMovedOn] since the form was sent
 */
export async function settle(form, button, answer, hasMovedOn = () => false) {
  if (answer.status >= 500) throw new Error(String(answer.status));
  const targets = (form.dataset.live ?? "").split(/,\s*/);
  const page = await parse(answer);
  if (!seek("#console", page)) {
    keepUnsaved(form);
    elsewhere(form, answer, page);
    return;
  }
  const taken = accepted(form, answer);
  const isWaiting = hasMovedOn(); // what was accepted: the agent went on with something else
  // The answer may come late. The focus is moved only if it is still in the form, or, when the form was drawn again
  // meanwhile, if it is where the form was.
  const at = document.activeElement;
  const held = form.contains(at) || (!form.isConnected && Boolean(seek(targets[0])?.contains(at)));
  // Before it is swapped. A form that was drawn again meanwhile is nowhere, and what takes its place says where it was.
  const place = form.isConnected ? form : seek(targets[0]);
  const dossier = /** @type {HTMLElement | null | undefined} */ (place?.closest(".console-dossier"));
  const isBeside = Boolean(dossier);
  const thread = /** @type {HTMLElement | null | undefined} */ (place?.closest(".console-thread"));
  const done = /** @type {HTMLDetailsElement | null | undefined} */ (place?.closest("[data-action]"));
  const c = known(thread?.dataset.conversation);
  const sent = standing(form);
  const refusal = seek(`${targets[0]} [role=alert]`, page); // before it is swapped
  for (const one of targets) {
    if (one === GIVEN_BACK) takeGivenBack(page);
    else swapFrom(page, one, sent, !answer.redirected); // an accepted form answers with a redirect
  }
  const isSheet = form.matches("[data-autosave]");
  if (isSheet) showErrors(form, page);
  // Part of the dossier may have been read again meanwhile, so that the form is no longer in the page. Its address says
  // which conversation it belongs to.
  const of = /\/echange\/([0-9a-f-]{36})\//.exec(form.action)?.[1];
  const drawn = c ?? known(dossier?.dataset.conversation ?? of);
  if (drawn?.thread) follow(drawn);
  const focus = isSheet
    ? button && wrongInSheet(form) // a save that nobody pressed does not take the focus
    : nextFocus(form, targets, c, { isBeside, button, done });
  showDuty();
  // While an act of the procedure was under way, a key led to another of its buttons, which has the focus again.
  const hasGoneOn = "eachPress" in form.dataset && at !== button && document.activeElement?.tagName === at?.tagName;
  if (held && focus && !hasGoneOn) {
    focus.focus({ preventScroll: true });
    bringBeginning(focus);
  }
  // After the focus has moved: a screen reader would drop it for what has the focus.
  const isBySide = !held && refusal?.matches("[data-no-room]"); // at an offer that may be out of sight by now
  tell(page, form, Boolean(button), isBySide || (drawn?.over && !isSheet) ? refusal : null);
  tellPlaces();
  if (taken) (isWaiting ? letWait : open)(taken);
}
