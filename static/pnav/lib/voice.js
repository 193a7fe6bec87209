/**
 * Lets screen readers say what happens once, whole, in its order, through one region of the page, and leaves the focus
 * alone.
 *
 * What is drawn is not a live region itself. A message that is inserted would be said in pieces (who, when, the words),
 * in any order, and Orca keeps only one of those that come within a tenth of a second: often only the hour. One text in
 * one node is said whole (docs/screen-reader.md).
 *
 * Each letter that is typed makes a screen reader drop what it is saying, and Orca what it was about to say as well. What
 * can wait is therefore said once the typing pauses, and a danger at once and then again.
 *
 * @module
 */

const PAUSE_MS = 800; // earlier, a text would replace another one before it was said
const STAYS_MS = 10_000;
const REST_MS = 1000; // without a letter for so long, the typing pauses
const DANGER_REST_MS = 600; // before the rest, because Orca drops what can wait for a danger that comes just after it

/** @param {Event} event of type `input`; a box that is ticked and a choice have no type of their own */
const isTyped = (event) => "inputType" in event;

/**
 * @param {EventTarget} page where somebody may type
 * @returns {() => number} the milliseconds since the last letter
 */
export const watchTyping = (page) => {
  let at = -Infinity;
  page.addEventListener(
    "input",
    (event) => {
      if (isTyped(event)) at = Date.now();
    },
    { capture: true, passive: true },
  );
  return () => (Date.now() < at ? Infinity : Date.now() - at); // a clock that was set back tells nothing
};

/**
 * @param {{ textContent: string | null }} node the live region
 * @param {() => number} sinceTyped the milliseconds since the last letter; Infinity to say everything at once
 * @returns {(text: string, isTrue?: () => boolean) => void} says a text, unless it is waiting to be said, or has ceased to
 *   be true while it waited
 */
export const createVoice = (node, sinceTyped = watchTyping(document)) => {
  /** @type {{ text: string, isTrue: () => boolean }[]} */
  let waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isPausing = false;

  const next = () => {
    clearTimeout(timer);
    waiting = waiting.filter(({ isTrue }) => isTrue());
    isPausing = waiting.length > 0;
    if (!isPausing) {
      timer = setTimeout(() => {
        node.textContent = ""; // so that nobody meets it again while reading the page
      }, STAYS_MS);
      return;
    }
    const left = REST_MS - sinceTyped();
    if (left > 0) {
      timer = setTimeout(next, left);
      return;
    }
    const text = waiting
      .splice(0)
      .map((one) => one.text)
      .join(" ");
    node.textContent = text === node.textContent ? `${text}\u00a0` : text; // so that the same words are said again
    timer = setTimeout(next, PAUSE_MS);
  };

  return (text, isTrue = () => true) => {
    if (!text || waiting.some((one) => one.text === text && one.isTrue())) return;
    waiting.push({ text, isTrue });
    if (!isPausing) next();
  };
};

const CUT_MS = 3000; // a focus that moves this long after a text may have cut it
const AFTER_FOCUS_MS = 700; // until a screen reader has begun to say what has the focus

/**
 * A voice for what must be heard: a screen reader that is saying a text drops it for whatever gets the focus, and at each
 * letter. What was said shortly before is then said once more, unless it has ceased to be true.
 *
 * @param {(text: string) => void} voice says at once
 * @param {EventTarget} page where the focus moves and somebody may type
 * @returns {(text: string, isTrue?: () => boolean) => void}
 */
export const heardDespiteCuts = (voice, page) => {
  /** @type {{ text: string, isTrue: () => boolean, at: number }[]} */
  let said = [];
  const sinceTyped = watchTyping(page);

  /** @param {typeof said} cut */
  const repeat = (cut) => {
    const left = DANGER_REST_MS - sinceTyped();
    if (left > 0) setTimeout(repeat, left, cut);
    else for (const { text, isTrue } of cut) if (isTrue()) voice(text);
  };

  /** @param {number} ms */
  const repeatIn = (ms) => {
    const cut = said.filter(({ at }) => Date.now() - at < CUT_MS);
    said = []; // once: a focus that goes on moving would repeat it
    if (cut.length) setTimeout(repeat, ms, cut);
  };

  page.addEventListener("focusin", () => repeatIn(AFTER_FOCUS_MS));
  page.addEventListener("input", (event) => {
    if (isTyped(event)) repeatIn(DANGER_REST_MS);
  });
  return (text, isTrue = () => true) => {
    said.push({ text, isTrue, at: Date.now() });
    voice(text);
  };
};
