import assert from "node:assert/strict";
import { test } from "node:test";

import { pointAt, stepTo } from "../../static/pnav/console/charts.js";

const hours = { columns: 24, rows: 7, plot: [30, 0, 240, 70] };

test("the point of a drawing that lies under a finger, or next to it", () => {
  assert.equal(pointAt(hours, 30, 0), 0);
  assert.equal(pointAt(hours, 269, 69), 167);
  assert.equal(pointAt(hours, 55, 15), 24 + 2);
  assert.equal(pointAt(hours, -5, -5), 0);
  assert.equal(pointAt(hours, 900, 900), 167);
});

test("arrow keys lead from point to point, and never out of the drawing", () => {
  assert.equal(stepTo(hours, -1, "ArrowLeft"), 0);
  assert.equal(stepTo(hours, 0, "ArrowLeft"), 0);
  assert.equal(stepTo(hours, 0, "ArrowRight"), 1);
  assert.equal(stepTo(hours, 23, "ArrowRight"), 23);
  assert.equal(stepTo(hours, 5, "ArrowDown"), 29);
  assert.equal(stepTo(hours, 167, "ArrowDown"), 167);
  assert.equal(stepTo(hours, 5, "ArrowUp"), 5);
  assert.equal(stepTo(hours, 40, "ArrowUp"), 16);
  assert.equal(stepTo(hours, 40, "Home"), 0);
  assert.equal(stepTo(hours, 40, "End"), 167);
  assert.equal(stepTo(hours, 40, "a"), null);
});
