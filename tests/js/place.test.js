import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

/** As much of a page as the words around the thread want: any element, by its name. */
const nodes = {};
const node = (id) => {
  nodes[id] ??= {
    id,
    dataset: {},
    style: {},
    textContent: "",
    hidden: false,
    addEventListener() {},
    querySelector: () => null,
  };
  return nodes[id];
};
node("chat").dataset.words = JSON.stringify({
  position: "Vous êtes en position {n} dans la file.",
  position_first: "Vous êtes la prochaine personne.",
  wait_unknown: "La durée n’est pas connue.",
});
globalThis.document = {
  title: "",
  getElementById: node,
  querySelector: (selector) => node(selector.replace("#", "")),
  querySelectorAll: () => [],
  addEventListener() {},
  documentElement: { lang: "fr" },
};
const heard = new Map();
globalThis.addEventListener = (name, act) => heard.set(name, act);
globalThis.innerWidth = 360;
const { showClosed, showPlace, watchPlace } = await import("../../static/pnav/chat/status.js");

beforeEach(() => {
  node("position");
  nodes.position.textContent = "Vous êtes la prochaine personne.";
});

test("a place in the queue is said", () => {
  showPlace({ position: 4, wait_minutes: null });
  assert.equal(nodes.position.textContent, "Vous êtes en position 4 dans la file.");
});

test("who is taken from the queue at this moment is not told of a place without a number", () => {
  showPlace({ position: null, wait_minutes: null });
  assert.equal(nodes.position.textContent, "Vous êtes la prochaine personne.");
});

describe("the notice that the chat is closed to whoever comes anew", () => {
  const notice = { hidden: false };
  beforeEach(() => {
    notice.hidden = false;
    nodes.chat.querySelectorAll = (selector) => (selector === "#waiting-title ~ .pnav-notice--closed" ? [notice] : []);
  });

  test("goes when the chat is open again", () => {
    showClosed(false);
    assert.equal(notice.hidden, true);
  });

  test("comes back when the line knew of the closing later than the page", () => {
    showClosed(false);
    showClosed(true);
    assert.equal(notice.hidden, false);
  });

  test("stays as it is when a server of before does not say", () => {
    showClosed(undefined);
    assert.equal(notice.hidden, false);
    showClosed(false);
    showClosed(undefined);
    assert.equal(notice.hidden, true);
  });
});

test("the block of the place may become lower in a window of another width, and only there", () => {
  watchPlace();
  node("place").offsetHeight = 90;
  nodes.place.style.minHeight = "";
  showPlace({ position: 4, wait_minutes: null });
  assert.equal(nodes.place.style.minHeight, "90px");
  heard.get("resize")(); // a keyboard that opens
  assert.equal(nodes.place.style.minHeight, "90px");
  globalThis.innerWidth = 640;
  heard.get("resize")();
  assert.equal(nodes.place.style.minHeight, "");
});
