/**
 * Which of several open pages of the console sounds: they elect a leader by a lock of the browser (Web Locks). When the
 * leader is closed, crashes or resigns, the next page has the lock.
 *
 * @module
 */

const NAME = "pnav-console-sound";

/** @param {LockManager | undefined} locks none in a browser of before 2022, in which each page sounds */
export function createLeader(locks) {
  let isLeader = false;
  /** @type {(() => void) | null} gives up the lock or the wait for it; null: nothing was asked for */
  let giveUp = null;

  /** @param {boolean} isSeen */
  function stand(isSeen) {
    if (!locks || isLeader || (giveUp && !isSeen)) return;
    giveUp?.();
    const waiting = new AbortController();
    let letGo = () => {};
    const mine = () => {
      waiting.abort();
      letGo();
    };
    giveUp = mine;
    const lead = () => {
      if (giveUp !== mine) return undefined; // it was given up meanwhile
      isLeader = true;
      return new Promise((resolve) => {
        letGo = () => resolve(undefined);
      });
    };
    locks.request(NAME, isSeen ? { steal: true } : { signal: waiting.signal }, lead).catch(() => {
      if (giveUp !== mine) return; // given up on purpose
      const isTaken = isLeader;
      isLeader = false;
      giveUp = null;
      if (isTaken) stand(false); // by a page that is being looked at; a browser that refuses locks is not asked again
    });
  }

  return {
    /**
     * Wait for the lead. A page that is being looked at takes it at once, because it knows what was seen.
     *
     * @param {boolean} isSeen
     */
    stand,

    /** Leave the lead to another page. */
    resign() {
      const mine = giveUp;
      giveUp = null;
      isLeader = false;
      mine?.();
    },

    /** Return whether this page sounds: it leads, or no page does, because none can be heard yet. */
    async maySound() {
      if (!locks || isLeader) return true;
      try {
        const { held = [] } = await locks.query();
        return isLeader || !held.some(({ name }) => name === NAME);
      } catch {
        return true; // the browser refuses locks: heard twice is better than not at all
      }
    },
  };
}
