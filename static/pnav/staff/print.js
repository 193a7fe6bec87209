/**
 * « Imprimer »: what a browser's own menu does, at hand.
 *
 * @module
 */

import { all } from "../lib/dom.js";

for (const button of all("[data-print]")) {
  button.addEventListener("click", () => print());
  button.hidden = false;
}
