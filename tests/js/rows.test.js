import assert from "node:assert/strict";
import { test } from "node:test";

import { createRows, place, staying } from "../../static/pnav/lib/rows.js";

/** As much of an element as a list needs; every change of it is counted. */
const fakeList = (...children) => {
  const list = { children, touched: 0 };
  const without = (row) => {
    list.children = list.children.filter((one) => one !== row);
  };
  list.row = (name) => {
    const row = { name };
    row.remove = () => {
      list.touched += 1;
      without(row);
    };
    return row;
  };
  list.insertBefore = (row, before) => {
    list.touched += 1;
    without(row);
    const at = before ? list.children.indexOf(before) : list.children.length;
    list.children = list.children.toSpliced(at, 0, row);
  };
  list.names = () => list.children.map(({ name }) => name);
  return list;
};

const world = (redraw) => {
  const list = fakeList();
  const drawn = [];
  const draw = (value) => {
    drawn.push(value.name);
    return list.row(`${value.name}${value.since ?? ""}`);
  };
  const show = createRows(list, draw, ({ name }) => String(name), redraw);
  const people = (...names) => names.map((name) => ({ name }));
  return { list, drawn, show, people };
};

test("what the list held before is gone, and rows stand in the order of the values", () => {
  const { list, show, people } = world();
  list.children = [list.row("from the server")];
  show(people("a", "b", "c"));
  assert.deepEqual(list.names(), ["a", "b", "c"]);
  show([]);
  assert.deepEqual(list.names(), []);
});

test("of a hundred rows, one who comes and one who goes touch the page twice", async () => {
  const { list, drawn, show } = world();
  const people = Array.from({ length: 100 }, (_, name) => ({ name }));
  await show(people);
  const kept = list.children[50];
  drawn.length = 0;
  list.touched = 0;
  show([{ name: "urgent" }, ...people.slice(0, 99)]);
  assert.deepEqual(drawn, ["urgent"]);
  assert.equal(list.touched, 2);
  assert.equal(list.children[51], kept);
  list.touched = 0;
  show([{ name: "urgent" }, ...people.slice(0, 99)]);
  assert.equal(list.touched, 0, "the same again touches nothing");
});

test("many rows are drawn some at a time, and those that wait for their turn stand as they were", async () => {
  const { list, drawn, show } = world();
  const people = (since) => Array.from({ length: 50 }, (_, name) => ({ name, since }));
  const shown = show(people("a"));
  assert.equal(list.children.length, 20, "the first ones at once");
  await shown;
  assert.equal(list.children.length, 50);
  const again = show(people("b"));
  assert.equal(list.children.length, 50, "nobody disappears meanwhile");
  assert.deepEqual([list.names()[19], list.names()[20]], ["19b", "20a"]);
  await again;
  assert.equal(list.names()[49], "49b");
  assert.equal(drawn.length, 100);
});

test("values that come while many rows are being drawn take their place, and what is drawn is used", async () => {
  const { list, drawn, show, people } = world();
  const many = Array.from({ length: 60 }, (_, name) => ({ name }));
  const first = show(many);
  const second = show([...people("urgent"), ...many]);
  await Promise.all([first, second]);
  assert.deepEqual(list.names().slice(0, 2), ["urgent", "0"]);
  assert.equal(list.children.length, 61);
  assert.equal(drawn.length, 61, "no row is drawn twice");
  show(people("a"));
  assert.deepEqual(list.names(), ["a"]);
});

test("a value that has changed is drawn again, in its place, and no other", () => {
  const { list, drawn, show, people } = world();
  show(people("a", "b", "c"));
  drawn.length = 0;
  show([{ name: "a" }, { name: "b", since: 5 }, { name: "c" }]);
  assert.deepEqual(drawn, ["b"]);
  assert.deepEqual(list.names(), ["a", "b5", "c"]);
});

test("a row that can be changed stays the same element, where it was", () => {
  const { list, drawn, show } = world((row, { name, since }) => {
    row.name = `${name}${since}`;
  });
  show([
    { name: "a", since: 1 },
    { name: "b", since: 1 },
  ]);
  const kept = list.children[0];
  drawn.length = 0;
  list.touched = 0;
  show([
    { name: "a", since: 2 },
    { name: "b", since: 1 },
  ]);
  assert.deepEqual([list.names(), list.touched, drawn], [["a2", "b1"], 0, []]);
  assert.equal(list.children[0], kept);
  show([]);
  show([{ name: "a", since: 2 }]);
  assert.notEqual(list.children[0], kept, "one that was gone is a new one");
});

test("rows that change places are moved, not drawn", () => {
  const { list, drawn, show, people } = world();
  show(people("a", "b", "c"));
  drawn.length = 0;
  show(people("c", "a", "b"));
  assert.deepEqual(drawn, []);
  assert.deepEqual(list.names(), ["c", "a", "b"]);
});

test("one row that goes from one end to the other is moved alone", () => {
  const { list, show, people } = world();
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  show(people(...names));
  for (const order of [
    [...names.slice(1), "a"],
    ["j", ...names.slice(0, 9)],
    ["a", "j", ...names.slice(1, 9)],
  ]) {
    show(people(...names));
    list.touched = 0;
    show(people(...order));
    assert.equal(list.touched, 1, order.join());
    assert.deepEqual(list.names(), order);
  }
});

/** The longest run that is in order already, by trying every one. */
const longest = (before, after) => {
  const ends = after.map(() => 1);
  for (const [n, row] of after.entries())
    for (const [m, other] of after.slice(0, n).entries())
      if (before.indexOf(other) < before.indexOf(row)) ends.splice(n, 1, Math.max(ends.at(n), ends.at(m) + 1));
  return Math.max(0, ...ends);
};

test("in whatever order they come, as few as possible are moved", () => {
  let seed = 7;
  const draw = (below) => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  const before = Array.from({ length: 9 }, (_, name) => ({ name }));
  for (let turn = 0; turn < 200; turn += 1) {
    const after = before
      .map((row) => [draw(1000), row])
      .sort(([a], [b]) => a - b)
      .map(([, row]) => row);
    const stay = staying(before, after);
    assert.equal(stay.size, longest(before, after));
    const list = fakeList(...before);
    place(list, after);
    assert.deepEqual(list.children, after);
    assert.equal(list.touched, before.length - stay.size);
  }
});

test("a row that is not there yet stays nowhere", () => {
  assert.deepEqual([...staying(["a", "b"], ["new", "b", "a"])].length, 1);
  assert.deepEqual(staying([], ["new"]), new Set());
});
