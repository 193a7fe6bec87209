/**
 * Finds words of suicide or of immediate danger in what a person writes, to mark them for the agent. It does the same
 * as chat/rules/danger_words.py, which says how a phrase is written. The functions are pure.
 *
 * @module
 */

const GAP = 2;
const GAP_SIGN = "…";
const NOTHING = "nothing";

/** What may be at one place of a phrase: « je/j », « suicid* », « envie… ». @typedef {string} Place */
/** @typedef {{ isLoose: boolean, kinds: Set<string>, words: Map<string, Node[]>, beginnings: [string, Node][], children: Map<string, Node> }} Node */
/** @typedef {[node: Node, start: number, left: number]} Reading */

const isSign = (/** @type {string} */ sign) => (sign >= "a" && sign <= "z") || (sign >= "0" && sign <= "9");

/** Return the words of a text in the form in which they are compared. @param {string} text */
export const wordsOf = (text) => {
  const plain = text.normalize("NFKD").toLowerCase().replaceAll("œ", "oe").replaceAll("æ", "ae");
  /** @type {string[]} */
  const words = [];
  let word = "";
  const signs = [...plain];
  for (let at = 0; at < signs.length; ) {
    const sign = signs[at];
    let count = 1;
    while (signs[at + count] === sign) count += 1;
    at += count;
    if (isSign(sign)) word += sign.repeat(count < 3 ? count : 1);
    else if (word && !/\p{M}/u.test(sign)) {
      words.push(word);
      word = "";
    }
  }
  if (word) words.push(word);
  return words;
};

/** @param {boolean} isLoose @returns {Node} */
const createNode = (isLoose) => ({
  isLoose,
  kinds: new Set(),
  words: new Map(),
  beginnings: [],
  children: new Map(),
});

/** @param {Node} node @param {Place} place */
const childOf = (node, place) => {
  const known = node.children.get(place);
  if (known) return known;
  const isLoose = place.endsWith(GAP_SIGN);
  const fresh = createNode(isLoose);
  node.children.set(place, fresh);
  for (const choice of (isLoose ? place.slice(0, -1) : place).split("/")) {
    if (choice.endsWith("*")) node.beginnings.push([choice.slice(0, -1), fresh]);
    else node.words.set(choice, [...(node.words.get(choice) ?? []), fresh]);
  }
  return fresh;
};

/** @param {[kind: string, phrase: string][]} phrases as the server writes them (`danger_words.write_places`) */
export const build = (phrases) => {
  const root = createNode(false);
  for (const [kind, phrase] of phrases) {
    let node = root;
    for (const place of phrase.split(" ")) node = childOf(node, place);
    node.kinds.add(kind);
  }
  return root;
};

/** @param {Node} node @param {string} word */
const after = (node, word) => [
  ...(node.words.get(word) ?? []),
  ...node.beginnings.filter(([beginning]) => word.startsWith(beginning)).map(([, reached]) => reached),
];

/** @param {Map<Node, Reading>} readings @param {Reading} reading */
const keep = (readings, reading) => {
  const [node, start, left] = reading;
  const known = readings.get(node);
  if (!known || left > known[2] || (left === known[2] && start < known[1])) readings.set(node, reading);
};

/**
 * Return the kinds of danger that a text tells of, in one pass over its words.
 *
 * @param {Node} root
 * @param {string} text
 * @returns {string[]}
 */
export const find = (root, text) => {
  /** @type {{ start: number, end: number, kind: string }[]} */
  const spans = [];
  /** @type {Map<Node, Reading>} */
  let underWay = new Map();
  const words = wordsOf(text);
  for (const [at, word] of words.entries()) {
    /** @type {Map<Node, Reading>} */
    const following = new Map();
    for (const [node, start, left] of /** @type {Reading[]} */ ([...underWay.values(), [root, at, 0]])) {
      for (const reached of after(node, word)) {
        keep(following, [reached, start, reached.isLoose ? GAP : 0]);
        for (const kind of reached.kinds) spans.push({ start, end: at, kind });
      }
      if (left) keep(following, [node, start, left - 1]);
    }
    underWay = following;
  }
  return told(spans, words.length);
};

/**
 * Set one place of a list by its number, without writing to a key of an object.
 *
 * @param {number[]} list
 * @param {number} at
 * @param {number} value
 */
const put = (list, at, value) => list.fill(value, at, at + 1);

/**
 * Return the kinds of these spans of words, without those inside a harmless one, and those that continue one.
 *
 * @param {{ start: number, end: number, kind: string }[]} spans
 * @param {number} count
 */
const told = (spans, count) => {
  const furthest = Array(count).fill(-1);
  const earliest = Array(count).fill(count);
  for (const { start, end, kind } of spans) {
    if (kind !== NOTHING) continue;
    put(furthest, start, Math.max(furthest[start], end));
    put(earliest, end, Math.min(earliest[end], start));
  }
  for (let at = 1; at < count; at += 1) put(furthest, at, Math.max(furthest[at], furthest[at - 1]));
  const kept = spans.filter(
    ({ start, end, kind }) => kind !== NOTHING && furthest[end] <= end && earliest[end] > start,
  );
  return [...new Set(kept.map(({ kind }) => kind))].sort();
};
