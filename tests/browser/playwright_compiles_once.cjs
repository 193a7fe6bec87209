/* Has Chromium compile once what Playwright puts into each document: see tests/browser/playwright_driver.py.
   NODE_OPTIONS=--require=…/playwright_compiles_once.cjs */
"use strict";
const Module = require("node:module");

const BUNDLE = "coreBundle.js";
/* The text that Playwright evaluates in each document holds the number of that document (`frameSeq` in the options), so
   that Chromium, which looks for a text that it has compiled, finds none. Here the text is the same in all documents and
   gives the class; its options are an argument of a second call. */
const CHANGES = [
  [
    "return new (module.exports.InjectedScript())(globalThis, ${JSON.stringify(options)});",
    "return module.exports.InjectedScript();",
  ],
  [
    /this\._injectedScriptPromise = this\.rawEvaluateHandle\((\w+)\)\.then\(/,
    (_whole, source) => `this._injectedScriptPromise = this.rawEvaluateHandle(${source}).then(
      (made) => this.raceAgainstContextDestroyed(this.delegate.evaluateWithArguments(
        "(made, options) => new made(globalThis, options)", false, made, [options], [],
      ))).then(`,
  ],
];

const changed = (text) => {
  const wholes = CHANGES.map(([from, to]) => [text.split(from).length, from, to]);
  // Another version of Playwright, of which nobody knows this: it is left as it is, and a test says so.
  if (wholes.some(([parts, from]) => parts !== (from instanceof RegExp ? 3 : 2))) return text;
  return CHANGES.reduce((before, [from, to]) => before.replace(from, to), text);
};

const compile = Module.prototype._compile;
Module.prototype._compile = function (text, file, ...more) {
  if (!file.endsWith(BUNDLE)) return compile.call(this, text, file, ...more);
  Module.prototype._compile = compile;
  return compile.call(this, changed(text), file, ...more);
};
