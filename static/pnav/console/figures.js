/**
 * Pages of figures without a console around them, as an analyst sees them.
 *
 * @module
 */

import { watchCharts } from "./charts.js";

watchCharts();
