/**
 * Pages of figures without a console around them, as an analyst sees them.
 *
 * @module
 */

import { markRun } from "../lib/dom.js";
import { watchCharts } from "./charts.js";

watchCharts();
markRun();
