/**
 * The journal of facts. What is being typed is kept like a message that is being typed, the line stays alive, and a
 * person who notes a fact while waiting is told that somebody is there. Everything else works without this script.
 *
 * @module
 */

import { byId, markRun, showWrong } from "../lib/dom.js";
import { newId } from "../lib/outbox.js";
import { stayInExchange } from "./beside.js";
import { tellNotTaken, watchGivenFiles } from "./given-files.js";
import { keepInTab } from "./tab.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

const data = byId("facts-page").dataset;
const form = byId("compose", HTMLFormElement);
const listening = new AbortController();
const fields = /** @type {Field[]} */ (
  [...form.elements].filter((field) => field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)
);
const [tab, factId, edits] = ["tab", "fact_id", "edits"].map(
  (name) => /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name)),
);

/** Return the fields of the form as they are sent, without the token, which goes in a header, and the tab's name. */
const typed = () => {
  const values = new FormData(form);
  values.delete("csrfmiddlewaretoken");
  values.delete("tab");
  return new URLSearchParams(/** @type {any} */ (values)).toString();
};

/** Whether a field holds what the page was loaded with. @param {Field} field */
const isAsItCame = (field) =>
  field.value === field.defaultValue && !("checked" in field && field.checked !== field.defaultChecked);

/**
 * Put what this tab was typing into the form. When that corrects another fact than the page shows, or none, the page of
 * the right one is asked for.
 *
 * @param {string} body as `typed` returns it; "" for nothing
 */
function fillIn(body) {
  const values = new URLSearchParams(body);
  const id = values.get("fact_id") ?? "";
  const corrected = values.get("edits") ? id : "";
  const isHere = corrected === (edits && factId ? factId.value : "");
  const search = new URLSearchParams(location.search);
  const asked = search.get("note") ?? search.get("fait"); // as chat.visitor.facts.asked_fact reads it
  const wanted = corrected || "nouveau";
  // A fact that cannot be corrected any more is asked for in vain: its words are a new one's. Where nothing was typed,
  // the page that was asked for a fact shows it as it is.
  if (asked !== wanted && (body ? !isHere : edits && !asked)) {
    // Loaded again and not left, so that the page that comes keeps the name of this tab, and asks once more: the save of
    // the page before may be on its way yet.
    history.replaceState(history.state, "", `${location.pathname}?${data.asks}=${wanted}#note`);
    location.reload();
    return;
  }
  if (!body && edits) return;
  for (const field of fields) {
    if (field.type === "radio") /** @type {any} */ (field).checked = field.value === values.get(field.name);
    else if (field.type !== "hidden") field.value = values.get(field.name) ?? "";
  }
  if (factId && !edits) factId.value = (!corrected && id) || newId(); // what was typed in another tab is its own fact
}

const isUntouched = fields.every(isAsItCame);
const kept = keepInTab({
  data,
  field: /** @type {HTMLInputElement} */ (tab),
  text: typed,
  came: isUntouched ? typed() : "",
  isUntouched,
  show: fillIn,
  signal: listening.signal,
  asks: "fact",
  fields: (body) => Object.fromEntries(new URLSearchParams(body)),
});

form.addEventListener("input", () => {
  kept.touch();
  kept.draft.changed();
});
const line = stayInExchange(data, listening, kept.draft.end);

/** Say that nothing can be sent, until the network is back. */
function tellCut() {
  const news = byId("news");
  const before = news.textContent;
  const isBack = () => {
    if (news.textContent === data.cut) news.textContent = before;
  };
  if (before !== data.cut) addEventListener("online", isBack, { once: true, signal: listening.signal });
  news.textContent = data.cut ?? "";
  news.scrollIntoView({ block: "center" }); // it stands at the top, and the button at the foot
}

// The page that receives the form keeps what was sent. A save that came after it would bring the text back as a draft.
// When the form does not arrive, what is typed next is saved again. A browser may say that it is offline while the line
// works; where there is no line, after the end, nobody knows, and the form goes.
form.addEventListener("submit", (event) => {
  kept.touch();
  if (line && !line.ready && !navigator.onLine) {
    event.preventDefault();
    tellCut();
  } else kept.draft.pause();
});

watchGivenFiles(tellNotTaken);
showWrong();
markRun();
