/**
 * Asks, before a form of the staff is sent, whether the session of this page still lives. If it does not, the page
 * stays, with all that was typed in it, and says so. Nothing is stored anywhere else (docs/adr/0034). Pages work
 * without this file.
 *
 * @module
 */

import { all, byId, fromTemplate, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { session } from "../lib/session.js";

/** Why nothing may be sent now; "" when it may. @typedef {"" | "over" | "other" | "away"} Why */

const { session: address = "", account } = byId("session-over").dataset;
/** @type {HTMLFormElement | null} */
let asking = null;
/** @type {HTMLFormElement | null} */
let passing = null;
let isOver = false;

/**
 * Ask about the session. Give the forms the present token, because a new sign-in makes a new one.
 *
 * @returns {Promise<Why>}
 */
async function ask() {
  try {
    const answer = await request(address, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      redirect: "manual",
    });
    if (answer.status === 401) return "over";
    if (answer.status >= 500) return "away"; // the form would fail in the same way, and its words would be lost with the page
    if (!answer.ok) return ""; // the form's own answer says why
    const known = await answer.json();
    if (String(known.account) !== account) return "other";
    if (!known.is_complete && !location.pathname.startsWith("/compte/")) return "over";
    for (const field of all("[name=csrfmiddlewaretoken]", document, HTMLInputElement)) field.value = known.token;
    return "";
  } catch {
    return "away";
  }
}

/** Remove an alert. Somebody who is in it goes on in the form that it is about. @param {HTMLElement} said */
function leave(said) {
  const isHeld = said.contains(document.activeElement);
  const form = said.closest("form");
  said.remove();
  if (!isHeld || !form) return;
  const controls = all("a, button, input, select, textarea", form);
  controls.find((one) => one.checkVisibility())?.focus({ preventScroll: true });
}

/**
 * Say why nothing was sent. What the page sends by itself (`console/sheet.js`) is tried again every few seconds: it
 * neither replaces an alert that says the same, in which somebody may be, nor scrolls away from what is being copied.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} button that was pressed
 * @param {Why} why
 */
function say(form, button, why) {
  if (why && !button && seek(`[data-session-over] [data-why=${why}]`)) return;
  for (const said of all("[data-session-over]")) leave(said);
  if (!why) return;
  const said = fromTemplate("session-over");
  for (const reason of all("[data-why]", said)) if (reason.dataset.why !== why) reason.remove();
  for (const words of all("[data-by]", said)) if (words.dataset.by !== (button ? "hand" : "page")) words.remove();
  const row = button?.closest("ul, p, div, form"); // above the buttons, wherever they are
  if (row && row !== form && form.contains(row)) row.before(said);
  else if (button && form.contains(button)) button.before(said);
  else form.prepend(said);
  if (button) said.scrollIntoView({ block: "nearest" });
}

/**
 * The console learns this by its line, and what it sends by itself makes one request only.
 *
 * @param {HTMLFormElement} form
 * @param {string} method
 */
const isOurs = (form, method) =>
  method.toLowerCase() === "post" &&
  form !== passing &&
  !form.matches("[data-reply], [data-leaves]") &&
  (isOver || !form.matches("[data-live]"));

/** @param {SubmitEvent} event */
async function submit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = event.submitter;
  if (!isOurs(form, button?.getAttribute("formmethod") || form.getAttribute("method") || "get")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (asking === form) return; // two presses send once
  asking = form;
  const why = await ask();
  asking = null;
  say(form, button, why);
  if (isOver && !why) session.dispatchEvent(new Event("lives"));
  isOver = why !== "";
  if (why || !form.isConnected) return;
  passing = form;
  form.requestSubmit(button && /** @type {HTMLButtonElement} */ (button).form === form ? button : null);
  passing = null;
}

session.addEventListener("over", () => {
  isOver = true;
});

/**
 * Somebody comes back to this page, maybe from a sign-in in another tab: what a page sends by itself goes on. What was
 * pressed stays said, because it has to be pressed again.
 */
async function look() {
  if (!isOver || asking || document.visibilityState !== "visible" || (await ask())) return;
  if (!isOver) return; // a form has asked meanwhile
  for (const said of all("[data-session-over]")) if (seek("[data-by=page]", said)) leave(said);
  isOver = false;
  session.dispatchEvent(new Event("lives"));
}
document.addEventListener("submit", submit, true);
document.addEventListener("visibilitychange", look);
addEventListener("focus", look); // from another window beside this one
session.isAsked = true;
