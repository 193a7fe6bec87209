/**
 * Pages sleep: behind another tab, in a pocket, in a machine that is shut. What they believed of their line is then old.
 *
 * @module
 */

/** @typedef {import("./protocol.js").Line} Line */

/**
 * Ask a line whether it lives whenever the page may have slept or the network came back, and tell it when it went.
 *
 * @param {() => Line} line the one of now
 * @param {AbortSignal} [signal] ends it
 */
export const keepAwake = (line, signal) => {
  const wake = () => line().wake();
  const options = { signal };
  document.addEventListener("visibilitychange", () => document.hidden || wake(), options);
  document.addEventListener("resume", wake, options); // after the browser froze the page
  addEventListener("pageshow", wake, options);
  addEventListener("online", wake, options);
  addEventListener("offline", () => line().cut(), options);
};
