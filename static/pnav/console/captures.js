/**
 * Pictures of captures are blurred until they are pressed. A checkbox and a style do that without this script. The
 * script blurs them again when the agent goes to another tab, program or page, or makes no gesture for five minutes.
 *
 * @module
 */

import { all, markRun } from "../lib/dom.js";

const IDLE_MS = 5 * 60_000;

const blur = () => {
  for (const box of all("[data-blurs]", document, HTMLInputElement)) box.checked = false;
};

blur(); // the browser may have kept the state of a checkbox
let idle = setTimeout(blur, IDLE_MS);
const stir = () => {
  clearTimeout(idle);
  idle = setTimeout(blur, IDLE_MS);
};

document.addEventListener("visibilitychange", () => document.hidden && blur());
addEventListener("pagehide", blur); // when the browser shows a page that it kept, its pictures are blurred
addEventListener("blur", blur);
for (const gesture of ["pointerdown", "keydown", "scroll"]) addEventListener(gesture, stir, { passive: true });
markRun();
