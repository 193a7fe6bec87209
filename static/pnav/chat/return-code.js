/**
 * Makes and shows a code de reprise without leaving the exchange.
 *
 * The server stores no words, and each code that it makes replaces the one before. So when an answer is lost, nobody has
 * the words of what was made, if anything was, and a code from before may not work any more: the page says that, and
 * does not say that there is no code.
 *
 * @module
 */

import { byId, find, target, write } from "../lib/dom.js";
import { request, TURN_MS } from "../lib/http.js";
import { data, exchange, isCut, show, visit, voice, words } from "./state.js";

/**
 * Bring this into sight, below what the top of the page says of the line. Who has gone on to something else while the
 * code was made, out of sight of its card, stays there.
 *
 * @param {HTMLElement} node
 */
function reveal(node) {
  const card = byId("code-card");
  const { top, bottom } = card.getBoundingClientRect();
  const covered = find(".pnav-chat__top").offsetHeight;
  if (!card.contains(document.activeElement) && (bottom <= covered || top >= innerHeight)) return;
  node.style.scrollMarginTop = `${covered}px`;
  node.scrollIntoView({ block: "nearest" });
}

/** @param {string} text */
function tellError(text) {
  show(byId("code-error"), text);
  voice(text);
  reveal(byId("code-error"));
}

/**
 * Say what is not known when the answer was lost. A code that this page does not know of may have been made in another
 * tab. Of the words on screen nobody knows until when they work.
 */
function tellLost() {
  byId("code-until").hidden = true;
  tellError(words.code_unsure);
}

/** @param {Record<string, string>} reply */
function showCode(reply) {
  byId("code").textContent = reply.code;
  show(byId("code-until"), reply.until);
  byId("code-place").textContent = reply.place;
  byId("code-shown").hidden = false;
  const said = ["code-label", "code", "code-until", "code-place"].map((id) => byId(id).textContent?.trim());
  voice(said.filter(Boolean).join(" "));
  write(find("button", byId("code-form")), words.code_again);
  byId("code-replaces").hidden = false;
  reveal(byId("code-shown"));
}

/**
 * Ask for a code. Return what the server answered, or null when its answer was lost, so that nobody knows whether a code
 * was made.
 *
 * @param {string} address
 * @returns {Promise<{ status: number, reply: Record<string, string> } | null>}
 */
async function ask(address) {
  const headers = { "X-CSRFToken": data.csrf ?? "", Accept: "application/json" };
  try {
    const answer = await request(address, { method: "POST", headers }, TURN_MS);
    const { status } = answer;
    if (answer.headers.get("Content-Type")?.startsWith("application/json")) {
      const reply = await answer.json();
      // An error that says nothing more came from a database that went away, perhaps after the code was made.
      return status >= 500 && !reply.detail ? null : { status, reply };
    }
    // A server that has no place refuses by a page that says when to come back, and one that refuses the form by a page
    // too. Neither has begun anything. A database that went away is told of by a page that does not say when.
    const hasNoPlace = status === 503 && answer.headers.has("Retry-After");
    return hasNoPlace || (status >= 400 && status < 500) ? { status, reply: {} } : null;
  } catch {
    return null;
  }
}

/** @param {string} address */
async function make(address) {
  if (isCut()) {
    tellError(words.code_failed); // nothing leaves this device
    return;
  }
  show(byId("code-making"), words.code_making);
  voice(words.code_making);
  reveal(byId("code-making"));
  const answer = await ask(address);
  if (visit.signal.aborted) return; // this page shows nothing of the visit any more
  show(byId("code-making"), "");
  if (answer === null) tellLost();
  else if (answer.status === 401) exchange.line?.end();
  else if (answer.reply.code) showCode(answer.reply);
  else {
    // When the server makes no other code, the code that is shown stays, because it still works. Where another one was
    // made meanwhile, it does not.
    if (answer.reply.error === "replaced") byId("code-shown").hidden = true;
    tellError(answer.reply.detail || words.code_failed);
  }
}

let isMaking = false;

export function watchCode() {
  byId("code-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    // Each code replaces the one before. Two answers may come in another order, and the code that was shown would no
    // longer work.
    if (isMaking) return;
    isMaking = true;
    show(byId("code-error"), ""); // it told of the attempt before
    const form = /** @type {HTMLFormElement} */ (target(event));
    const button = find("button", form);
    button.setAttribute("aria-disabled", "true"); // a disabled button would lose the focus
    try {
      await make(form.action);
    } finally {
      isMaking = false;
      button.removeAttribute("aria-disabled");
    }
  });
}
