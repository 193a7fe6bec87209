/**
 * Recovery codes are copied, or printed. Without a script they are written down from the page, which says so.
 *
 * @module
 */

import { all, find } from "../lib/dom.js";

const list = find(".pnav-codes");
const copy = find("[data-copy-codes]");
const status = find("[data-codes-status]");

copy.addEventListener("click", async () => {
  const codes = all("code", list).map((code) => code.textContent);
  try {
    await navigator.clipboard.writeText(codes.join("\n"));
    status.textContent = copy.dataset.copied ?? "";
  } catch {
    // No clipboard on a page that is not secure, or a browser that refuses: a key copies what is chosen.
    getSelection()?.selectAllChildren(list);
    status.textContent = copy.dataset.chosen ?? "";
  }
});
find("[data-print-codes]").addEventListener("click", () => print());
find("[data-codes-acts]").hidden = false;
