/**
 * The line of a person's pages. It asks for the messages after the last one that the page has.
 *
 * @module
 */

import { request, TURN_MS } from "../lib/http.js";
import { openLine } from "../lib/line.js";
import { between } from "../lib/timers.js";
import { keepAwake } from "../lib/wake.js";

/** @typedef {import("../lib/protocol.js").Frame} Frame */
/** @typedef {import("../lib/protocol.js").Line} Line */
/** @typedef {import("../lib/protocol.js").Options} Options */

// The quick exit was pressed, and the page only waits for the other site. It is no sign of the person any more.
const isLeaving = () => document.documentElement.classList.contains("pnav-leaving");

/**
 * @param {DOMStringMap} data of the page: `socket`, `frames`, `csrf`, and `conversation`, the one that it shows
 * @param {() => number} after the number of the last message that the page has
 * @param {Pick<Options, "wanted" | "hear" | "changed" | "ended">} page
 * @param {AbortSignal} [signal] ends what listens to the world around
 * @returns {Line}
 */
export const openVisitorLine = (data, after, page, signal) => {
  const own = data.conversation; // none on a page of the version before
  /** @param {Frame} frame */
  const named = (frame) => (own ? { ...frame, conversation: own } : frame);
  // Somebody typed the code of another exchange in this browser, and the cookie is of that one now.
  /** @param {Frame} frame */
  const isOfAnother = (frame) =>
    Boolean(own) && ((frame.conversation ?? own) !== own || (frame.type === "error" && frame.code === "forbidden"));
  const sync = () => named({ type: "sync", after: after() });
  let isGone = false; // the page is being left or closed, so it is not asleep
  // Whether the visit goes on, under another key. The page of an exchange that has ended has to know it too.
  let isAsking = false;
  const beat = () => named({ type: "beat", after: after(), ...(document.hidden && !isGone && { hidden: true }) });
  /** @type {Line} */
  const line = openLine({
    address: location.origin.replace("http", "ws") + data.socket,
    frames: data.frames ?? "",
    csrf: () => data.csrf ?? "",
    hello: sync,
    beat,
    retriesSession: true, // a code that was typed in this browser gives the visit another key
    round: () => [line?.ready ? beat() : sync()],
    // When the place was given up, the page takes it back first.
    connects: (frame) => frame.type === "state" && frame.status !== "abandoned",
    ...page,
    hear(frame) {
      if (isOfAnother(frame)) line.end();
      else page.hear(frame);
    },
    wanted: () => !isLeaving() && (isAsking || page.wanted()),
    changed(state, why) {
      isAsking = why === "session" || (isAsking && state !== "connected");
      if (!isAsking || page.wanted()) page.changed(state, why);
      // Of a line that only asks, nothing is shown. Where nothing has answered when a line counts as lost, after half a
      // minute and about six handshakes, the visit may have ended, so the page keeps nothing.
      else if (state === "lost") line.end();
    },
  });
  const { send } = line;
  line.send = (frame) => send(named(frame));
  keepAwake(() => line, signal);
  // A page that goes out of sight may be asleep at the next beat. It says so now, and its place is kept longer.
  const tell = () => {
    if ((document.hidden || isGone) && line.ready && !isLeaving()) line.send(beat());
  };
  document.addEventListener("visibilitychange", tell, { signal });
  addEventListener("pnav-leaving", () => line.cut(), { signal });
  addEventListener(
    "pagehide",
    () => {
      isGone = true;
      tell();
    },
    { signal },
  );
  addEventListener(
    "pageshow",
    () => {
      isGone = false;
    },
    { signal },
  );
  return line;
};

let isTaking = false;

/**
 * After a long absence the place in the queue was given up. Reading the page of the exchange takes it back. Where the
 * server has no room for a page now, it is asked again some seconds later: at once, every page that came back would ask
 * as fast as the server refuses. Until then it is not asked for anything else either, so that there is one such wait.
 *
 * @param {Line} line
 * @param {string} address of that page
 */
export const takePlaceBack = async (line, address) => {
  if (document.hidden || isTaking) return;
  isTaking = true;
  try {
    const { ok } = await request(address, {}, TURN_MS);
    if (!ok) await new Promise((done) => setTimeout(done, between(3000, 9000)));
    line.again();
  } catch {
    line.cut(); // the network was cut
  } finally {
    isTaking = false;
  }
};
