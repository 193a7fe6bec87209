/**
 * The messages that were written and are not acknowledged yet. They are kept in memory, in order, and one is sent at a
 * time.
 *
 * The page chooses the name of a message (`client_id`), so that sending it again never writes it twice. A message that
 * the server cannot write now is tried again at growing intervals, without end. One that it refuses leaves the outbox.
 *
 * @module
 */

import { createTimers } from "./timers.js";

const ANSWER_MS = 10_000; // without an acknowledgement for this long, the same message is sent over another line
const LONGEST_PAUSE_MS = 30_000; // between two tries of a message
// After this many tries, about half a minute, a message is shown as failed. Tries go on; the person may ask for one.
const LONG = 4;

/** @typedef {import("./protocol.js").Frame} Frame */

/**
 * What the page shows of a message. The person may send a "failed" one again, but never a "refused" one (the exchange
 * is over, or another agent's) nor one that found the exchange "full".
 *
 * @typedef {"pending" | "kept" | "soon" | "failed" | "refused" | "full"} Standing
 */

/** @typedef {{ id: string, body: string, node: HTMLElement, tries: number }} Entry */

/**
 * @typedef {object} Options
 * @property {(frame: Frame) => void} send
 * @property {() => boolean} isReady whether the line is connected
 * @property {() => void} cut called when the line does not answer, to take another one
 * @property {(entry: Entry, standing: Standing, frame?: Frame) => void} show frame: the `error` of a refused message
 * @property {() => void} [emptied] called when no message is left
 */

/** A random UUID (version 4), also in browsers and pages that have no `randomUUID`. */
export const newId = () =>
  crypto.randomUUID
    ? crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (letter) => {
        const digit = Number(letter);
        return (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16);
      });

/** The number of characters of a text, as the server counts them. @param {string} text */
export const length = (text) => [...text].length;

export class Outbox {
  /** @type {Entry[]} */
  entries = [];
  #timers = createTimers();
  /** @type {Entry | null} */
  #onItsWay = null;
  /** @type {Options} */
  #options;
  /** @type {import("./protocol.js").State | ""} */
  #line = "";

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string | undefined} id */
  find(id) {
    return this.entries.find((entry) => entry.id === id);
  }

  /** @param {string} id @param {string} body @param {HTMLElement} node where it is drawn */
  add(id, body, node) {
    const entry = { id, body, node, tries: 0 };
    this.entries.push(entry);
    this.#showStanding(entry);
    this.flush();
    return entry;
  }

  /** Remove a message that the server has acknowledged or refused. @param {Entry} entry */
  settle(entry) {
    this.entries.splice(this.entries.indexOf(entry), 1);
    if (this.#onItsWay === entry) {
      this.#timers.clear("patience");
      this.#onItsWay = null;
    }
    if (!this.entries.length) this.#options.emptied?.();
  }

  /**
   * Handle a message that the server did not write: try it again later, or remove it.
   *
   * @param {Entry} entry
   * @param {Frame} frame of type `error`
   */
  fail(entry, frame) {
    if (frame.code === "unavailable" || frame.code === "rate_limited") {
      const soon = frame.code === "rate_limited" ? "soon" : "kept";
      this.#options.show(entry, entry.tries >= LONG ? "failed" : soon);
      const pause = Math.min(LONGEST_PAUSE_MS, 2000 * 2 ** entry.tries++) * (0.5 + Math.random());
      this.#timers.set("patience", pause, () => this.#tryAgain());
      return;
    }
    this.settle(entry);
    this.#options.show(entry, frame.why === "full" ? "full" : frame.code === "closed" ? "refused" : "failed", frame);
    this.flush();
  }

  /** Take note of the new state of the line. @param {import("./protocol.js").State} state */
  lineIs(state) {
    this.#line = state;
    this.#timers.clear("patience");
    this.#onItsWay = null;
    this.entries.forEach((entry) => this.#showStanding(entry));
  }

  /** Send the first message, unless one is on its way or the line is not connected. */
  flush() {
    const [first] = this.entries;
    if (!first || this.#onItsWay || !this.#options.isReady()) return;
    this.#onItsWay = first;
    if (first.tries < LONG) this.#showStanding(first);
    this.#timers.set("patience", ANSWER_MS, () => {
      this.#options.cut();
      this.#tryAgain();
    });
    this.#options.send({ type: "post", client_id: first.id, body: first.body });
  }

  /** Send a message again now, under the same name, because the person asks for it. @param {Entry} entry */
  retry(entry) {
    if (!this.entries.includes(entry)) this.entries.push(entry);
    entry.tries = 0;
    this.#showStanding(entry);
    if (this.#options.isReady()) this.#tryAgain();
  }

  /** Stop sending, and return the messages that were left. */
  clear() {
    this.#timers.clear();
    this.#onItsWay = null;
    return this.entries.splice(0);
  }

  #tryAgain = () => {
    this.#timers.clear("patience");
    this.#onItsWay = null;
    this.flush();
  };

  /** @param {Entry} entry */
  #showStanding = (entry) => {
    const standing = this.#line === "lost" ? "failed" : this.#line === "connected" ? "pending" : "kept";
    this.#options.show(entry, standing);
  };
}
