/**
 * The agent's console, live: one line for the queue and all conversations (docs/protocol.md). The page works without it.
 * Text of people is only ever written with textContent.
 *
 * @module
 */

import { seek, target } from "../lib/dom.js";
import { watchAsides } from "./asides.js";
import { begin, closeCurrent, open } from "./conversation.js";
import { showDuty } from "./duty.js";
import { watchEnds } from "./ending.js";
import { watchFolding } from "./folds.js";
import { watchKeys } from "./keys.js";
import { begin as beginLine } from "./line.js";
import { watchList } from "./list.js";
import { isWritten, watchForms } from "./live-forms.js";
import { watchMacros } from "./macros.js";
import { toggleNotifications } from "./notifications.js";
import { watchOnePress } from "./one-press.js";
import { watchEarlier } from "./pages.js";
import { watchPalette } from "./palette.js";
import { watchFolds } from "./panels.js";
import { watchReplies } from "./replies.js";
import { isDraftUnkept, watchDrafts } from "./reply-drafts.js";
import { runClocks } from "./running-clocks.js";
import { isUnsaved, watchSheets } from "./sheet.js";
import { toggleSound } from "./sound.js";
import { desk, own, root } from "./state.js";
import { markRead } from "./thread.js";

document.addEventListener("click", (event) => {
  if (target(event).closest("#son")) {
    toggleSound();
    return;
  }
  if (target(event).closest("#notifications")) {
    toggleNotifications();
    return;
  }
  const link = target(event).closest(".console-entry__link");
  const entry = /** @type {HTMLElement | null} */ (link?.closest(".console-entry"));
  if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(entry.dataset.conversation ?? "");
});

addEventListener("popstate", () => {
  const [, id] = /\/echange\/([0-9a-f-]{36})\//.exec(location.pathname) || [];
  if (desk.current && desk.current.id === id) return; // a link within the page: the focus is where it leads
  if (id) open(id, { push: false });
  else closeCurrent();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && desk.current) markRead(desk.current);
});

addEventListener("beforeunload", (event) => {
  const isUnsent = own().some((c) => c.outbox.entries.length);
  const isLost = isUnsent || (desk.isOver && seek("[data-refused]"));
  if (isLost || isDraftUnkept() || isWritten(root) || isUnsaved()) event.preventDefault();
});

/** What was said as the page came (the last sign-in) leaves with the first act: it takes the room of the thread. */
function dismissNotices() {
  const notices = seek("#contenu > .fr-container:has(> .fr-alert)");
  if (notices && !notices.contains(document.activeElement)) notices.remove();
}
for (const act of ["submit", "said"]) document.addEventListener(act, dismissNotices, true);

watchList();
watchEarlier();
watchOnePress();
watchReplies(); // before the keys of the screen: it may keep one for itself
watchKeys();
watchPalette();
watchMacros();
watchEnds(); // before the other forms: an end can be undone
watchForms();
watchSheets();
watchDrafts();
watchFolds();
watchFolding();
watchAsides();
begin();
showDuty();
runClocks();
beginLine();
