/**
 * Ends that can still be undone. « Terminer » waits some seconds before it is sent, and a button takes it back
 * meanwhile. So does a message from the person. When the page is left, the end is sent at once, unless a message of the
 * agent still waits to be sent.
 *
 * @module
 */

import { all, byId, find, fromTemplate, seek } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { paint } from "./list.js";
import { tell } from "./notice.js";
import { announce, desk, say, slot } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/**
 * @typedef {object} Pending
 * @property {Conversation} c
 * @property {HTMLElement} row
 * @property {ReturnType<typeof setInterval>} timer
 * @property {HTMLFormElement} form
 * @property {FormData} body
 */

const UNSENT_MS = 60_000; // longer than the longest pause of the outbox between two tries of a message (lib/outbox.js)

const BACK_MS = 700;

/** @type {Map<string, Pending>} by conversation */
const pending = new Map();
const rows = byId("fins");
let height = rows.offsetHeight;

/**
 * Keep the line of the open exchange in sight when the rows take room below the list: the queue covered its end.
 *
 * @param {number} grown in pixels; a line that was further down was out of sight before
 */
function keepOpenLine(grown) {
  const line = seek(".console-entry__link[aria-current]", byId("liste"));
  const column = /** @type {HTMLElement | null} */ (line?.closest(".console-own"));
  if (!line || !column) return;
  const below = line.getBoundingClientRect().bottom - column.getBoundingClientRect().bottom;
  if (below > 0 && below <= grown) column.scrollTop += below; // in one column nothing scrolls but the page
}

// What stays at the top of a narrow screen does so below them.
new ResizeObserver(() => {
  const grown = rows.offsetHeight - height;
  height += grown;
  document.documentElement.style.setProperty("--console-foot", `${height}px`);
  keepOpenLine(grown);
}).observe(rows);

/** @param {Conversation} c */
export const isPending = (c) => pending.has(c.id);

/**
 * Put the focus on « Annuler ». On a narrow screen it is at the top already: the browser would scroll the page for it.
 *
 * @param {HTMLElement} row
 */
function focusUndo(row) {
  const back = find("[data-undo]", row);
  back.focus({ preventScroll: true });
  const [one, part] = [back, rows].map((element) => element.getBoundingClientRect());
  const isInSight = one.top >= Math.max(part.top, 0) && one.bottom <= Math.min(part.bottom, innerHeight);
  if (!isInSight) back.scrollIntoView({ block: "nearest" });
}

const unfolded = { is: false }; // the rows of all ends are shown

/**
 * Of several ends one row is shown: that with the focus, otherwise the last one. It says how many others there are, and
 * leads to them. Three rows covered the whole screen of a small window.
 */
function arrange() {
  const ends = [...pending.values()];
  if (ends.length < 2) unfolded.is = false;
  const front = ends.find(({ row }) => row.contains(document.activeElement)) ?? ends.at(-1);
  const n = ends.length - 1;
  for (const { row } of ends) {
    row.hidden = row !== front?.row && !unfolded.is;
    const others = find("[data-others]", row);
    others.hidden = !n || unfolded.is;
    others.textContent = n ? say(isSingular(n) ? "ends_other" : "ends_others", { n }) : "";
  }
}

/**
 * Lead to « Annuler » of an end that is pending.
 *
 * @param {Conversation | null} c
 * @returns {boolean} whether one was
 */
export function goToUndo(c) {
  const row = c && pending.get(c.id)?.row;
  if (!row) return false;
  row.hidden = false; // what is hidden takes no focus
  focusUndo(row);
  arrange();
  return true;
}

/** Put the focus on the line of an exchange that is not the open one. Return whether it took it. @param {Conversation} c */
function goToLine(c) {
  const line = c === desk.current ? null : seek("a", c.entry);
  line?.focus(); // one that a view of the list hides takes none
  return Boolean(line) && line === document.activeElement;
}

/** Put the focus where the agent goes on: the answer of the open exchange, its messages, or the title of the list. */
function goOnThere() {
  const open = desk.current;
  (open ? (open.area && !open.over ? open.area : open.log) : byId("mes-echanges")).focus();
}

/**
 * Take a pending end back, so that nothing is sent. The focus stays where it is, unless it was in the row: what is put
 * aside cannot take it, and it fell to the top of the page.
 *
 * @param {Conversation} c
 * @param {boolean} [goesOn] whether this exchange goes on: while another one is open, the focus goes to its line, where
 *   Enter opens it. In the answer of the open one the agent would write to somebody else
 * @returns {boolean} whether an end was pending
 */
