/**
 * The form in which a person writes, and what becomes of each message.
 *
 * @module
 */

import { byId, isModified, target, write } from "../lib/dom.js";
import { KEPT_MOST } from "../lib/draft.js";
import { length, newId, Outbox } from "../lib/outbox.js";
import { showsSomething } from "../lib/plain.js";
import { withoutSent } from "../lib/unsent.js";
import { watchKeyboard } from "./keyboard.js";
import { data, exchange, isCut, say, show, visit, voice, words } from "./state.js";
import { banner, tellCut, tellsUnsent } from "./status.js";
import { keepInTab } from "./tab.js";
import { draw, ownBodies, part, place, setState, toBanner } from "./thread.js";

/** @typedef {import("../lib/outbox.js").Entry} Entry */
/** @typedef {import("../lib/outbox.js").Standing} Standing */

const TYPING_EVERY_MS = 3000;
const COUNTED = 300; // when this many characters are left, the page begins to show how many
const SAID_MS = 1000; // once nothing was typed for so long, a screen reader says how many
const form = byId("compose", HTMLFormElement);
const box = byId("body", HTMLTextAreaElement);
const button = /** @type {HTMLButtonElement} */ (form.querySelector("button:not([formaction])"));
const limit = Number(data.maxLength);
let held = ""; // the address of a link that was stopped once, because a message is not sent
let typedAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let counted;
/** @type {Element | null} what was pressed last, for browsers that do not say what sends a form (Safari before 15.4) */
let pressed = null;
/** @type {Set<Element>} the messages that this page sent, also by a ready answer: no draft from before begins with them */
const fresh = new Set();
/** @type {Set<Entry>} messages that were written and, as far as this page knows, not stored; refused ones too */
const unsent = new Set();

/**
 * Return what would be lost with this page: the messages that are not stored, and what stands in the field. It may be
 * longer than a message may be, so that nothing is left out.
 */
const unsaid = () =>
  unsent.size ? [...[...unsent].map(({ body }) => body), box.value].join("\n\n").trimEnd() : box.value;

const kept = keepInTab({
  data,
  field: /** @type {HTMLInputElement} */ (form.elements.namedItem("tab")),
  text: unsaid,
  came: box.defaultValue,
  isStale: "stale" in box.dataset,
  isUntouched: box.value === box.defaultValue,
  /** What was sent meanwhile is not put back. @param {string} body */
  show(body) {
    box.value = withoutSent(body, ownBodies(fresh), words.misleading);
    count();
  },
  signal: visit.signal,
  /** What the page said would be lost is kept now. */
  saved() {
    if (byId("banner").textContent === words.unsent && draft.isKept()) banner(words.unsent_kept, false);
  },
});

/** The draft of what is not sent, which the server keeps for the visit. */
export const { draft } = kept;

/** @type {Record<Standing, [string, "waiting" | "failed" | "refused"]>} */
const STANDINGS = {
  pending: [words.pending, "waiting"],
  kept: [words.kept, "waiting"],
  soon: [words.soon, "waiting"],
  failed: [words.failed, "failed"],
  refused: [words.refused, "refused"],
  full: [words.refused_full, "refused"],
};

export const outbox = new Outbox({
  send: (frame) => exchange.line?.send(frame),
  isReady: () => Boolean(exchange.line?.ready),
  cut: () => exchange.line?.cut(),
  show(entry, standing) {
    setState(entry.node, ...STANDINGS[standing]);
    if (standing === "full") tellError(words.full);
  },
  emptied() {
    if (!held) return;
    held = "";
    banner("", false);
  },
});

/** Say what is wrong with the text in the field. An empty text means that nothing is wrong. @param {string} text */
function tellError(text) {
  show(byId("body-error"), text);
  byId("body-group").classList.toggle("fr-input-group--error", Boolean(text));
  box.setAttribute("aria-invalid", String(Boolean(text)));
  if (text && document.activeElement === box) {
    // Of a description that changes in the field, Firefox tells nobody: the voice says it, and the description comes later.
    box.setAttribute("aria-describedby", "body-count-said");
    voice(text);
  } else if (text) box.focus();
}

function count() {
  const n = length(box.value.trim());
  write(byId("body-count"), n > limit - COUNTED ? say("count", { n }) : "");
  clearTimeout(counted);
}

/** Describe the field by what is wrong and the number of characters once it is left: Orca says each change in it. */
function describe() {
  box.setAttribute("aria-describedby", "body-error body-count-said");
  write(byId("body-count-said"), byId("body-count").textContent ?? "");
}

/** Say how many characters there are, where the page shows it. At each letter it would cut what a reader says of it. */
function sayCount() {
  const counter = byId("body-count"); // a page that is left meanwhile is empty
  counted = setTimeout(() => counter.isConnected && voice(counter.textContent ?? ""), SAID_MS);
}

