import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

/** As much of a page as suggestions want: any element, which notes what listens to it. */
class FakeElement {
  dataset = {};
  style = {};
  attributes = {};
  children = [];
  heard = {};
  value = "";
  hidden = false;
  offsetHeight = 0;

  setAttribute(name, value) {
    this.attributes[name] = value;
  }
  removeAttribute(name) {
    delete this.attributes[name];
  }
  addEventListener(name, listen) {
    this.heard[name] = listen;
  }
  replaceChildren(...children) {
    this.children = children;
  }
  after(...made) {
    this.beside = made;
  }
  closest() {
    return null;
  }
  getBoundingClientRect() {
    return { top: 0 };
  }
}

const [form, input, token, button] = [new FakeElement(), new FakeElement(), new FakeElement(), new FakeElement()];
form.querySelector = (selector) =>
  ({ "input[name=q]": input, "input[name=csrfmiddlewaretoken]": token, "[type=submit]": button })[selector];
form.querySelectorAll = () => [button];
form.dataset = { suggestions: "/suggestions/", many: "%n lieux" };
globalThis.document = new FakeElement();
document.activeElement = input;
document.createElement = () => new FakeElement();
document.querySelectorAll = (selector) => (selector === "form[data-suggestions]" ? [form] : []);
globalThis.window = { innerHeight: 800 };
mock.timers.enable({ apis: ["setTimeout"] });
await import("../../static/pnav/suggestions.js");
const [list] = input.beside;

let asked = [];
globalThis.fetch = () => new Promise((resolve) => asked.push(resolve));
const places = { ok: true, json: async () => ({ suggestions: [{ text: "93200", label: "Saint-Denis" }] }) };
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Type, and wait until the site is asked. */
const type = (text) => {
  input.value = text;
  input.heard.input();
  mock.timers.tick(1000);
};

beforeEach(async () => {
  asked = [];
  type("saint");
  asked[0](places);
  await settled();
  assert.equal(list.hidden, false);
});

for (const status of [403, 429, 503])
  test(`an answer ${status} closes the list, which was for another text`, async () => {
    type("saint-x");
    asked[1]({ ok: false, status });
    await settled();
    assert.equal(list.hidden, true);
    assert.equal(input.attributes["aria-expanded"], "false");
  });

test("an answer that is not the newest closes nothing", async () => {
  type("saint-x");
  type("saint-d");
  asked[2](places);
  asked[1]({ ok: false, status: 503 });
  await settled();
  assert.equal(list.hidden, false);
});

test("a list that somebody is pressing stays under their finger", async () => {
  type("saint-x");
  document.heard.pointerdown();
  asked[1]({ ok: false, status: 503 });
  await settled();
  document.heard.pointerup();
  assert.equal(list.hidden, false);
});
