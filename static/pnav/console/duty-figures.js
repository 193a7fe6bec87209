/**
 * Keeps the figures of the duty that a supervisor's console shows, and tells of somebody in danger whom nobody answers.
 *
 * @module
 */

import { seek } from "../lib/dom.js";
import { swapFrom, tryToLoad } from "./pages.js";
import { beep } from "./sound.js";
import { alarm, words } from "./state.js";

const FIGURES_MS = 3000;
const FIGURES_EVERY_MS = 10_000; // opening a procedure while nobody waits changes nothing in the queue
const figures = { isAsked: false, readAt: Date.now() };

/** Return the exchanges of people in danger whom nobody answers; null in figures that an older version has drawn. */
const inDanger = () => seek(".console-figures")?.dataset.inDanger?.split(" ").filter(Boolean) ?? null;
let knownInDanger = new Set(inDanger());

/** Read the figures of a supervisor again, and tell of somebody new in danger whom nobody answers as of any danger. */
export function refreshFigures() {
  const strip = seek("#chiffres");
  if (!strip || figures.isAsked) return;
  figures.isAsked = true;
  setTimeout(async () => {
    Object.assign(figures, { isAsked: false, readAt: Date.now() });
    const page = await tryToLoad(strip.dataset.src ?? "");
    swapFrom(page, ".console-figures");
    const now = inDanger();
    if (!now) return;
    const isNew = now.some((exchange) => !knownInDanger.has(exchange));
    knownInDanger = new Set(now);
    if (!isNew) return;
    alarm(words.board_danger);
    beep("danger");
  }, FIGURES_MS);
}

export const tickFigures = () => {
  if (Date.now() - figures.readAt >= FIGURES_EVERY_MS) refreshFigures();
};
