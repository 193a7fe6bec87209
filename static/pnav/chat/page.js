/**
 * The page of a person's exchange, and what it does with each frame from the server. All words come from the page, and
 * what is typed stays in memory.
 *
 * @module
 */

import { byId, markRun } from "../lib/dom.js";
import { alertPerson, watchAlerts } from "./alerts.js";
import { hideAnswers, isQuestion, question, readAnswers, watchAnswers } from "./answers.js";
import { closeForm, draft, dropSent, forget, outbox, stored, watchForm } from "./compose.js";
import { watchDoors } from "./doors.js";
import { tellNotTaken, watchGivenFiles } from "./given-files.js";
import { watchReport } from "./report.js";
import { watchCode } from "./return-code.js";
import { data, exchange, isDiscreet, say, visit, voice, words } from "./state.js";
import * as status from "./status.js";
import * as thread from "./thread.js";
import { showVisitEnded } from "./visit-ended.js";
import { openVisitorLine, takePlaceBack } from "./visitor-line.js";

/** @typedef {import("../lib/protocol.js").Frame} Frame */
/** @typedef {import("./thread.js").Message} Message */

/**
 * A message of the person has come back from the server, so it is stored. Of two tabs that answered a question, the server
 * keeps the first answer: what is shown here, and said, is what the agent reads.
 *
 * @param {import("../lib/outbox.js").Entry} entry
 * @param {Message} message
 */
function settle(entry, message) {
  stored(entry);
  if (message.body !== entry.body) {
    thread.setBody(entry.node, message.body);
    voice(`${words.you}. ${thread.part(entry.node, "body").textContent}`);
  }
  entry.node.dataset.seq = String(message.seq);
  thread.setTime(entry.node, message.sent_at);
  thread.setState(entry.node, words.sent);
}

/** @param {Message} message */
function receive(message) {
  const node = thread.draw(message);
  thread.place(node, false, outbox.entries[0]?.node);
  if (message.author === "reporter") dropSent();
  else {
    voice(`${thread.part(node, "name").textContent}. ${thread.part(node, "body").textContent}`);
    status.typing("");
  }
  // What is beside the thread may have changed with a line of ours.
  if (isQuestion(message) || (message.author === "system" && exchange.status === "active")) readAnswers();
  if (document.hidden && !isDiscreet) status.countUnread();
  if (document.hidden && message.author === "agent") alertPerson();
}

/** @type {Record<string, (frame: Frame) => void>} */
const handlers = {
  messages(frame) {
    for (const message of frame.items) {
      if (message.seq > exchange.lastSeq + 1) {
        exchange.line?.again(); // messages are missing: ask for them
        break;
      }
      const isNew = message.seq > exchange.lastSeq;
      if (isNew) exchange.lastSeq = message.seq;
      const entry = message.author === "reporter" && outbox.find(message.client_id);
      if (message.author === "reporter") hideAnswers(message.client_id); // it may have been answered in another tab
      if (entry) settle(entry, message);
      else if (isNew) receive(message);
    }
    thread.markRead();
    outbox.flush();
  },

  state(frame) {
    const before = exchange.status;
    exchange.status = frame.status;
    if (frame.interlocutor && !isDiscreet) exchange.interlocutor = frame.interlocutor;
    status.showInterlocutor();
    if (frame.status === "waiting") {
      status.showPlace(frame);
      status.showClosed(frame.closed);
    }
    const follows = thread.isAtEnd();
    const redraw = () => {
      byId("nobody").hidden = frame.status !== "waiting" || Boolean(frame.wait_minutes);
      if (frame.status !== before && frame.status !== "abandoned") status.showStatus(before);
    };
    if (follows) redraw();
    else thread.steady(redraw);
    if (frame.status === "active" && before === "waiting") {
      alertPerson();
      if (follows) thread.toEnd();
      else thread.tellBelow(say("arrived", { name: exchange.interlocutor.split(",")[0] }));
    }
    thread.showRead(frame.read_seq || 0);
    if (frame.status === "abandoned") {
      if (exchange.line) takePlaceBack(exchange.line, location.pathname);
      return;
    }
    if (frame.status !== before && frame.status === "closed") {
      status.typing("");
      readAnswers();
      closeForm();
    } else if (question() && !exchange.line?.isSlow) readAnswers(); // the agent may have noted what was said
    if (frame.last_seq > exchange.lastSeq && exchange.line?.ready) exchange.line.again();
  },

  typing() {
    status.typing(say("typing", { name: exchange.interlocutor }));
  },

  read(frame) {
    thread.showRead(frame.seq);
  },

  error(frame) {
    const entry = outbox.find(frame.client_id);
    if (entry) outbox.fail(entry, frame);
  },
};
const known = new Map(Object.entries(handlers));

/** Remove unsent text as well, and say so: whoever reads this page now may not be the person who typed it. */
function end() {
  status.endStatus();
  visit.abort();
  forget();
  showVisitEnded();
}

document.addEventListener(
  "visibilitychange",
  () => {
    if (document.hidden || visit.signal.aborted) return; // Safari before 15 does not remove what listens
    status.seen();
    if (exchange.status === "abandoned" && exchange.line) takePlaceBack(exchange.line, location.pathname);
    thread.markRead();
  },
  { signal: visit.signal },
);
byId("retry").addEventListener("click", () => exchange.line?.retry());
thread.watchThread(status.tellEarlier);
status.watchPlace();
watchForm();
watchAnswers();
watchCode();
watchAlerts();
watchDoors();
watchReport();
watchGivenFiles(tellNotTaken);
exchange.line = openVisitorLine(
  data,
  () => exchange.lastSeq,
  {
    wanted: () => exchange.status !== "closed" || outbox.entries.length > 0,
    hear: (frame) => known.get(frame.type)?.(frame),
    changed(state) {
      outbox.lineIs(state);
      status.lineIs(state);
      if (state !== "connected") return;
      outbox.flush();
      if (!outbox.entries.length) draft.now(); // otherwise as soon as one of them is stored
    },
    ended: end,
  },
  visit.signal,
);
addEventListener(
  "offline",
  () => {
    if (!exchange.line?.ready) status.showLine();
  },
  { signal: visit.signal },
);
markRun();
