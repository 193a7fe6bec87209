/**
 * The page of the way back. The words are looked for in their turn, and the next page may be long in coming: the press
 * is answered at once, beside its button.
 *
 * @module
 */

import { byId, write } from "../lib/dom.js";

const looking = byId("looking");

byId("resume").addEventListener("submit", () => {
  write(looking, looking.dataset.told ?? "");
  looking.scrollIntoView({ block: "nearest" }); // on a small screen it is under the exit
});
