/**
 * Requests with a time limit, because a network that drops everything silently never answers.
 *
 * @module
 */

export const PATIENCE_MS = 20_000;

/**
 * For what must not be given up while it waits. A request waits 25 seconds for its turn at most (`WAIT_SECONDS` in
 * pnav/server/page_handler.py), and is dropped there when its page gives up. The slow hash of a code may take some
 * seconds more. Whatever the server says therefore arrives within this time, unless the network loses it.
 */
export const TURN_MS = 40_000;

/**
 * A signal that aborts after this many milliseconds, also in browsers without `AbortSignal.timeout` (before 2022).
 *
 * @param {number} ms
 * @returns {AbortSignal}
 */
const after = (ms) => {
  if (AbortSignal.timeout) return AbortSignal.timeout(ms);
  const giveUp = new AbortController();
  setTimeout(() => giveUp.abort(), ms);
  return giveUp.signal;
};

/**
 * `fetch` with a time limit: if the whole answer has not arrived in time, it fails as when the network is cut.
 *
 * @param {string} address
 * @param {RequestInit} [options]
 * @param {number} [ms]
 * @returns {Promise<Response>}
 */
export const request = (address, options = {}, ms = PATIENCE_MS) => fetch(address, { signal: after(ms), ...options });

/**
 * Return what a form sends when this button is pressed. `FormData` takes the button itself since Chromium 112, and the
 * last one for Windows 7 and 8.1 is 109: without its value, nothing of the console could be pressed there.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement | null} button
 */
export const valuesOf = (form, button) => {
  const values = new FormData(form);
  if (button?.name) values.append(button.name, button.value);
  return values;
};

/**
 * Send one frame as a plain request, where sockets are blocked.
 *
 * @param {string} address
 * @param {string} token against forgery
 * @param {import("./protocol.js").Frame} frame
 * @param {number} ms
 * @returns {Promise<{ frames: import("./protocol.js").Frame[] | null, isOver: boolean }>} the frames that answer it, null
 *   when nothing usable came back; isOver: the visit is
 */
export const postFrame = async (address, token, frame, ms) => {
  try {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const answer = await request(address, { method: "POST", headers, body: JSON.stringify(frame) }, ms);
    const isUsable = answer.ok && !answer.redirected;
    return { frames: isUsable ? (await answer.json()).frames : null, isOver: answer.status === 401 };
  } catch {
    return { frames: null, isOver: false }; // no network, or an answer of somebody else; the state of the line shows it
  }
};
