/* Every regular expression of our scripts, driven with hostile texts: see tests/support/patterns.py.
   node --expose-internals patterns.cjs FOLDER [PATTERN] writes {found: [...], unreadable: [...], growing: [...]}. */
"use strict";
const fs = require("node:fs"), path = require("node:path");
const acorn = require("internal/deps/acorn/acorn/dist/acorn");
const walk = require("internal/deps/acorn/acorn-walk/dist/walk");

const LENGTH = 2000, SMALL_MS = 0.5, RATIO = 2.5;
const RUNS = ["a", "A", "1", "é", "😀", "漢", "م", "ж", "\u0301", "\u0301\u0316", "\u202e", "👩\u200d", "\u200b", "\u{e0061}", "🏴\u{e0061}",
  " ", "\t", "\n", "\r\n", ".", "a.", "。", "-", "a@", "/", "{", "{a", "[", "(", "'", "*", ":", "xn--", "http", "<", "<a", "\u3000", "_", "=", "on", "!", "…", "a ", " 1"];
const TAILS = ["", "\0", " ", "!", "1", "a", "\n", ".", "é"];

/* The value of an argument of RegExp: texts, templates and constants of the same file. */
const value = (node, constants) => {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral")
    return node.quasis.map((one, n) => one.value.cooked + (node.expressions[n] ? value(node.expressions[n], constants) : "")).join("");
  if (node.type === "BinaryExpression" && node.operator === "+") return value(node.left, constants) + value(node.right, constants);
  if (node.type === "Identifier" && constants.has(node.name)) return value(constants.get(node.name), constants);
  throw new Error("not a constant");
};

const [folder, only] = process.argv.slice(2);
const found = [], unreadable = [];
const read = (file) => {
  const tree = acorn.parse(fs.readFileSync(file, "utf8"), { ecmaVersion: "latest", locations: true, sourceType: "module" });
  const constants = new Map(), name = path.relative(folder, file);
  walk.full(tree, (node) => {
    if (node.type === "VariableDeclaration" && node.kind === "const")
      for (const one of node.declarations) if (one.id.type === "Identifier" && one.init) constants.set(one.id.name, one.init);
  });
  walk.full(tree, (node) => {
    const where = `${name}:${node.loc.start.line}`;
    if (node.type === "Literal" && node.regex) found.push({ where, source: node.regex.pattern, flags: node.regex.flags });
    if (["NewExpression", "CallExpression"].includes(node.type) && node.callee.name === "RegExp") {
      try {
        const [source, flags = ""] = node.arguments.map((one) => value(one, constants));
        found.push({ where, source, flags });
      } catch {
        unreadable.push(where);
      }
    }
  });
};

const pieces = (source) => {
  const plain = source.replace(/\\u\{([0-9a-f]+)\}|\\[ux]([0-9a-f]{4}|[0-9a-f]{2})/gi, (_, one, two) => String.fromCodePoint(parseInt(one || two, 16)))
    .replace(/\\[pP]\{\w+\}/g, "é").replace(/\\d/g, "1").replace(/\\s/g, " ").replace(/\\w/g, "a").replace(/\\[bBS]/g, "").replace(/\\(.)/g, "$1");
  return [...new Set(plain)].slice(0, 40);
};

const milliseconds = (pattern, text, times) => {
  let best = Infinity;
  for (let n = 0; n < times; n++) {
    const began = process.threadCpuUsage();
    let last = 0;
    for (const one of text.matchAll(pattern)) last = one.index;
    const took = process.threadCpuUsage(began);
    best = Math.min(best, (took.user + took.system) / 1000);
    if (last < 0) throw new Error("never");
  }
  return best;
};

const growth = ({ where, source, flags }) => {
  const pattern = new RegExp(source, flags.includes("g") ? flags : `${flags}g`);
  const own = pieces(source), pairs = own.slice(0, 8).flatMap((one) => own.slice(0, 8).map((other) => one + other));
  for (const run of new Set([...RUNS, ...own, ...pairs])) for (const tail of TAILS) {
    const text = (n) => run.repeat(Math.max(1, Math.floor(n / run.length))) + tail;
    const why = `${where}: /${source}/${flags}: ${JSON.stringify(run)} × n + ${JSON.stringify(tail)}`;
    for (const n of [24, 100]) if (milliseconds(pattern, text(n), 1) > 1000) return `${why}: more than a second for ${n} characters`;
    if (milliseconds(pattern, text(LENGTH), 1) < SMALL_MS) continue;
    const [one, four] = [LENGTH, 4 * LENGTH].map((n) => milliseconds(pattern, text(n), 3));
    if (four > Math.max(RATIO ** 2 * one, 4 * SMALL_MS)) return `${why}: ${one.toFixed(1)} ms, ${four.toFixed(1)} for four times the length`;
  }
  return "";
};

if (only) found.push({ where: "given", source: only, flags: "u" });
else for (const file of fs.readdirSync(folder, { recursive: true }).filter((one) => one.endsWith(".js")).sort()) read(path.join(folder, file));
const alike = new Map(found.map((one) => [`/${one.source}/${one.flags}`, one])); // one that stands in several places: once
process.stdout.write(JSON.stringify({ found, unreadable, growing: [...alike.values()].map(growth).filter(Boolean) }));
