/**
 * Drawings of captures are blurred until they are pressed (a box and a style, without this script), and blurred again
 * when whoever looks at them leaves: another tab, another program, another page, or five minutes without a gesture.
 *
 * @module
 */

import { all } from "../lib/dom.js";

const IDLE_MS = 5 * 60_000;

const blur = () => {
  for (const box of all("[data-blurs]", document, HTMLInputElement)) box.checked = false;
};

blur(); // whatever the browser had kept of a box
let idle = setTimeout(blur, IDLE_MS);
const stir = () => {
  clearTimeout(idle);
  idle = setTimeout(blur, IDLE_MS);
};

document.addEventListener("visibilitychange", () => document.hidden && blur());
addEventListener("pagehide", blur); // what the browser keeps of the page is blurred when it is shown again
addEventListener("blur", blur);
for (const gesture of ["pointerdown", "keydown", "scroll"]) addEventListener(gesture, stir, { passive: true });
