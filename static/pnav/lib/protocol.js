/**
 * What a page and the server say to each other (docs/protocol.md), and what a page and its line do.
 *
 * @module
 */

/** @typedef {{ type: string } & Record<string, any>} Frame */
/** @typedef {"connected" | "reconnecting" | "lost"} State "lost": for long; the attempts go on */

/**
 * @typedef {object} Options
 * @property {string} address of the socket
 * @property {string} frames of the plain requests
 * @property {() => string} csrf
 * @property {() => Frame | null} hello what a new socket is greeted with, and again while it is not connected; null
 *   where the server begins by itself
 * @property {() => Frame} beat
 * @property {() => Frame[]} round what is asked at each turn of the plain requests, one after the other
 * @property {(frame: Frame) => boolean} connects whether this frame proves that the line delivers
 * @property {() => boolean} wanted whether a line is still needed
 * @property {(frame: Frame) => void} hear
 * @property {(state: State, why: "" | "session") => void} changed why: "session" when the server wants the handshake
 *   anew, under the session's new key
 * @property {() => void} ended the visit or the session is over: no attempt follows
 * @property {() => void} [begins] the server is about to say all that there is, from the beginning
 * @property {(isSlow: boolean) => void} [slowed] plain requests carry the frames, or no longer
 * @property {boolean} [retriesSession] a session that was let in may have a new key: try once more before the end
 * @property {number} [beatMs]
 */

/**
 * @typedef {object} Line
 * @property {boolean} ready what is sent arrives
 * @property {boolean} isSlow plain requests carry the frames
 * @property {(frame: Frame) => Promise<void>} send to a line that is there; lost otherwise
 * @property {() => void} cut this line is dead: take another
 * @property {() => void} wake the page may have slept: ask whether the line lives
 * @property {() => void} tick time has passed, by a clock that browsers do not slow down
 * @property {() => void} end no line any more
 * @property {() => void} again greet again: something is missing
 * @property {() => void} retry the person asks: now, and an honest answer soon
 */

/** Codes with which the server closes a socket for good: the visit or the session is over; nothing to see here. */
export const NO_SESSION = 4401;
export const FORBIDDEN = 4403;
/** The server asks to come back, without haste: its process is replaced, or the socket has lived for long. */
export const COME_BACK = 4412;
