/**
 * Checks the line when a page wakes. Pages sleep behind another tab, in a pocket, or in a closed computer, and what
 * they know of their line is then out of date.
 *
 * @module
 */

/** @typedef {import("./protocol.js").Line} Line */

/**
 * Wake the line whenever the page may have slept or the network came back, and cut it when the network went away.
 *
 * @param {() => Line} line returns the present line
 * @param {AbortSignal} [signal] ends this
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
