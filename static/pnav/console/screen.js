/**
 * The agent's console while it is live: one line serves the queue and all conversations (docs/protocol.md). The page
 * works without it. Text that people wrote is only ever set with textContent.
 *
 * @module
 */

import { byId, markRun, seek, target } from "../lib/dom.js";
import { goesOn, staysOnPage } from "./addresses.js";
import { watchAsides } from "./asides.js";
import { watchClear } from "./clear.js";
import { begin, closeCurrent, open } from "./conversation.js";
import { watchCutTexts } from "./cut-texts.js";
import { isToCopy, isWritten, watchCopies } from "./drafts.js";
import { showDuty } from "./duty.js";
import { watchEnds } from "./ending.js";
import { watchFolding } from "./folds.js";
import { watchIdle } from "./idle.js";
import { watchKeyHints } from "./key-hints.js";
import { watchKeys } from "./keys.js";
import { letters } from "./letters.js";
import { begin as beginLine } from "./line.js";
import { watchList } from "./list.js";
import { watchForms } from "./live-forms.js";
import { watchMacroSearch } from "./macro-search.js";
import { watchMacros } from "./macros.js";
import { toggleNotifications } from "./notifications.js";
import { watchOnePress } from "./one-press.js";
import { watchEarlier } from "./pages.js";
import { watchPalette } from "./palette.js";
import { watchFolds } from "./panels.js";
import { watchPassing } from "./passing-choices.js";
import { watchQueueTitle } from "./queue-title.js";
import { watchRecent } from "./recent.js";
import { watchReplies } from "./replies.js";
import { isDraftUnkept, watchDrafts } from "./reply-drafts.js";
import { runClocks } from "./running-clocks.js";
import { isUnsaved, watchSheets } from "./sheet.js";
import { watchAnswers } from "./sheet-answers.js";
import { watchSound } from "./sound.js";
import { desk, root } from "./state.js";
import { watchWords } from "./supervisor-words.js";
import { markRead } from "./thread.js";

document.addEventListener("click", (event) => {
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
  if (staysOnPage() || goesOn()) return; // the focus follows a link within the page
  const [, id] = /\/echange\/([0-9a-f-]{36})\//.exec(location.pathname) || [];
  if (desk.current && desk.current.id === id) return;
  if (id) open(id, { push: false });
  else closeCurrent();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && desk.current) markRead(desk.current);
});

addEventListener("beforeunload", (event) => {
  const isLost = seek(".console-message:is([data-pending], [data-refused])"); // the page alone has them
  if (isLost || isToCopy() || isDraftUnkept() || isWritten(root) || isUnsaved()) event.preventDefault();
});

/**
 * Remove the notice with which the page came (the last sign-in) at its « J'ai lu » or at the first act, because it takes
 * room from the thread.
 *
 * @param {Event} event
 */
function dismissNotices(event) {
  const notices = seek("#contenu > .fr-container:has(> .fr-alert)");
  if (!notices) return;
  const isRead = event.type === "submit" && notices.contains(target(event));
  if (!isRead && notices.contains(document.activeElement)) return;
  if (isRead) {
    event.preventDefault(); // without a script the page is loaded again, and what is typed would have to be kept
    byId("mes-echanges").focus({ preventScroll: true });
  }
  notices.remove();
}
for (const act of ["submit", "said"]) document.addEventListener(act, dismissNotices, true);

watchList();
watchQueueTitle();
watchEarlier();
watchOnePress();
watchClear();
watchReplies(); // before the keys of the screen, because it may take a key for itself
watchMacroSearch(); // so does this
watchCutTexts();
watchKeyHints();
watchKeys();
watchPalette();
watchRecent();
watchMacros();
watchPassing();
watchWords();
watchEnds(); // before the other forms, because an end can be undone
watchForms();
watchSheets();
watchAnswers();
watchDrafts();
watchCopies();
watchFolds();
watchFolding();
watchAsides();
watchSound();
watchIdle();
begin();
showDuty();
runClocks(letters.run);
beginLine();
markRun();
