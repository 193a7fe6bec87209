/**
 * The small computation that is asked for before the queue during a raid (docs/adr/0035): find a number such that the
 * SHA-256 of the page's text and this number begins with enough zero bits, then send the form. It works in slices, so
 * that the page and « Quitter » react at once. Without WebCrypto the page waits a moment instead. Without this file, or
 * where it does not run, there is a button, which goes on once the wait is over.
 *
 * @module
 */

import { markRun } from "./lib/dom.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("effort"));
const { token, bits, left } = form.dataset;
const SLICE = 256;
let isSent = false;

/** @param {string} work */
function send(work) {
  if (isSent) return;
  isSent = true;
  /** @type {HTMLInputElement} */ (form.elements.namedItem("work")).value = work;
  form.submit();
}

/** @param {ArrayBuffer} digest */
const isEnough = (digest) => new DataView(digest).getUint32(0) >>> (32 - Number(bits)) === 0;

async function work() {
  const text = new TextEncoder();
  for (let from = 0; !isSent; from += SLICE) {
    const slice = Array.from({ length: SLICE }, (_, index) => from + index);
    const digests = await Promise.all(slice.map((n) => crypto.subtle.digest("SHA-256", text.encode(`${token}:${n}`))));
    const found = digests.findIndex(isEnough);
    if (found !== -1) send(String(from + found));
  }
}

setTimeout(send, Number(left) * 1000 + 500, "");
for (const button of form.querySelectorAll("button")) button.remove(); // pressed too early it would begin all this again
if ("crypto" in window && "subtle" in crypto) {
  const told = /** @type {HTMLElement} */ (form.ownerDocument.querySelector("[data-work]"));
  told.hidden = false;
  work();
}
markRun();
