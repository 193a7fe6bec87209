import assert from "node:assert/strict";
import { test } from "node:test";

import { hide } from "../../static/pnav/lib/dom.js";

/** An element that counts what is written to it, as a browser does for its styles. */
const counting = (isHidden) => ({
  writes: 0,
  get hidden() {
    return isHidden;
  },
  set hidden(value) {
    this.writes += 1;
    isHidden = value;
  },
});

test("what is hidden or shown already is not written again", () => {
  for (const isHidden of [true, false]) {
    const node = counting(isHidden);
    hide(node, isHidden);
    assert.deepEqual([node.hidden, node.writes], [isHidden, 0]);
    hide(node, !isHidden);
    hide(node, !isHidden);
    assert.deepEqual([node.hidden, node.writes], [!isHidden, 1]);
  }
});
