// The force that most of those who wait have (console/usual-force.js): the same cases as on the server.

import assert from "node:assert/strict";
import { test } from "node:test";

import { usualForce } from "../../static/pnav/console/usual-force.js";

/** @param {(string | null)[]} forces */
const usual = (...forces) => usualForce(forces.map((force) => ({ force })));

test("a force is usual where more than half have it", () => {
  for (const none of [usual(), usual("police"), usual("police", "gendarmerie")]) assert.equal(none, "");
  assert.equal(usual("police", "police"), "police");
  assert.equal(usual("police", "gendarmerie", "police"), "police");
  assert.equal(usual("gendarmerie", "gendarmerie", "police"), "gendarmerie");
});

test("a row without a force in sight could be either", () => {
  assert.equal(usual("police", "police", null), "");
});
