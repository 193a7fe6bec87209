import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

/** As much of a page as the words around the thread want: any element, by its name. */
const nodes = {};
const node = (id) => {
  nodes[id] ??= { id, dataset: {}, style: {}, textContent: "", hidden: false, addEventListener() {}, querySelector: () => null };
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
globalThis.addEventListener = () => {};
const { showOpen, showPlace } = await import("../../static/pnav/chat/status.js");

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

test("the notice that the chat is closed goes when it is open again, and no other", () => {
  const asked = [];
  let removed = 0;
  nodes.chat.querySelectorAll = (selector) => {
    asked.push(selector);
    return [{ remove: () => (removed += 1) }];
  };
  showOpen();
  assert.equal(removed, 1);
  assert.deepEqual(asked, ["#waiting-title ~ .pnav-notice--closed"]);
});
