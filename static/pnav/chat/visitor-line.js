/**
 * The line of a person's pages: it asks for what lies after the last message that the page has.
 *
 * @module
 */

import { openLine } from "../lib/line.js";
import { keepAwake } from "../lib/wake.js";

/** @typedef {import("../lib/protocol.js").Line} Line */
/** @typedef {import("../lib/protocol.js").Options} Options */

/**
 * @param {DOMStringMap} data of the page: `socket`, `frames` and `csrf`
 * @param {() => number} after the number of the last message that the page has
 * @param {Pick<Options, "wanted" | "hear" | "changed" | "ended">} page
 * @param {AbortSignal} [signal] ends what listens to the world around
 * @returns {Line}
 */
export const openVisitorLine = (data, after, page, signal) => {
  const sync = () => ({ type: "sync", after: after() });
  const beat = () => ({ type: "beat", after: after() });
  /** @type {Line} */
  const line = openLine({
    address: location.origin.replace("http", "ws") + data.socket,
    frames: data.frames ?? "",
    csrf: () => data.csrf ?? "",
    hello: sync,
    beat,
    round: () => [line?.ready ? beat() : sync()],
    // A place given up is taken back first, by the page.
    connects: (frame) => frame.type === "state" && frame.status !== "abandoned",
    ...page,
  });
  keepAwake(() => line, signal);
  return line;
};
