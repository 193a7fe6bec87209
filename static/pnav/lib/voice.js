/**
 * One voice a page, for screen readers: what happens is said once, whole, in its order, and leaves the focus alone.
 *
 * What is drawn is no live region. A message that is inserted is heard in pieces (who, when, the words), in any order,
 * and Orca keeps one of those that come within a tenth of a second: often the hour alone. One text in one node is said
 * whole (docs/screen-reader.md).
 *
 * @module
 */

const PAUSE_MS = 800; // or one text takes the place of another before it was heard
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
        node.textContent = ""; // nobody finds it again while reading the page
      }, STAYS_MS);
      return;
    }
    const text = waiting.splice(0).join(" ");
    node.textContent = text === node.textContent ? `${text}\u00a0` : text; // the same words again are said again
    timer = setTimeout(next, PAUSE_MS);
  };

  return (text) => {
    if (!text || waiting.includes(text)) return;
    waiting.push(text);
    if (!isPausing) next();
  };
};
