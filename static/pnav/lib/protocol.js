/**
 * The types of what a page and the server exchange (docs/protocol.md), and of what a page and its line do.
 *
 * @module
 */

/** @typedef {{ type: string } & Record<string, any>} Frame */
/** @typedef {"connected" | "reconnecting" | "lost"} State "lost": without success for long; the attempts go on */

/**
 * @typedef {object} Options
 * @property {string} address address of the socket
 * @property {string} frames address of the plain requests
 * @property {() => string} csrf returns the token against forgery
 * @property {() => Frame | null} hello returns the frame that is sent on a new socket, and again while it is not
 *   connected; null where the server begins by itself
 * @property {() => Frame} beat returns a `beat` frame
 * @property {() => Frame[]} round returns the frames of one round of plain requests, which are sent one after the other
 * @property {(frame: Frame) => boolean} connects whether this frame proves that the line delivers
 * @property {() => boolean} wanted whether a line is still needed
 * @property {(frame: Frame) => void} hear called with each frame from the server
 * @property {(state: State, why: "" | "session") => void} changed called when the state changes; why: "session" when
 *   the server wants a new handshake, under the session's new key
 * @property {() => void} ended called when the visit or the session is over; no further attempt is made
 * @property {() => void} [begins] called before the server sends everything from the beginning
 * @property {(isSlow: boolean) => void} [slowed] called when plain requests carry the frames, or no longer do
 * @property {boolean} [retriesSession] whether to try once more when a session that was admitted is refused, because
 *   its key may have changed; `changed` is told before `wanted` is asked
 * @property {number} [beatMs] time between two beats
 */

/**
 * @typedef {object} Line
 * @property {boolean} ready whether the line is connected
 * @property {boolean} isSlow whether plain requests carry the frames
 * @property {(frame: Frame) => Promise<void>} send sends a frame; without an open line it is lost
 * @property {() => void} cut gives up a line that is dead, and tries another one
 * @property {() => void} wake checks the line, because the page may have slept
 * @property {() => void} tick does what is due, by a clock that browsers do not slow down
 * @property {() => void} end ends the line for good
 * @property {() => void} again sends the first frame again, because something is missing
 * @property {() => void} retry tries at once, because the person asks, and soon says whether it failed
 */

/** Codes with which the server closes a socket for good: the visit or session is over, or it has no right to this. */
export const NO_SESSION = 4401;
export const FORBIDDEN = 4403;
/** The server asks the page to come back, for example because its process restarts or the socket is old. */
export const COME_BACK = 4412;
