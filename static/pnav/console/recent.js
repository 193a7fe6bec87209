/**
 * The last announcements of this tab, in a dialog: one that passes in some seconds cannot be read by who looked away.
 * They are in the memory of the page, and encrypted in the tab until the session ends (`console/recent-kept.js`). A page
 * that is left shows them no more: somebody else may see the screen after that.
 *
 * @module
 */

import { byId, find, fromTemplate, hide, seek, target, write } from "../lib/dom.js";
import { isSingular } from "../lib/plurals.js";
import { session } from "../lib/session.js";
import { hour } from "../lib/time.js";
import { closeDialog, openDialog } from "./dialogs.js";
import { createKept } from "./recent-kept.js";
import { createRecent, MOST } from "./recent-notices.js";
import { known, say, slot } from "./state.js";

/** @typedef {import("./recent-notices.js").Notice} Notice */

const recent = createRecent();
const dialog = byId("avis-recents", HTMLDialogElement);
const list = find("ol", dialog);
const none = find("[data-recent-none]", dialog);
const way = find("[data-recent-open]");
const count = find("[data-count=recent]");
const kept = safely(() => createKept(dialog.dataset.keptUnder ?? "", sessionStorage));
/** @type {Promise<void>} done once what the page before had is in the list */
let restored = Promise.resolve();

/**
 * Return what this makes. Some browsers refuse storage, and pages that no secure connection brought have no encryption:
 * the list is then that of the page alone.
 *
 * @template T
 * @param {() => T} make
 */
function safely(make) {
  try {
    return make();
  } catch {
    return null;
  }
}

function keep() {
  restored = restored
    .then(async () => {
      const { all: notices, unseen } = recent;
      if (notices.length) await kept?.keep({ notices, unseen }); // a page that is left has none
    })
    .catch(() => {});
}

function restore() {
  restored = restored
    .then(async () => {
      const before = await kept?.read();
      if (before) recent.restore(before.notices, before.unseen);
      if (before && dialog.open) recent.look();
      showCount();
      if (dialog.open) showAll();
    })
    .catch(() => {});
}

/** Return its line in the list, whose thread this page may not have read yet. @param {string} id */
const entryOf = (id) => known(id)?.entry ?? seek(`.console-entry[data-conversation="${CSS.escape(id)}"]`);

/** Return what a colleague offers of this exchange, while it is offered. @param {string} id */
const offerOf = (id) => (id ? document.getElementById(`offert-${id}`) : null);

/**
 * Bring an offer on screen. The focus goes to the title over it: one more Enter must not take the exchange.
 *
 * @param {string} id
 */
function showOffer(id) {
  const offer = offerOf(id);
  if (!offer) return;
  byId("offres-titre").focus({ preventScroll: true });
  offer.scrollIntoView({ block: "nearest" });
}

/** @param {Notice} notice */
function draw({ text, at, id }) {
  const row = fromTemplate("modele-avis");
  const time = /** @type {HTMLTimeElement} */ (slot("at", row));
  time.dateTime = new Date(at).toISOString();
  time.textContent = hour(at, document.documentElement.lang);
  slot("text", row).textContent = text;
  const button = find("button", row);
  const shown = entryOf(id);
  button.hidden = !shown && !offerOf(id);
  if (shown) slot("aim", button).textContent = known(id)?.aim ?? shown.dataset.aim ?? "";
  button.addEventListener("click", () => {
    const entry = entryOf(id);
    closeDialog(dialog);
    if (!entry?.isConnected) showOffer(id);
    else find("a", entry).click(); // as a press on its line
  });
  return row;
}

function showCount() {
  const n = recent.unseen;
  write(slot("n", count), String(n || ""));
  write(slot("said", count), n ? say(isSingular(n) ? "recent_one" : "recent_many", { n }) : "");
  hide(count, !n);
}

function showAll() {
  list.replaceChildren(...recent.all.map(draw));
  hide(none, recent.all.length > 0);
}

/**
 * Keep what was just announced. While the list is open it gets one more line, and no other line moves out of the focus.
 *
 * @param {string} text
 * @param {string} [id] of its exchange
 */
export function note(text, id) {
  recent.note(text, Date.now(), id);
  if (dialog.open) recent.look();
  keep();
  if (!dialog.open) {
    showCount();
    return;
  }
  if (recent.all.length) list.prepend(draw(recent.all[0]));
  hide(none, recent.all.length > 0);
  const last = list.children[MOST];
  if (last?.contains(document.activeElement)) find("h2", dialog).focus();
  last?.remove();
}

/** Take them off the page. */
function clear() {
  recent.clear();
  showCount();
  if (dialog.open) closeDialog(dialog);
  list.replaceChildren();
}

export function openRecent() {
  if (seek("dialog[open]")) return;
  const menu = way.closest("details");
  if (menu?.open) {
    find("summary", menu).focus(); // the way back from the dialog: the menu is closed by then
    menu.open = false;
  }
  recent.look();
  keep();
  showCount();
  showAll();
  openDialog(dialog);
}

export function watchRecent() {
  find("[data-recent-way]").hidden = false;
  document.addEventListener("click", (event) => {
    if (target(event).closest("[data-recent-open]")) openRecent();
  });
  dialog.addEventListener("keydown", (event) => {
    if (dialog.open) event.stopPropagation(); // nothing behind the list reacts
  });
  session.addEventListener("over", () => {
    clear();
    safely(() => kept?.forget());
  });
  addEventListener("pagehide", clear);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) restore(); // the browser brought the page back as it was left
  });
  restore();
}
