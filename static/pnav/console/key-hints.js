/**
 * Keys are shown beside what they lead to once one of them was pressed, or their list was opened: to who uses a mouse
 * they are words to read for nothing.
 *
 * @module
 */

const root = document.documentElement;

/** @param {Event} event */
function show(event) {
  if (event instanceof KeyboardEvent) {
    const isOfConsole = event.altKey && !event.ctrlKey && !["Alt", "Tab", "AltGraph"].includes(event.key);
    if (!isOfConsole) return;
  } else if (!(event.target instanceof Element && event.target.closest("[data-keys-open]"))) return;
  root.toggleAttribute("data-keys-used", true);
}

export const watchKeyHints = () => {
  document.addEventListener("keydown", show, true);
  document.addEventListener("click", show, true);
};
