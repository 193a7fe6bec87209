/**
 * Several processes serve the same page, and each keeps what it says of the whole service for some seconds. After a
 * change their answers alternate: « fermé », « rouvert », « fermé ».
 *
 * @module
 */

const SETTLES_MS = 20_000; // the longest that a process keeps any of it (`pnav.pages.frame.announcements`)

/**
 * Return a function that says whether what was read now is to be shown in place of what is shown. A change is: once two
 * readings agree, and 20 s after the one before it.
 *
 * @returns {(shown: string, read: string, now: number) => boolean}
 */
export const createSettling = () => {
  /** @type {string | undefined} */
  let last;
  let changedAt = Number.NEGATIVE_INFINITY;
  return (shown, read, now) => {
    const isAgreed = read === last;
    last = read;
    if (read === shown || !isAgreed || now - changedAt < SETTLES_MS) return false;
    changedAt = now;
    return true;
  };
};
