/**
 * Files that a person pastes or drops on a page. A file dropped on a page that does not listen is opened by the browser
 * in another tab, where it stays in sight, and one that is pasted disappears without a word.
 *
 * @module
 */

import { all, target } from "../lib/dom.js";

/** Whether files are carried, and not a text of the page. @param {DragEvent} event */
const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

/**
 * Return the files that were dropped, without the folders among them, whose content no page may read at once.
 *
 * @param {DataTransfer} given
 * @returns {{ files: File[], hasFolder: boolean }}
 */
const dropped = (given) => {
  const items = [...given.items].filter((item) => item.kind === "file");
  const whole = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory);
  const files = /** @type {File[]} */ (whole.map((item) => item.getAsFile()).filter((file) => file !== null));
  return { files, hasFolder: whole.length < items.length };
};

/**
 * Hear of files that are pasted or dropped anywhere on the page. A text that is pasted into a field stays the browser's,
 * also when a picture of it comes along.
 *
 * @param {(files: File[], hasFolder: boolean) => void} take
 * @param {(isOver: boolean) => void} over files are carried over the page, or no longer
 */
export const watchGivenFiles = (take, over = () => {}) => {
  addEventListener("paste", (event) => {
    const given = event.clipboardData;
    const files = [...(given?.files ?? [])];
    const isText = given?.types.includes("text/plain") && target(event).closest("input, textarea") !== null;
    if (files.length === 0 || isText) return;
    event.preventDefault();
    take(files, false);
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) over(false); // the window was left, not an element of the page
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over(false);
    const { files, hasFolder } = dropped(/** @type {DataTransfer} */ (event.dataTransfer));
    take(files, hasFolder);
  });
};

/**
 * Show what this page says of files that it does not take, with the way to where they are taken. An exchange says
 * something else once it has ended. A page whose visit has ended says nothing: its reader may be somebody else.
 */
export const tellNotTaken = () => {
  const note = all("[data-file-note]").find((one) => !one.parentElement?.closest("[hidden]"));
  if (note === undefined) return;
  note.hidden = false;
  note.scrollIntoView({ block: "nearest" });
  note.focus(); // where it can have the focus: it was in sight before, and nothing would be read aloud
};
