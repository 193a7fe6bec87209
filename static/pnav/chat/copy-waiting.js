/**
 * The page of a copy that is late. It asks whether the copy is ready, and then saves it without a press.
 *
 * @module
 */

import { byId, markRun } from "../lib/dom.js";
import { request } from "../lib/http.js";

const EVERY_MS = 4000;
const LONGEST_MS = 60_000;
const LOOKS = 5; // after which nothing under way means that the file was given, because this page is still here

const form = byId("copy-form", HTMLFormElement);
const tried = Number(form.dataset.tried);

let hasAsked = false; // this page sent the form, so what is ready is given to it
let wasUnderWay = false;
let looks = 0; // how often nothing was found since then

/**
 * Ask what there is: « late » while the copy is being prepared, « ready », « nothing » (it was given, or has to be
 * asked for again), or « ended » (this visit is over). A network or a site that does not answer is « late » too. So is
 * a version before this one, which does not know the question.
 *
 * @returns {Promise<"late" | "ready" | "nothing" | "ended">}
 */
const ask = async () => {
  try {
    const address = /** @type {string} */ (form.dataset.look);
    const { status, redirected } = await request(address, { method: "POST", body: new FormData(form) });
    if (redirected || status === 403) return "ended";
    if (status === 204 || status === 200) wasUnderWay = true;
    return status === 200 ? "ready" : status === 205 ? "nothing" : "late";
  } catch {
    return "late";
  }
};

const sayGiven = () => {
  byId("copy-late").hidden = true;
  byId("copy-press").hidden = true;
  byId("copy-alone").hidden = true;
  byId("copy-given").hidden = false;
};

const askAgain = () => {
  if (!hasAsked) {
    hasAsked = true;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "tried";
    field.value = `${tried}`;
    form.append(field);
    form.submit();
    field.remove(); // a press begins a new count
  }
  setTimeout(look, EVERY_MS);
};

const look = async () => {
  const found = await ask();
  if (hasAsked) {
    if (found === "nothing") looks += 1;
    if (looks > 0 && (wasUnderWay || looks === LOOKS)) sayGiven();
    else setTimeout(look, EVERY_MS);
  } else if (found === "ready") {
    sayGiven(); // the answer is a file, and this page stays
    form.submit();
  } else if (found === "ended") {
    form.submit(); // the answer is a page that says so
  } else {
    const isLate = found === "late";
    setTimeout(isLate ? look : askAgain, isLate ? EVERY_MS : Math.min(LONGEST_MS, EVERY_MS * 2 ** tried));
  }
};

form.addEventListener("submit", () => {
  hasAsked = true;
});
byId("copy-press").hidden = true;
byId("copy-alone").hidden = false;
setTimeout(look, EVERY_MS);
markRun();
