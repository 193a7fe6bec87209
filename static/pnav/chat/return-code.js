/**
 * Makes and shows a code de reprise without leaving the exchange.
 *
 * @module
 */

import { byId, find, target, write } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { data, exchange, show, visit, voice, words } from "./state.js";

/** @param {string} text */
function tellError(text) {
  show(byId("code-error"), text);
  voice(text);
}

/** @param {HTMLFormElement} form */
async function make(form) {
  const headers = { "X-CSRFToken": data.csrf ?? "", Accept: "application/json" };
  const answer = await request(form.action, { method: "POST", headers });
  if (answer.status === 401) {
    exchange.line?.end();
    return;
  }
  const reply = await answer.json();
  if (answer.ok) {
    // When the server refuses to make another code, the code that is shown stays, because it still works.
    byId("code").textContent = reply.code;
    byId("code-until").textContent = reply.until;
    byId("code-place").textContent = reply.place;
    byId("code-shown").hidden = false;
    const said = ["code-label", "code", "code-until", "code-place"].map((id) => byId(id).textContent?.trim());
    voice(said.filter(Boolean).join(" "));
    write(find("button", form), words.code_again);
    byId("code-replaces").hidden = false;
    byId("code-shown").scrollIntoView({ block: "nearest" });
  }
  tellError(answer.ok ? "" : reply.detail || words.code_failed);
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
    try {
      await make(/** @type {HTMLFormElement} */ (target(event)));
    } catch {
      if (!visit.signal.aborted) tellError(words.code_failed);
    } finally {
      isMaking = false;
    }
  });
}
