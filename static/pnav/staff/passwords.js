/**
 * A password can be seen while it is typed. It is hidden again before the form is sent, so that the browser keeps it as
 * a password and not as a word, and when the page is left. Its fields keep their `autocomplete`. Pages work without
 * this file.
 *
 * @module
 */

import { all, find, markRun, write } from "../lib/dom.js";

const place = find("[data-shows-passwords]");
const button = find("button", place, HTMLButtonElement);
const form = /** @type {HTMLFormElement} */ (place.closest("form"));
const fields = all("input[type=password]", form, HTMLInputElement);

/** @param {boolean} isShown */
function show(isShown) {
  for (const field of fields) field.type = isShown ? "text" : "password";
  button.textContent = (isShown ? button.dataset.hide : button.dataset.show) ?? "";
}

button.addEventListener("click", () => {
  const isShown = fields.some(({ type }) => type === "password");
  show(isShown);
  write(find("[role=status]", place), (isShown ? button.dataset.shown : button.dataset.hidden) ?? "");
});
form.addEventListener("submit", () => show(false), true); // before anybody else stops it
addEventListener("pagehide", () => show(false));

// Some browsers send what a text field holds to a speller.
for (const field of fields) Object.assign(field, { spellcheck: false, autocapitalize: "none" });
place.hidden = false;
markRun();
