/**
 * Pages that are kept up to date without a line of their own: the board, an exchange of somebody else, a unit's
 * summaries. They work without this file. What is being written in them stays, and so does the focus.
 *
 * @module
 */

import { markRun, seek } from "../lib/dom.js";
import { followBoard } from "./board.js";
import { sendByKey } from "./by-key.js";
import { watchCharts } from "./charts.js";
import { watchEarlier } from "./pages.js";
import { runClocks } from "./running-clocks.js";
import { followSteps } from "./unit-steps.js";

const board = seek("[data-board]");
watchEarlier();
watchCharts();
document.addEventListener("keydown", sendByKey);
if (board || seek("time[data-clock]")) runClocks();
if (board) followBoard(board);
else if (seek("#etapes-zone")) followSteps();
// Where another script of the page is lost, nothing has to load the page again (without-modules.js).
document.documentElement.dataset.fresh = "";
markRun();
