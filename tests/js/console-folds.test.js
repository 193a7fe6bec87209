import assert from "node:assert/strict";
import { test } from "node:test";
import { asCookie, foldedIn } from "../../static/pnav/console/folds.js";

test("what is folded is kept in a cookie of the console, and read among others", () => {
  assert.deepEqual(foldedIn(""), new Set());
  assert.deepEqual(foldedIn("autre=1; pnav_console_plis=notes.accueil; x=2"), new Set(["notes", "accueil"]));
  assert.deepEqual(foldedIn("pnav_console_plis="), new Set());
  assert.deepEqual(foldedIn("not_pnav_console_plis=notes"), new Set());
  const kept = asCookie(new Set(["notes", "accueil"]));
  assert.match(kept, /^pnav_console_plis=accueil\.notes; path=\/console\/;/);
  assert.deepEqual(foldedIn(kept.split("; ")[0]), new Set(["notes", "accueil"]));
});
