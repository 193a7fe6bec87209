/**
 * A copy that is closed by words: they are typed, and the archive can be saved. It stands inside its page and asks nobody for
 * anything.
 *
 * @module
 */

import { fill } from "../lib/words.js";
import { openLocked } from "./locked.js";

/** @param {string} id */
const read = (id) => document.getElementById(id)?.textContent ?? "";
/** @type {Record<string, string>} */
const said = JSON.parse(read("words"));
/** @type {import("./locked.js").Sealed & { name: string }} */
const sealed = JSON.parse(read("sealed"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("opener"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("typed"));
const verdict = /** @type {HTMLElement} */ (document.getElementById("verdict"));
const save = /** @type {HTMLAnchorElement} */ (document.getElementById("save"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  verdict.textContent = said.opening;
  verdict.dataset.state = "reading";
  const opened = await openLocked(sealed, read("content"), field.value);
  verdict.textContent = opened ? said.opened : said.wrong;
  verdict.dataset.state = opened ? "ok" : "changed";
  if (!opened) {
    field.focus();
    return;
  }
  field.value = "";
  form.hidden = true;
  save.href = URL.createObjectURL(new Blob([opened], { type: "application/zip" }));
  save.download = sealed.name;
  save.textContent = fill(said.save, { name: sealed.name });
  save.hidden = false;
  save.focus();
});
