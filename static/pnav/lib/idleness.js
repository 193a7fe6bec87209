/**
 * When a page that nobody touches asks whether somebody is there, and when it stops waiting for an answer. Pure: what
 * sees the signs of life is `staff/signs.js`. All times are in milliseconds.
 *
 * @module
 */

const LOOKS_AGAIN_MS = 15_000; // a page that nobody touches asks the server at most this often whether somebody waits

/**
 * @param {number} afterMs for how long there is no sign before the question
 * @param {number} answerMs for how long the question stands
 */
export function createIdleness(afterMs, answerMs) {
  let signAt = 0;
  let askedAt = 0; // 0: the question does not stand
  let lookedAt = 0;

  return {
    /**
     * Somebody was there, in this tab or in another one. Return whether that answers the question.
     *
     * @param {number} at
     * @param {boolean} [isNow] it comes at this moment: it answers whatever its time, because a clock can be set back
     */
    sign(at, isNow = false) {
      const isSeen = isNow && askedAt > 0;
      if (at <= signAt && !isSeen) return false;
      signAt = at;
      const isAnswer = isSeen || (askedAt > 0 && at > askedAt - afterMs); // another tab tells of a sign some seconds late
      if (isAnswer) askedAt = lookedAt = 0;
      return isAnswer;
    },

    /**
     * Return what is to be done now: nothing; to ask whether somebody needs the agent (`heard` takes the answer); or to
     * set the agent in pause.
     *
     * @param {number} now
     * @returns {"" | "look" | "pause"}
     */
    due(now) {
      if (askedAt && now - askedAt >= answerMs) return "pause";
      if (now - signAt < afterMs || now - lookedAt < LOOKS_AGAIN_MS) return "";
      lookedAt = now;
      return "look";
    },

    /**
     * Take what the server says. Return what the page does: it shows the question, removes it, or leaves things alone.
     *
     * @param {boolean} isNeeded
     * @param {number} now
     * @returns {"" | "ask" | "drop"}
     */
    heard(isNeeded, now) {
      const isIdle = now - signAt >= afterMs; // a sign may have come while the server was asked
      if (isNeeded === askedAt > 0 || (isNeeded && !isIdle)) return "";
      askedAt = isNeeded ? now : 0;
      return isNeeded ? "ask" : "drop";
    },

    /** The agent was set in pause, or need not be: the question is over. */
    settle() {
      askedAt = 0;
    },

    /** Until when the question stands. */
    until: () => askedAt + answerMs,
  };
}
