/**
 * The line of the console, which serves the queue and all conversations; what is shown when it breaks; and the end of
 * the session.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { BEAT_MS, openLine } from "../lib/line.js";
import { session } from "../lib/session.js";
import { prepareFormats } from "../lib/time.js";
import { keepAwake } from "../lib/wake.js";
import { secondsWithoutSign } from "../staff/signs.js";
import { refuseAll } from "./compose.js";
import { readAwaited } from "./conversation.js";
import { checkPause, refreshDuty, showNoDuty } from "./duty.js";
import { hear } from "./frames.js";
import { tickIdle } from "./idle.js";
import { readEnds, readMarks } from "./leaving.js";
import { letters } from "./letters.js";
import { refreshList, tickList } from "./list.js";
import { tell } from "./notice.js";
import { startClock } from "./pages.js";
import { dossierOf, refreshBeside } from "./panels.js";
import { tickOffers } from "./queue.js";
import { readMissing } from "./readings.js";
import { followLead } from "./sound.js";
import { announce, conversations, csrf, desk, isReady, own, root, sayOf, words } from "./state.js";
import { tellRead } from "./thread.js";
import { tickTold } from "./told-ends.js";
import { tickUnseen } from "./unseen.js";

/** @typedef {import("../lib/protocol.js").State} State */

// A beat is due after each third of the lease, and this is looked at four times as often: after 20 s and every 5 s with
// the usual minute.
const BEAT = Math.min(BEAT_MS, (1000 * Number(root.dataset.lease)) / 3);
const TICK = BEAT / 4;
const SLOW_LOOK_MS = 5000;
// For this long, a first line, one with a new key, and that of a page that is being left are not shown as broken.
const UNTOLD_MS = 8000;
const alarm = byId("coupure");
const gone = { at: Date.now(), isTold: false, isFirst: true }; // at: since when there is no line
let leftAt = -UNTOLD_MS; // when the page last began to be left or loaded again, in ms
let listAt = 0;

/** @param {"lost" | "slow" | "out"} kind */
function warn(kind) {
  alarm.hidden = false;
  const text = alarm.dataset[kind] ?? "";
  if (alarm.textContent !== text) alarm.textContent = text;
}

function calm() {
  alarm.hidden = true;
  alarm.textContent = "";
}

/**
 * An act got no answer. The service may have done it all the same, so its result is read again, unless the page says
 * already that the line is lost. A first line that has not begun yet is not: its page has only just come.
 *
 * @param {import("./state.js").Conversation | undefined} c whose act it was, if of one
 * @param {HTMLElement | null} [pressed] that began the act
 * @param {string} [text] that says so while the line is not said to be lost
 */
export function tellUnanswered(c, pressed, text = sayOf("unanswered", c, pressed)) {
  if (gone.isTold || desk.isOver) {
    tell(sayOf("failed", c, pressed), c?.id); // in sight too: the alarm speaks of messages, which are kept, and an act is not
    return;
  }
  tell(text, c?.id);
  refreshDuty();
  if (!c) return;
  refreshBeside(c, dossierOf(c));
  refreshBeside(c, `#bandeau-${c.id}`);
}

/**
 * Firefox closes the line of a page that is being left or loaded again, and the page opens another one meanwhile. Where
 * the browser stays on the page after all (a file was downloaded), a line that is still broken is shown a little later.
 */
const isLeaving = () => Date.now() - leftAt < UNTOLD_MS;

function tellLoss() {
  gone.isTold = true;
  warn("lost");
}

/** @param {State} state @param {"" | "session"} why */
function changed(state, why) {
  letters.flush();
  for (const c of conversations.values()) c.outbox.lineIs(state);
  followLead();
  if (state === "lost") tellLoss();
  else if (state === "reconnecting") {
    gone.at = Date.now();
    for (const c of own()) c.readSent = 0; // the last one that was sent may not have arrived
    if (!gone.isFirst && !why && !isLeaving()) tellLoss();
  } else {
    if (desk.line?.isSlow && !isLeaving()) warn("slow");
    else calm();
    if (gone.isTold) announce(words.back);
    if (!gone.isFirst) refreshDuty();
    gone.isFirst = gone.isTold = false;
    for (const c of own()) {
      tellRead(c);
      c.outbox.flush();
    }
  }
}

/** Nothing can be sent from this page any more, and nobody is assigned to this agent. */
function ended() {
  letters.flush();
  desk.isOver = true;
  for (const c of conversations.values()) refuseAll(c, words.refused_session);
  showNoDuty();
  followLead();
  warn("out");
  session.dispatchEvent(new Event("over"));
}

/** It tells the last sign of the agent too, for their other devices. @returns {import("./state.js").Frame} */
function beat() {
  const sign = secondsWithoutSign();
  return sign === null ? { type: "beat" } : { type: "beat", sign };
}

const sync = (/** @type {import("./state.js").Conversation} */ c) => ({
  type: "sync",
  conversation: c.id,
  after: c.lastSeq,
});

function open() {
  desk.line = openLine({
    address: `${location.origin.replace("http", "ws")}/ws/console/`,
    frames: root.dataset.frames ?? "",
    csrf,
    hello: () => null, // the server names our conversations by itself, then who waits
    beat,
    round: () => [beat(), ...own().map(sync)],
    connects: ({ type }) => type === "queue",
    wanted: () => true,
    hear: (frame) => (isReady() ? letters.run(() => hear(frame)) : hear(frame)),
    changed,
    ended,
    begins() {
      for (const c of own()) c.confirmed = false;
    },
    slowed(isSlow) {
      if (!desk.line?.ready) return;
      if (isSlow) warn("slow");
      else calm();
    },
    retriesSession: true,
    beatMs: BEAT,
  });
}

/** Another answer than one of the line says that the session has ended. */
export function signOut() {
  desk.line?.end();
}

function tick() {
  const now = Date.now();
  desk.line?.tick();
  tickList();
  tickTold();
  checkPause();
  tickUnseen();
  tickIdle();
  if (desk.isOver) return;
  tickOffers();
  if (!desk.line?.ready) {
    if (!gone.isTold && now - gone.at > UNTOLD_MS) tellLoss();
    return;
  }
  if (desk.line.isSlow && !isLeaving()) warn("slow");
  readAwaited(); // somebody waits behind it: this is asked on each tick, one reading at a time
  if (now - listAt >= (desk.line.isSlow ? SLOW_LOOK_MS : BEAT)) {
    listAt = now;
    refreshList();
    readMissing();
    readEnds();
    readMarks();
  }
}

export function begin() {
  open();
  keepAwake(() => /** @type {import("../lib/protocol.js").Line} */ (desk.line));
  // The same account signed in again in another tab. A form of this page found out when it was sent (staff/session.js).
  session.addEventListener("lives", () => {
    if (!desk.isOver) return;
    desk.isOver = false;
    Object.assign(gone, { at: Date.now(), isTold: true, isFirst: false }); // what the server has of us is read again
    open();
  });
  addEventListener("beforeunload", () => {
    leftAt = Date.now();
  });
  startClock(() => letters.run(tick), TICK);
  prepareFormats(document.documentElement.lang);
}
