/**
 * Recovery codes can be copied or printed. Without a script one writes them down from the page, which says so.
 *
 * @module
 */

import { all, find, markRun } from "../lib/dom.js";

const list = find(".pnav-codes");
const copy = find("[data-copy-codes]");
const status = find("[data-codes-status]");

copy.addEventListener("click", async () => {
  const codes = all("code", list).map((code) => code.textContent);
  try {
    await navigator.clipboard.writeText(codes.join("\n"));
    status.textContent = copy.dataset.copied ?? "";
  } catch {
    // The page is not secure and has no clipboard, or the browser refuses. The codes are selected, and a key copies
    // them.
    getSelection()?.selectAllChildren(list);
    status.textContent = copy.dataset.chosen ?? "";
  }
});
find("[data-print-codes]").addEventListener("click", () => print());
find("[data-codes-acts]").hidden = false;
markRun();
