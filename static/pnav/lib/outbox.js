/**
 * What was written and is not acknowledged yet: kept in memory, in order, one message on its way at a time.
 *
 * A message has the name that its page chose (`client_id`): sent again under the same name it is never said twice. One
 * that the server cannot write now is tried again, ever more rarely, to the end; one that it refuses leaves the outbox.
 *
 * @module
 */

import { createTimers } from "./timers.js";

const ANSWER_MS = 10_000; // without an acknowledgement for so long: another line, the same message
const LONGEST_PAUSE_MS = 30_000;
const LONG = 4; // tries of a message, half a minute: they go on, and the person may ask for one at once

/** @typedef {import("./protocol.js").Frame} Frame */

/**
 * What is said of a message. "failed" may be asked for again; "refused" (the exchange is over, or somebody else's) and
 * "full" never.
 *
 * @typedef {"pending" | "kept" | "soon" | "failed" | "refused" | "full"} Standing
 */

/** @typedef {{ id: string, body: string, node: HTMLElement, tries: number }} Entry */

/**
 * @typedef {object} Options
 * @property {(frame: Frame) => void} send
 * @property {() => boolean} isReady whether what is sent arrives
 * @property {() => void} cut the line does not answer: take another
 * @property {(entry: Entry, standing: Standing, frame?: Frame) => void} show frame: of type `error`, of what was refused
 * @property {() => void} [emptied] nothing is kept any more
 */

/** A random UUID (version 4), also in browsers and pages that have no `randomUUID`. */
export const newId = () =>
  crypto.randomUUID
    ? crypto.randomUUID()
    : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (letter) => {
        const digit = Number(letter);
        return (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16);
      });

/** How many characters, as the server counts them. @param {string} text */
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

  /** The server has it: it is kept here no more. @param {Entry} entry */
  settle(entry) {
    this.entries.splice(this.entries.indexOf(entry), 1);
    if (this.#onItsWay === entry) {
      this.#timers.clear("patience");
      this.#onItsWay = null;
    }
    if (!this.entries.length) this.#options.emptied?.();
  }

  /**
   * The server did not write it: try again, or never.
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

  /** How the line stands now. @param {import("./protocol.js").State} state */
  lineIs(state) {
    this.#line = state;
    this.#timers.clear("patience");
    this.#onItsWay = null;
    this.entries.forEach((entry) => this.#showStanding(entry));
  }

  /** Send the first one, unless one is on its way. */
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

  /** The person asks for it: the same message, under the same name, now. @param {Entry} entry */
  retry(entry) {
    if (!this.entries.includes(entry)) this.entries.push(entry);
    entry.tries = 0;
    this.#showStanding(entry);
    if (this.#options.isReady()) this.#tryAgain();
  }

  /** Nothing is sent any more. What was kept is returned. */
  clear() {
    this.#timers.clear();
    this.#onItsWay = null;
    return this.entries.splice(0);
  }

  #tryAgain() {
    this.#timers.clear("patience");
    this.#onItsWay = null;
    this.flush();
  }

  /** @param {Entry} entry */
  #showStanding(entry) {
    const standing = this.#line === "lost" ? "failed" : this.#line === "connected" ? "pending" : "kept";
    this.#options.show(entry, standing);
  }
}
