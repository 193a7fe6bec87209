import assert from "node:assert/strict";
import { test } from "node:test";

import { createSettling } from "../../static/pnav/console/settling.js";

/** Read each of these, one every 5 s, and return what was shown after each reading. */
function shownOf(shown, readings) {
  const isToShow = createSettling();
  return readings.map((read, at) => {
    if (isToShow(shown, read, 5000 * at)) shown = read;
    return shown;
  });
}

test("answers of two processes that alternate change what is shown once", () => {
  const readings = ["shut", "open", "shut", "shut", "open", "open", "shut", "shut", "shut"];
  assert.deepEqual(shownOf("open", readings), ["open", "open", "open", "shut", "shut", "shut", "shut", "shut", "shut"]);
});

test("one answer of a process that is late changes nothing", () => {
  assert.deepEqual(shownOf("shut", ["open", "shut", "open", "shut"]), ["shut", "shut", "shut", "shut"]);
});

test("a second change is shown 20 s after the first", () => {
  const readings = ["shut", "shut", "open", "open", "open", "open", "open"];
  assert.deepEqual(shownOf("open", readings), ["open", "shut", "shut", "shut", "shut", "open", "open"]);
});
