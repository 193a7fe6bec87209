/**
 * Lets screen readers say what happens once, whole, in its order, through one region of the page, and leaves the focus
 * alone.
 *
 * What is drawn is not a live region itself. A message that is inserted would be said in pieces (who, when, the words),
 * in any order, and Orca keeps only one of those that come within a tenth of a second: often only the hour. One text in
 * one node is said whole (docs/screen-reader.md).
 *
 * @module
 */

const PAUSE_MS = 800; // earlier, a text would replace another one before it was said
const STAYS_MS = 10_000;

/**
 * @param {{ textContent: string | null }} node the live region
 * @returns {(text: string) => void} says a text, unless it is waiting to be said
 */
export const createVoice = (node) => {
  /** @type {string[]} */
  const waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isPausing = false;

  const next = () => {
    clearTimeout(timer);
    isPausing = waiting.length > 0;
    if (!isPausing) {
      timer = setTimeout(() => {
        node.textContent = ""; // so that nobody meets it again while reading the page
      }, STAYS_MS);
      return;
    }
    const text = waiting.splice(0).join(" ");
    node.textContent = text === node.textContent ? `${text}\u00a0` : text; // so that the same words are said again
    timer = setTimeout(next, PAUSE_MS);
  };

  return (text) => {
    if (!text || waiting.includes(text)) return;
    waiting.push(text);
    if (!isPausing) next();
  };
};

const CUT_MS = 3000; // a focus that moves this long after a text may have cut it
const AFTER_FOCUS_MS = 700; // until a screen reader has begun to say what has the focus

/**
 * A voice for what must be heard: a screen reader that is saying a text drops it for whatever gets the focus. What was
 * said shortly before is then said once more.
 *
 * @param {(text: string) => void} voice
 * @param {EventTarget} page where the focus moves
 * @returns {(text: string) => void}
 */
export const heardDespiteFocus = (voice, page) => {
  /** @type {{ text: string, at: number }[]} */
  let said = [];
  page.addEventListener("focusin", () => {
    const cut = said.filter(({ at }) => Date.now() - at < CUT_MS);
    said = []; // once: a focus that goes on moving would repeat it
    if (cut.length) setTimeout(() => cut.forEach(({ text }) => voice(text)), AFTER_FOCUS_MS);
  });
  return (text) => {
    said.push({ text, at: Date.now() });
    voice(text);
  };
};
