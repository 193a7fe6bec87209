/**
 * « Imprimer » opens the same dialog as the browser's own menu.
 *
 * @module
 */

import { all, markRun } from "../lib/dom.js";

for (const button of all("[data-print]")) {
  button.addEventListener("click", () => print());
  button.hidden = false;
}
markRun();
