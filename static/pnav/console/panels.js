/**
 * Panels beside a thread. They are read again when something changes what they show, once nobody is writing in them.
 *
 * @module
 */

import { all, seek, target } from "../lib/dom.js";
import { forCopying, written } from "./drafts.js";
import { tell } from "./notice.js";
import { noteListRead, renewList } from "./open-lists.js";
import { swapFrom, tryToLoad } from "./pages.js";
import { isUnsaved } from "./sheet.js";
import { desk, home, known, putAside } from "./state.js";

/** @typedef {import("./state.js").Conversation} Conversation */

/** Return the address of the screen with one conversation, from which parts are taken. @param {string} id */
export const pageOf = (id) => `${home}echange/${id}/?partie=echange`;

/** Return how to find what is known of the person of a conversation. @param {Conversation} c */
export const dossierOf = (c) => `.console-dossier[data-conversation="${c.id}"]`;

/** @type {WeakSet<Element>} panels that are read again once nobody writes in them */
const awaited = new WeakSet();

/**
 * Read the panel again. Return whether it came and is on screen now. One with a sheet that is not saved stays as it is,
 * because the sheet is sent again from there.
 *
 * @param {Conversation} c
 * @param {string} selector of the panel
 * @param {string} [address] of the page that has it
 */
export async function refreshBeside(c, selector, address = pageOf(c.id)) {
  const at = () => /** @type {HTMLElement} */ (document.activeElement);
  const isHere = () => Boolean(seek(selector)?.contains(at()));
  const isWriting = () => isHere() && at().matches("textarea:not([readonly]), input, select");
  const later = () => {
    const panel = seek(selector);
    if (!panel || awaited.has(panel)) return; // it is asked for every few seconds while somebody writes a long note
    awaited.add(panel);
    const read = () => {
      awaited.delete(panel);
      setTimeout(refreshBeside, 0, c, selector, address);
    };
    panel.addEventListener("focusout", read, { once: true });
  };
  const canBeSwapped = () => {
    const panel = seek(selector);
    return panel !== null && !c.gone && !isUnsaved(panel);
  };
  if (!canBeSwapped()) return false;
  if (isWriting()) {
    later();
    return false;
  }
  const page = await tryToLoad(address);
  const before = seek(selector);
  if (!page || !before || !canBeSwapped()) return false; // an answer may have been pressed meanwhile
  if (isWriting()) {
    later();
    return false;
  }
  const wasHere = isHere();
  const held = wasHere && at().id;
  const drafts = written(before);
  if (!swapFrom(page, selector)) return false;
  const panel = seek(selector);
  if (!panel) return true;
  if (panel.matches(".console-dossier")) {
    c.dossier = panel;
    putAside(panel, c !== desk.current);
  }
  // A text that can no longer be sent stays to be copied, unless the panel shows it as kept.
  const isShown = (/** @type {HTMLTextAreaElement} */ area) => panel.textContent?.includes(area.value.trim());
  panel.append(...drafts.filter((area) => !seek(`[id="${area.id}"]`, panel) && !isShown(area)).map(forCopying));
  if (!wasHere || panel.contains(at())) return true;
  const next = (held && document.getElementById(held)) || seek("[tabindex]", panel.parentElement ?? document) || panel;
  next.focus({ preventScroll: true });
  return true;
}

const AGAIN_MS = 5000; // after a reading that did not come, or that has to wait

/** @type {Set<Conversation>} those of which what was said is being read */
const telling = new Set();

/**
 * Read again what the person says outside of messages: the signalement, and the facts that they show. The server counts
 * these as read when it sends them, so they are read only when the agent looks at them. When the person gave another
 * place, everything beside the thread is read after that: the unit, the partners, what can be proposed and where a
 * summary can go depend on it. One reading runs at a time, so that an older one never replaces a newer one. One that
 * fails, or waits for a sheet that is not saved, is tried again.
 *
 * @param {Conversation} c
 */
