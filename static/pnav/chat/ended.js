/**
 * The page of an exchange that has ended, as it is loaded: it hears of files alone. All else on it works without scripts.
 *
 * @module
 */

import { markRun } from "../lib/dom.js";
import { tellNotTaken, watchGivenFiles } from "./given-files.js";

watchGivenFiles(tellNotTaken);
markRun();
