/**
 * The journal of facts. What is being typed is kept like a message that is being typed, the line stays alive, and a
 * person who notes a fact while waiting is told that somebody is there. Everything else works without this script.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { createDraft } from "../lib/draft.js";
import { stayInExchange } from "./beside.js";

const data = byId("facts-page").dataset;
const form = byId("compose", HTMLFormElement);
const listening = new AbortController();
const KEEPALIVE_MOST = 12_000; // characters: browsers refuse 64 KiB and more from a page that goes

/** Return the fields of the form as they are sent, without the token, which goes in a header. */
const typed = () => {
  const values = new FormData(form);
  values.delete("csrfmiddlewaretoken");
  return new URLSearchParams(/** @type {any} */ (values)).toString();
};

/** Whether a field holds what the page was loaded with. @param {Element} field */
const isAsItCame = (field) =>
  !(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) ||
  (field.value === field.defaultValue && !("checked" in field && field.checked !== field.defaultChecked));

const draft = createDraft({
  text: typed,
  came: [...form.elements].every(isAsItCame) ? typed() : "",
  async save(body, isLeaving) {
    if (document.documentElement.classList.contains("pnav-leaving")) return "never"; // the visit is being forgotten
    try {
      const answer = await fetch(data.draft ?? "", {
        method: "POST",
        headers: { "X-CSRFToken": data.csrf ?? "", Accept: "application/json" },
        body: new URLSearchParams(body),
        keepalive: isLeaving && body.length < KEEPALIVE_MOST,
        redirect: "manual",
      });
      if (answer.status === 401) return "never";
      return answer.ok ? "kept" : "later";
    } catch {
      return "later"; // no network: what is typed is in the page
    }
  },
});

form.addEventListener("input", draft.changed);
// The page that receives the form keeps what was sent. A save that came after it would bring the text back as a draft.
form.addEventListener("submit", draft.end);
const { signal } = listening;
document.addEventListener("visibilitychange", () => document.hidden && draft.leaving(), { signal });
addEventListener("pagehide", draft.leaving, { signal });

stayInExchange(data, listening, draft.end);
