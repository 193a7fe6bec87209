/**
 * Which tone is heard again until somebody looks, and when. Pure: what nobody has looked at comes from
 * `console/unseen.js`, which plays it as well.
 *
 * @module
 */

/** @typedef {import("./tones.js").News} News */
/** @typedef {{ key: string, news: News }} Unseen its key names one piece of news: another key begins anew */

const DANGER_AGAIN_MS = 15_000;
const AGAIN_MS = 30_000;
const AT_MOST_MS = 10 * 60_000; // for this long each piece of news is heard again
const LOOKS_MS = 5000; // how often the page asks, at least while it is awake

/** @type {News[]} the gravest first */
const ORDER = ["danger", "arrival", "message"];

/**
 * One tone at a time, whatever waits: the gravest. All times are in milliseconds.
 *
 * @returns what is told of each tone that was heard, and asked which one is due
 */
export function createRepeats() {
  /** @type {Map<string, number>} since when each is known here */
  const since = new Map();
  const heardAt = { danger: 0, any: 0 };
  let askedAt = 0;

  return {
    /** @param {News} news @param {number} now */
    heard(news, now) {
      heardAt.any = now;
      if (news === "danger") heardAt.danger = now; // other tones do not put off that of a danger
    },

    /**
     * Return the tone that is due now, if any. What is no longer among these is forgotten.
     *
     * @param {Unseen[]} unseen
     * @param {number} now
     * @returns {News | undefined}
     */
    due(unseen, now) {
      const keys = new Set(unseen.map(({ key }) => key));
      for (const key of since.keys()) if (!keys.has(key)) since.delete(key);
      const begins = Math.max(askedAt, now - LOOKS_MS); // what is new came after the last time that this was asked
      for (const key of keys) if (!since.has(key)) since.set(key, begins);
      askedAt = now;
      return ORDER.find((kind) =>
        unseen.some(({ key, news }) => {
          const begun = since.get(key) ?? now;
          const last = Math.max(begun, kind === "danger" ? heardAt.danger : heardAt.any);
          const every = kind === "danger" ? DANGER_AGAIN_MS : AGAIN_MS;
          return news === kind && now - begun <= AT_MOST_MS && now - last >= every;
        }),
      );
    },
  };
}
