/**
 * A keyboard that opens leaves the field in sight, and « Envoyer » with it where both have room.
 *
 * @module
 */

/**
 * Some browsers make the page lower, and others only what is seen of it (`visualViewport`). Whoever has scrolled away
 * from the field reads on, and whoever turns the telephone (the width changes) is left to the browser.
 *
 * @param {HTMLElement} box where one types
 * @param {HTMLElement} form what is brought into sight
 * @param {AbortSignal} signal
 */
export function watchKeyboard(box, form, signal) {
  const view = window.visualViewport;
  // Without the factor, a page that is enlarged with two fingers would become lower too.
  const measure = () => ({
    width: innerWidth,
    page: innerHeight,
    height: view ? Math.min(innerHeight, view.height * view.scale) : innerHeight,
  });
  let was = measure();
  /** Return how much of the screen is left to the page between its bars, and above a keyboard. */
  const room = () => {
    const style = getComputedStyle(document.documentElement);
    // The keyboard of a page that keeps its height is part of the padding, once quick-exit.js has measured it.
    const keyboard = parseFloat(style.getPropertyValue("--pnav-keyboard")) || 0;
    const bottom = (parseFloat(style.scrollPaddingBottom) || 0) - keyboard;
    return was.height - (parseFloat(style.scrollPaddingTop) || 0) - bottom;
  };
  // An observer is called after the events of a frame, so this says what was true before the change.
  let isOnPage = false;
  const observer = new IntersectionObserver((entries) => {
    isOnPage = entries[entries.length - 1].isIntersecting;
  });
  observer.observe(box);
  const changed = () => {
    const before = was;
    was = measure();
    if (was.width !== before.width || was.height >= before.height || document.activeElement !== box) return;
    // On a page that keeps its height, the field may already have been behind the keyboard.
    const isCovered =
      was.page === before.page && box.getBoundingClientRect().top >= (view?.offsetTop ?? 0) + before.height;
    // With large text the label alone may fill what the keyboard leaves. Then the field is what must be in sight.
    const wanted = form.offsetHeight > room() ? box : form;
    if (isOnPage && !isCovered) wanted.scrollIntoView({ block: "nearest", behavior: "instant" });
  };
  addEventListener("resize", changed, { signal });
  view?.addEventListener("resize", changed, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}
