/**
 * Postpones work until keys that were pressed are handled and the last changes are on the screen.
 *
 * @module
 */

/** @typedef {{ postTask: (work: () => void, options: { priority: "user-visible" }) => Promise<void> }} Scheduler */

const { scheduler } = /** @type {{ scheduler?: Scheduler }} */ (/** @type {unknown} */ (globalThis));

/** Do this in a task of its own, after the keys that were pressed before. @param {() => void} work */
const later = (work) => {
  if (scheduler?.postTask) scheduler.postTask(work, { priority: "user-visible" });
  else setTimeout(work, 0);
};

/** Wait for a task of its own, after the keys that were pressed before. @returns {Promise<void>} */
export const nextTask = () => new Promise((goOn) => later(goOn));

/**
 * Do this once the next frame is on the screen. A page that is out of sight draws none, so there it is done at once.
 *
 * @param {() => void} work
 */
export const afterFrame = (work) => {
  if (document.hidden) work();
  else requestAnimationFrame(() => later(work));
};
