import assert from "node:assert/strict";
import { test } from "node:test";
import { linksFor } from "../../static/pnav/console/public-pages.js";

/** @type {import("../../static/pnav/console/public-pages.js").Page[]} */
const PAGES = [
  ["La loi", { vous: "La loi : {site}/loi/", tu: "Ta loi : {site}/loi/", en: "The law: {site}/en/loi/" }],
  ["Tu as moins de 18 ans ?", { vous: "Tu as moins de 18 ans ? {site}/mineurs/" }],
];
const words = (/** @type {Record<string, string>} */ answer) =>
  linksFor(PAGES, answer, "https://pnav.example").map((one) => one.words);

test("the words are those of the person, and the title is for the agent", () => {
  assert.deepEqual(words({ answeredIn: "fr" }), [
    "La loi : https://pnav.example/loi/",
    "Tu as moins de 18 ans ? https://pnav.example/mineurs/",
  ]);
  assert.deepEqual(words({ answeredIn: "", familiar: "" }), [
    "Ta loi : https://pnav.example/loi/",
    "Tu as moins de 18 ans ? https://pnav.example/mineurs/",
  ]);
  assert.deepEqual(words({ answeredIn: "en", familiar: "" })[0], "The law: https://pnav.example/en/loi/");
  assert.equal(linksFor(PAGES, { answeredIn: "en" }, "")[0].title, "La loi");
});

test("a page that lacks the language is in the source language", () => {
  assert.equal(words({ answeredIn: "en" })[1], "Tu as moins de 18 ans ? https://pnav.example/mineurs/");
});

test("nothing is offered while the screen of the person is watched", () => {
  assert.deepEqual(words({ answeredIn: "fr", watched: "" }), []);
});
