/**
 * What comes while the agent types is drawn between two letters (docs/adr/0141).
 *
 * @module
 */

import { createBetweenKeys } from "../lib/between-keys.js";

export const letters = createBetweenKeys();
