/**
 * What the page of an exchange knows: the state of the exchange, and the words that the server gave it.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { createVoice } from "../lib/voice.js";
import { fill } from "../lib/words.js";

export const root = byId("chat");
export const data = root.dataset;
/** @type {Record<string, string>} */
export const words = JSON.parse(data.words ?? "{}");
export const isDiscreet = "discreet" in data;
export const voice = createVoice(byId("voice"));

/** Aborted when the visit ends: it stops everything that listens outside of the exchange's own nodes. */
export const visit = new AbortController();

export const exchange = {
  status: data.status ?? "",
  interlocutor: data.interlocutor ?? "",
  lastSeq: Number(data.lastSeq),
  /** The number of the last message that the server was told this page has read. */
  readSent: 0,
  /** @type {import("../lib/protocol.js").Line | null} once the page has begun */
  line: null,
};

/** Whether nothing leaves this device. A browser may say that it is offline while the line works, as behind some VPNs. */
export const isCut = () => !navigator.onLine && !exchange.line?.ready;

/** @param {string} key @param {Record<string, string | number>} [values] */
export const say = (key, values) => fill(words[key], values);

/** @param {HTMLElement} node @param {string} text hidden when empty */
export const show = (node, text) => {
  node.textContent = text;
  node.hidden = !text;
};
