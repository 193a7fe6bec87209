import assert from "node:assert/strict";
import { test } from "node:test";

import { fit } from "../../static/pnav/lib/fit.js";

const LEAST = 88;
const phone = { field: 400, list: 480, wanted: 248, top: 0, bottom: 579 };

test("a list that fits moves nothing", () => {
  assert.deepEqual(fit({ ...phone, field: 100, list: 180 }, LEAST), { scroll: 0, height: 248 });
});

test("a list that would lie under the bar is scrolled up to show whole", () => {
  assert.deepEqual(fit(phone, LEAST), { scroll: 149, height: 248 });
});

test("above a keyboard the field goes to the top and the list takes what is left", () => {
  assert.deepEqual(fit({ ...phone, bottom: 300 }, LEAST), { scroll: 400, height: 220 });
});

test("a bar at the top stays clear of the field", () => {
  assert.deepEqual(fit({ ...phone, top: 56, bottom: 300 }, LEAST), { scroll: 344, height: 164 });
});

test("on the lowest screens two options show", () => {
  assert.deepEqual(fit({ ...phone, bottom: 120 }, LEAST), { scroll: 400, height: LEAST });
});

test("a field above the window is not scrolled to", () => {
  assert.deepEqual(fit({ ...phone, field: -40, list: 20, bottom: 200 }, LEAST), { scroll: 0, height: 180 });
});