export async function refreshTold(c) {
  c.isStale = true;
  if (telling.has(c)) return; // they are read once more after this reading
  telling.add(c);
  try {
    while ((c.isStale || isElsewhere(c)) && c === desk.current && !c.gone && !document.hidden) {
      /** @type {boolean} */
      const isTold = !c.isStale; // what they say was read, and the place is left
      c.isStale = false;
      if (await refreshBeside(c, isTold ? dossierOf(c) : `#dit-${c.id}`, `${pageOf(c.id)}&lu`)) {
        sayNews(c);
        showWatched(c);
      } else {
        c.isStale ||= !isTold;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  } finally {
    telling.delete(c);
    c.isStale ||= isElsewhere(c); // it is read when the agent looks again
  }
}

/**
 * Pin the warning of a watched screen over the thread and beside the answer: somebody typed their code on such a screen
 * while the page was open. The mode is never left.
 *
 * @param {Conversation} c
 */
function showWatched(c) {
  const reply = seek(`#reponse-${c.id}`);
  if (!reply || !seek(`#dit-${c.id}`)?.hasAttribute("data-watched")) return;
  reply.dataset.watched = ""; // no address of a page is offered any more (public-pages.js)
  for (const sign of [seek(".console-reply__watched", reply), seek(`#ecran-${c.id}`)]) if (sign) sign.hidden = false;
}

/** Whether the person gave another place than the one that is shown. @param {Conversation} c */
function isElsewhere(c) {
  const [told, shown] = ["dit", "accueil"].map((part) => seek(`#${part}-${c.id}`)?.dataset.place);
  return told !== shown;
}

/**
 * Say once how many facts are new, on screen and aloud, because they came while the agent was reading.
 *
 * @param {Conversation} c
 */
function sayNews(c) {
  const facts = seek(`#faits-${c.id}`);
  if (facts?.dataset.factsNew) tell(facts.dataset.factsNew);
  delete facts?.dataset.factsNew;
}

/** Whether there are facts whose words were not read into this page. @param {Element} dossier */
export const hasUnread = (dossier) => Boolean(seek("[data-facts-unread]", dossier));

/** @param {Conversation} c */
export const refreshTransmission = (c) => refreshBeside(c, `#transmission-${c.id}`);

/** The folds that name colleagues, by the beginning of their id, with the panel and the field that names them. */
const FOLDS = new Map([
  ["passer", ["passage", "target"]],
  ["demander", ["question", "colleague"]],
]);

/**
 * Update a summary with what the sheet of facts says now, when nobody has written in the summary.
 *
 * @param {Element} panel
 * @param {Element} fresh
 */
function renewSummary(panel, fresh) {
  const area = seek("[name=summary]", panel, HTMLTextAreaElement);
  const begun = seek("[name=summary]", fresh, HTMLTextAreaElement);
  if (area && begun && area.value === area.defaultValue) area.value = area.defaultValue = begun.defaultValue;
}

/**
 * Read a fold again when it is opened, because who is present and what is known has changed since the conversation
 * came. What was written there stays.
 *
 * @param {Event} event
 */
async function openFold(event) {
  const fold = /** @type {HTMLDetailsElement} */ (event.target);
  const [, kind, id] = /^(passer|demander)-(.+)$/.exec(fold.id) || [];
  const [part, name] = FOLDS.get(kind) || [];
  if (!part || !fold.open) return;
  noteListRead(fold);
  const page = await tryToLoad(pageOf(id));
  const fresh = page && seek(`#${part}-${id}`, page);
  const panel = seek(`#${part}-${id}`); // the conversation may have left meanwhile
  if (!fresh || !panel) return;
  const before = seek(`[name=${name}]`, panel, HTMLSelectElement);
  const after = seek(`[name=${name}]`, fresh, HTMLSelectElement);
  if (!before || !after) {
    panel.replaceWith(document.adoptNode(fresh));
    return;
  }
  renewSummary(panel, fresh);
  renewList(known(id), before, after);
}

/**
 * Whether a menu lies over the thread. On a narrow screen it moves down what follows, and hides nothing.
 *
 * @param {Element} menu
 */
const isOver = (menu) => getComputedStyle(/** @type {Element} */ (menu.lastElementChild)).position === "absolute";

/**
 * Close a menu that lies over the thread when the agent presses elsewhere, or when the focus leaves it.
 *
 * @param {Event} event
 */
function closeMenus(event) {
  for (const menu of /** @type {HTMLDetailsElement[]} */ (all("[data-menu][open]"))) {
    if (!menu.contains(/** @type {Node} */ (event.target)) && isOver(menu)) menu.open = false;
  }
}

/**
 * Close an action's panel when the agent presses elsewhere. It stays open when the focus leaves it, because its own
 * answer may lead the focus out.
 *
 * @param {Event} event
 */
function closeActions(event) {
  const to = /** @type {Node} */ (event.target);
  for (const action of /** @type {HTMLDetailsElement[]} */ (all(".console-thread__head [data-action][open]"))) {
    if (!action.contains(to) && isOver(action)) action.open = false;
  }
}

/**
 * Open the fold to which a link leads, so that one press is enough. The browser follows the link itself. Links at the
 * foot of a narrow screen lead into the open conversation.
 *
 * @param {MouseEvent} event
 */
function openPart(event) {
  const way = /** @type {HTMLAnchorElement | null} */ (target(event).closest("a[data-opens], a[data-way]"));
  if (!way) return;
  if (way.dataset.way && desk.current) {
    const part = `#${way.dataset.way}-${desk.current.id}`;
    // Changing `hash` would keep the address of this conversation. A conversation that has ended has no answer to lead
    // to.
    way.setAttribute("href", seek(part) ? part : "#echange");
  }
  const to = way.hasAttribute("data-opens") && seek(way.hash);
  const fold = to && (seek(":scope > details", to, HTMLDetailsElement) ?? to.closest("details"));
  if (fold) fold.open = true;
}

export const watchFolds = () => {
  document.addEventListener("toggle", openFold, true);
  for (const event of ["pointerdown", "focusin"]) document.addEventListener(event, closeMenus);
  document.addEventListener("pointerdown", closeActions);
  document.addEventListener("click", openPart);
};
