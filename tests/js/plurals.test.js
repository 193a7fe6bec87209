import assert from "node:assert/strict";
import { test } from "node:test";

import { isSingular } from "../../static/pnav/lib/plurals.js";

test("zero is singular in French, and plural in English", () => {
  const counts = [0, 1, 2, 40];
  assert.deepEqual(
    counts.map((count) => isSingular(count, "fr")),
    [true, true, false, false],
  );
  assert.deepEqual(
    counts.map((count) => isSingular(count, "en")),
    [false, true, false, false],
  );
});

test("without a language it is that of the page", () => {
  globalThis.document = { documentElement: { lang: "fr" } };
  assert.equal(isSingular(0), true);
  document.documentElement.lang = "en";
  assert.equal(isSingular(0), false);
});
