/**
 * Work that gives way: keys that wait are answered, and what was drawn is on the screen, before it goes on.
 *
 * @module
 */

/** @typedef {{ postTask: (work: () => void, options: { priority: "user-visible" }) => Promise<void> }} Scheduler */

const { scheduler } = /** @type {{ scheduler?: Scheduler }} */ (/** @type {unknown} */ (globalThis));

/** In a task of its own, after keys that wait. @param {() => void} work */
const later = (work) => {
  if (scheduler?.postTask) scheduler.postTask(work, { priority: "user-visible" });
  else setTimeout(work);
};

/**
 * Do this once the next frame is on the screen. A page that nobody sees draws none: there it is done at once.
 *
 * @param {() => void} work
 */
export const afterFrame = (work) => {
  if (document.hidden) work();
  else requestAnimationFrame(() => later(work));
};
