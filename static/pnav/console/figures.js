/**
 * Pages of figures without a console around them: an analyst's.
 *
 * @module
 */

import { watchCharts } from "./charts.js";

watchCharts();
