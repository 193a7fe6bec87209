import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createVoice, heardDespiteFocus } from "../../static/pnav/lib/voice.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

function region() {
  const said = [];
  let text = "";
  return {
    said,
    get textContent() {
      return text;
    },
    set textContent(value) {
      text = value;
      said.push(value);
    },
  };
}

test("what comes at once is said whole, after a pause, each text once", () => {
  const node = region();
  const voice = createVoice(node);
  for (const text of ["un", "deux", "deux", "", "trois"]) voice(text);
  assert.deepEqual(node.said, ["un"]);
  mock.timers.tick(800);
  assert.deepEqual(node.said, ["un", "deux trois"]);
});

test("the same words again are said again", () => {
  const node = region();
  const voice = createVoice(node);
  voice("Envoyé");
  mock.timers.tick(1600);
  voice("Envoyé");
  assert.deepEqual(node.said, ["Envoyé", "Envoyé\u00a0"]);
});

test("nothing stays to be found by who reads the page", () => {
  const node = region();
  createVoice(node)("un");
  mock.timers.tick(800);
  mock.timers.tick(10_000);
  assert.equal(node.textContent, "");
});

test("a danger that the focus cut is said once more, and only once", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const said = [];
  const page = new EventTarget();
  const alarm = heardDespiteFocus((text) => said.push(text), page);
  const moveFocus = () => page.dispatchEvent(new Event("focusin"));
  alarm("Danger");
  moveFocus();
  moveFocus();
  mock.timers.tick(700);
  assert.deepEqual(said, ["Danger", "Danger"]);
  alarm("Autre danger");
  mock.timers.tick(3000);
  moveFocus();
  mock.timers.tick(700);
  assert.deepEqual(said, ["Danger", "Danger", "Autre danger"]); // it was heard whole
});
