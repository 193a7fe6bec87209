import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

/** As much of a browser as a keyboard wants. `look` is what an observer says after the frame. */
let look;
let scrolled = 0;
let toBox = 0;
globalThis.window = globalThis;
globalThis.document = { activeElement: null };
globalThis.IntersectionObserver = class {
  constructor(say) {
    look = (isIntersecting) => say([{ isIntersecting }]);
  }
  observe() {}
  disconnect() {}
};
const { watchKeyboard } = await import("../../static/pnav/chat/keyboard.js");
const box = { top: 400, getBoundingClientRect: () => ({ top: box.top }), scrollIntoView: () => (toBox += 1) };
const form = { offsetHeight: 200, scrollIntoView: () => (scrolled += 1) };
globalThis.document.documentElement = {};
let keyboard = 0;
globalThis.getComputedStyle = () => ({
  scrollPaddingTop: "52px",
  scrollPaddingBottom: `${54 + keyboard}px`,
  getPropertyValue: () => `${keyboard}px`,
});

/** Give the page and what is seen of it these sizes, and say so as browsers do: the page first. */
function size(width, page, seen = page, scale = 1) {
  const isPage = innerWidth !== width || innerHeight !== page;
  Object.assign(globalThis, { innerWidth: width, innerHeight: page });
  const isSeen = visualViewport && (visualViewport.height !== seen || isPage);
  if (visualViewport) Object.assign(visualViewport, { height: seen, scale });
  if (isPage) globalThis.resized.dispatchEvent(new Event("resize"));
  if (isSeen) visualViewport.dispatchEvent(new Event("resize"));
}

function begin(hasView = true) {
  scrolled = toBox = 0;
  box.top = 400;
  form.offsetHeight = 200;
  globalThis.resized = new EventTarget();
  globalThis.addEventListener = resized.addEventListener.bind(resized);
  globalThis.visualViewport = hasView
    ? Object.assign(new EventTarget(), { height: 640, offsetTop: 0, scale: 1 })
    : null;
  Object.assign(globalThis, { innerWidth: 360, innerHeight: 640 });
  document.activeElement = box;
  watchKeyboard(box, form, new AbortController().signal);
  look(true);
}

describe("a keyboard", () => {
  beforeEach(() => begin());

  test("that makes the page lower leaves the form in sight, once", () => {
    size(360, 340);
    assert.equal(scrolled, 1);
  });

  test("that covers the page leaves the form in sight, though the page keeps its height", () => {
    keyboard = 300;
    size(360, 640, 340);
    keyboard = 0;
    assert.equal(scrolled, 1);
  });

  test("in a browser that does not say what is seen leaves the form in sight", () => {
    begin(false);
    size(360, 340);
    assert.equal(scrolled, 1);
  });

  test("that leaves no room for the whole form leaves the field in sight", () => {
    form.offsetHeight = 340 - 52 - 54;
    size(360, 340);
    assert.deepEqual([scrolled, toBox], [1, 0]);
    size(360, 640);
    form.offsetHeight += 1;
    size(360, 340);
    assert.deepEqual([scrolled, toBox], [1, 1]);
  });

  test("that goes moves nothing", () => {
    size(360, 340);
    size(360, 640);
    assert.equal(scrolled, 1);
  });

  test("opened for another field moves nothing", () => {
    document.activeElement = null;
    size(360, 340);
    assert.equal(scrolled, 0);
  });

  test("moves nobody who has scrolled away from the field, as when a bar of the browser comes back", () => {
    look(false);
    size(360, 580);
    assert.equal(scrolled, 0);
  });

  test("that grows over a page moves nobody who reads above the field behind it", () => {
    size(360, 640, 340);
    box.top = 500;
    size(360, 640, 300);
    assert.equal(scrolled, 1);
  });

  test("is not what turns a telephone", () => {
    size(640, 360);
    assert.equal(scrolled, 0);
  });

  test("is not two fingers that enlarge the page", () => {
    size(360, 640, 320, 2);
    assert.equal(scrolled, 0);
  });
});