/** « Réessayer » sends the same message again, under the same name. @param {Entry} entry */
function retry(entry) {
  if (!outbox.entries.includes(entry)) place(entry.node, true);
  outbox.retry(entry);
  box.focus({ preventScroll: true });
  exchange.line?.retry();
}

/**
 * Draw a message and send it as soon as that can be. Return its entry in the outbox.
 *
 * @param {string} id
 * @param {string} body
 */
export function put(id, body) {
  const node = draw({ author: "reporter", sent_at: new Date().toISOString(), body });
  place(node, true);
  fresh.add(node);
  const entry = outbox.add(id, body, node);
  part(node, "retry").addEventListener("click", () => retry(entry));
  return entry;
}

/** Return what is wrong with a message, or an empty text when nothing is. @param {string} body */
function faultOf(body) {
  if (!body) return words.empty;
  if (!showsSomething(body)) return words.unseen;
  return length(body) > limit ? words.too_long : "";
}

function post() {
  const body = box.value.trim();
  if (exchange.status === "closed") return;
  const fault = faultOf(body);
  tellError(fault);
  if (fault) return;
  kept.touch();
  box.value = "";
  count();
  unsent.add(put(newId(), body));
  draft.changed(); // with what is on its way: the line may be slow, or dead, and the page is perhaps left
  box.focus({ preventScroll: true });
}

/** The server has this message, so it is no draft any more. @param {Entry} entry */
export function stored(entry) {
  outbox.settle(entry);
  if (unsent.delete(entry)) draft.now();
}

/**
 * A message of the person came that the page was drawn too early to have. What the page before left of it in the field
 * is sent, and goes, unless somebody has typed. It costs one comparison with the thread and, when it goes, one save.
 */
export function dropSent() {
  if (!kept.isUntouched() || !box.value) return;
  const left = withoutSent(box.value, ownBodies(fresh), words.misleading);
  if (left === box.value) return;
  box.value = left;
  count();
  draft.changed();
}

/** The exchange is over. A text that was begun stays, so that it can be copied. */
export function closeForm() {
  if (!box.value.trim()) {
    byId("closed-title").focus();
    return;
  }
  byId("compose-bar").hidden = false;
  button.hidden = box.readOnly = true;
  tellError(words.cut);
}

/** The visit is over. Nothing that was written stays. */
export function forget() {
  outbox.clear();
  unsent.clear();
  draft.end();
  box.value = "";
}

/** @param {SubmitEvent} event */
function submit(event) {
  const by = /** @type {HTMLButtonElement | null} */ ("submitter" in event ? event.submitter : pressed);
  if (!by?.hasAttribute("formaction")) {
    event.preventDefault();
    post();
    return;
  }
  // The button leads to another page, and the text goes there too. Nothing sends from there the messages that are not
  // sent, so the person is stopped once and told why. On a network that is dead, though the browser calls it online, only
  // this page has them, unless they were kept before; each such press costs one save at most. Once the page says
  // something else, as that the line is lost, the next press is stopped again: what is read then is another thing.
  const to = by.value;
  const isTold = held === to && tellsUnsent();
  if (exchange.status === "closed" || (!isCut() && (!outbox.entries.length || isTold))) return;
  event.preventDefault();
  if (isCut()) {
    tellCut();
    toBanner();
    return;
  }
  held = to;
  banner(draft.isKept() ? words.unsent_kept : words.unsent, false);
  toBanner();
  draft.now();
}

/**
 * Do the same for a link to another page that opens in this tab. The quick exit is never stopped here.
 *
 * @param {MouseEvent} event
 */
function follow(event) {
  const link = /** @type {HTMLElement} */ (event.target).closest("a");
  if (!link?.href || link.target || isModified(event)) return;
  if (link.origin !== location.origin || (link.hash && link.pathname === location.pathname)) return;
  if ((!box.value.trim() && !outbox.entries.length) || !form.requestSubmit) return; // an old browser has none
  event.preventDefault();
  const way = byId("elsewhere", HTMLButtonElement);
  way.value = link.pathname + link.search + link.hash;
  form.requestSubmit(way);
}

export function watchForm() {
  form.addEventListener("submit", submit);
  const press = (/** @type {Event} */ event) => {
    pressed = target(event).closest("button");
  };
  document.addEventListener("click", press, { capture: true, signal: visit.signal });
  // What goes to the other page.
  form.addEventListener("formdata", ({ formData }) => formData.set("body", unsaid().slice(0, KEPT_MOST)));
  document.addEventListener("click", follow, { signal: visit.signal });
  watchKeyboard(box, form, visit.signal);
  box.addEventListener("blur", describe);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    post();
  });
  box.addEventListener("input", () => {
    kept.touch();
    count();
    sayCount();
    draft.changed();
    const { line, status } = exchange;
    if (status !== "active" || !line?.ready || line.isSlow || Date.now() - typedAt < TYPING_EVERY_MS) return;
    typedAt = Date.now();
    line.send({ type: "typing" });
  });
  count();
}