export function drop(c, goesOn = false) {
  const end = pending.get(c.id);
  if (!end) return false;
  clearInterval(end.timer);
  const isHere = end.row.contains(document.activeElement);
  end.row.remove();
  pending.delete(c.id);
  arrange();
  if (isHere && !(goesOn && goToLine(c))) goOnThere();
  return true;
}

/**
 * Take a pending end back because the exchange goes on. To end it, the agent has to confirm again; if the box kept its
 * tick, the press that confirms would take it away.
 *
 * @param {Conversation} c
 * @returns {boolean} whether an end was pending
 */
function undo(c) {
  const confirmed = pending.get(c.id)?.form.elements.namedItem("confirm");
  if (!drop(c, true)) return false;
  if (confirmed instanceof HTMLInputElement) confirmed.checked = false;
  return true;
}

/**
 * Say, on screen and aloud, why an exchange was not ended. The list says that it was not until somebody answers.
 *
 * @param {Conversation} c
 * @param {string} why
 */
export function tellHeld(c, why) {
  c.isEndHeld = true;
  paint(c);
  tell(why);
}

/**
 * A message from the person comes before an end that is not sent yet. The row with « Annuler » disappears.
 *
 * @param {Conversation} c
 */
export function personWrote(c) {
  if (undo(c)) tellHeld(c, say("end_held", { name: c.name }));
}

/** The agent's own message, which comes before the end, was refused or does not leave. @param {Conversation} c */
export function ownIsUnsent(c) {
  if (undo(c)) tellHeld(c, say("end_unsent", { name: c.name }));
}

/** Say in an end up to which message this page has the exchange. @param {Conversation} c @param {FormData} body */
export const tellSeen = (c, body) => body.set("seen", String(c.lastSeq));

/**
 * Hold an end for some seconds, and for UNSENT_MS more at most while what the agent wrote before is not sent: the end
 * would overtake it, and it would be refused.
 *
 * @param {Conversation} c
 * @param {HTMLFormElement} form
 * @param {FormData} body what will be sent
 * @param {() => void} send
 * @param {boolean} isElsewhere the agent goes on with something else: the row comes without the focus, and is announced.
 *   The next Space would press « Annuler »
 */
export function hold(c, form, body, send, isElsewhere) {
  if (pending.has(c.id)) return;
  const row = /** @type {HTMLElement} */ (fromTemplate("modele-fin"));
  let left = Number(form.dataset.ending);
  let waitsSince = 0; // for the agent's own message, in ms
  const text = slot("text", row);
  const about = slot("about", row);
  about.id = `fin-dite-${c.id}`;
  for (const button of all("button", row)) button.setAttribute("aria-describedby", about.id);
  // What describes the buttons is renewed as one of them gets the focus, and not at each second: it would be said.
  const describe = () => {
    about.textContent = text.textContent;
  };
  row.addEventListener("focusin", describe);
  const show = (key = "ending") => {
    text.textContent = say(key, { aim: c.number ? `${c.number} · ${c.name}` : c.name, n: left });
  };
  const wait = () => {
    left = 0;
    waitsSince = Date.now();
    show("ending_waits");
    describe();
    const now = find("[data-now]", row);
    if (now === document.activeElement) focusUndo(row);
    now.hidden = true;
    announce(text.textContent ?? "");
  };
  const goOn = () => {
    if (c.outbox.entries.length) {
      if (!waitsSince) wait();
      else if (Date.now() - waitsSince >= UNSENT_MS) ownIsUnsent(c);
      return;
    }
    drop(c);
    tellSeen(c, body);
    send();
  };
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) show();
    else goOn();
  }, 1000);
  find("[data-undo]", row).addEventListener("click", () => {
    undo(c);
    (c === desk.current ? announce : tell)(say("end_undone", { name: c.name }));
  });
  find("[data-now]", row).addEventListener("click", goOn);
  find("[data-others]", row).addEventListener("click", () => {
    unfolded.is = true;
    arrange();
    focusUndo(row); // the button that was pressed is gone
  });
  show();
  rows.append(row);
  pending.set(c.id, { c, row, timer, form, body });
  if (isElsewhere) {
    arrange();
    describe();
    announce(text.textContent ?? "");
    return;
  }
  focusUndo(row); // which the text describes: announced too, it was said twice
  arrange();
  // Orca brings the focus back to the title of the panel that has just been closed (Firefox).
  setTimeout(() => {
    if (document.activeElement === seek("summary", form.closest("details") ?? row)) focusUndo(row);
  }, BACK_MS);
}

addEventListener("pagehide", () => {
  for (const { c, form, body } of pending.values()) {
    if (c.outbox.entries.length) continue; // the page has asked whether to leave without sending it
    tellSeen(c, body);
    navigator.sendBeacon(form.action, body);
  }
});
