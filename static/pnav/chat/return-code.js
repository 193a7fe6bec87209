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
import { request } from "../lib/http.js";
import { data, exchange, show, visit, voice, words } from "./state.js";

// A request waits 25 seconds for its turn at most (`WAIT_SECONDS` in pnav/server/page_handler.py), and the slow hash may
// take some seconds more. Whatever the server says therefore arrives within this time, unless the network loses it.
const MAKING_MS = 40_000;

/**
 * Bring this into sight, below what the top of the page says of the line.
 *
 * @param {HTMLElement} node
 */
function reveal(node) {
  node.style.scrollMarginTop = `${find(".pnav-chat__top").offsetHeight}px`;
  node.scrollIntoView({ block: "nearest" });
}

/** @param {string} text */
function tellError(text) {
  show(byId("code-error"), text);
  voice(text);
  reveal(byId("code-error"));
}

/** Say what is not known when the answer was lost. */
function tellLost() {
  const mayHaveOne = !byId("code-replaces").hidden; // this page showed a code, or knew of one when it was loaded
  tellError(mayHaveOne ? words.code_unsure : words.code_not_here);
}

/** @param {Record<string, string>} reply */
function showCode(reply) {
  byId("code").textContent = reply.code;
  byId("code-until").textContent = reply.until;
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
    const answer = await request(address, { method: "POST", headers }, MAKING_MS);
    const isOurs = answer.headers.get("Content-Type")?.startsWith("application/json");
    if (isOurs) return { status: answer.status, reply: await answer.json() };
    // A server that has no place refuses by a page, and so does one that refuses the form. Neither has begun anything.
    return answer.status === 503 || (answer.status >= 400 && answer.status < 500)
      ? { status: answer.status, reply: {} }
      : null;
  } catch {
    return null;
  }
}

/** @param {string} address */
async function make(address) {
  if (!navigator.onLine) {
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
