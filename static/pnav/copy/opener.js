/**
 * A copy that is locked with words: one types them, and can then save the archive. The script is written into its page
 * and makes no request.
 *
 * @module
 */

import { fill } from "../lib/words.js";
import { openApart, openLocked } from "./locked.js";

/** @param {string} id */
const read = (id) => document.getElementById(id)?.textContent ?? "";
/** @type {Record<string, string>} */
const said = JSON.parse(read("words"));
/** @type {import("./locked.js").Sealed & import("./locked.js").SealedApart & { name: string }} one of both, with its name */
const sealed = JSON.parse(read("sealed"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("opener"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("typed"));
const picker = /** @type {HTMLInputElement | null} */ (document.getElementById("file")); // where the content lies apart
const verdict = /** @type {HTMLElement} */ (document.getElementById("verdict"));
const save = /** @type {HTMLAnchorElement} */ (document.getElementById("save"));

/** @returns {Promise<Blob | "wrong" | "changed">} */
const open = async () => {
  if (picker) {
    const file = picker.files?.[0];
    return file ? openApart(sealed, file, field.value).catch(() => /** @type {const} */ ("changed")) : "changed";
  }
  const opened = await openLocked(sealed, read("content"), field.value);
  return opened ? new Blob([opened], { type: "application/zip" }) : "wrong";
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  verdict.textContent = said.opening;
  verdict.dataset.state = "reading";
  const opened = await open();
  verdict.textContent = typeof opened === "string" ? said[opened] : said.opened;
  verdict.dataset.state = typeof opened === "string" ? "changed" : "ok";
  if (typeof opened === "string") {
    (opened === "wrong" || !picker ? field : picker).focus();
    return;
  }
  field.value = "";
  form.hidden = true;
  save.href = URL.createObjectURL(opened);
  save.download = sealed.name;
  save.textContent = fill(said.save, { name: sealed.name });
  save.hidden = false;
  save.focus();
});
