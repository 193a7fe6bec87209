import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { createVoice, heardDespiteCuts, watchTyping } from "../../static/pnav/lib/voice.js";

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

const nobodyTypes = () => Infinity;
const letter = () => Object.assign(new Event("input"), { inputType: "insertText" });

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
  const voice = createVoice(node, nobodyTypes);
  for (const text of ["un", "deux", "deux", "", "trois"]) voice(text);
  assert.deepEqual(node.said, ["un"]);
  mock.timers.tick(800);
  assert.deepEqual(node.said, ["un", "deux trois"]);
});

test("the same words again are said again", () => {
  const node = region();
  const voice = createVoice(node, nobodyTypes);
  voice("Envoyé");
  mock.timers.tick(1600);
  voice("Envoyé");
  assert.deepEqual(node.said, ["Envoyé", "Envoyé\u00a0"]);
});

test("what has ceased to be true while it waited is not said", () => {
  const node = region();
  const voice = createVoice(node, nobodyTypes);
  let isAsked = true;
  voice("un");
  voice("Réponses : Oui, Non.", () => isAsked);
  voice("deux");
  isAsked = false;
  mock.timers.tick(800);
  assert.deepEqual(node.said, ["un", "deux"]);
  voice("trois", () => isAsked);
  mock.timers.tick(800);
  assert.deepEqual(node.said, ["un", "deux"]);
  isAsked = true;
  voice("trois", () => isAsked);
  assert.deepEqual(node.said, ["un", "deux", "trois"]);
});

test("nothing stays to be found by who reads the page", () => {
  const node = region();
  createVoice(node, nobodyTypes)("un");
  mock.timers.tick(800);
  mock.timers.tick(10_000);
  assert.equal(node.textContent, "");
});

test("a danger that the focus cut is said once more, and only once", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const said = [];
  const page = new EventTarget();
  const alarm = heardDespiteCuts((text) => said.push(text), page);
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

test("what can wait is said once the typing pauses, whole, in its order", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const node = region();
  const page = new EventTarget();
  const voice = createVoice(node, watchTyping(page));
  for (const text of ["un", "deux", "trois"]) {
    page.dispatchEvent(letter());
    voice(text);
    mock.timers.tick(900);
  }
  page.dispatchEvent(letter());
  mock.timers.tick(999);
  assert.deepEqual(node.said, []);
  mock.timers.tick(1);
  assert.deepEqual(node.said, ["un deux trois"]);
});

test("a clock that is set back keeps nothing from being said", () => {
  let now = Date.parse("2026-12-01T11:00:00Z");
  const clock = mock.method(Date, "now", () => now);
  const [node, page, said] = [region(), new EventTarget(), []];
  const voice = createVoice(node, watchTyping(page));
  const alarm = heardDespiteCuts((text) => said.push(text), page);
  page.dispatchEvent(letter());
  now -= 3_600_000;
  voice("un");
  mock.timers.tick(1000);
  alarm("Danger");
  page.dispatchEvent(letter());
  now -= 3_600_000;
  mock.timers.tick(600);
  clock.mock.restore();
  assert.deepEqual(node.said, ["un"]);
  assert.deepEqual(said, ["Danger", "Danger"]);
});

test("a box that is ticked is no typing", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const node = region();
  const page = new EventTarget();
  const voice = createVoice(node, watchTyping(page));
  page.dispatchEvent(new Event("input"));
  voice("un");
  assert.deepEqual(node.said, ["un"]);
});

test("a danger is said at once while somebody types, and once more when they pause, if it is still true", () => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const said = [];
  const page = new EventTarget();
  const alarm = heardDespiteCuts((text) => said.push(text), page);
  let isAsking = true;
  page.dispatchEvent(letter());
  alarm("Danger");
  alarm("Êtes-vous là ?", () => isAsking);
  assert.deepEqual(said, ["Danger", "Êtes-vous là ?"]);
  isAsking = false;
  for (let n = 0; n < 20; n += 1) {
    mock.timers.tick(200);
    page.dispatchEvent(letter());
  }
  mock.timers.tick(599);
  assert.deepEqual(said.slice(2), []);
  mock.timers.tick(1);
  assert.deepEqual(said.slice(2), ["Danger"]);
});
