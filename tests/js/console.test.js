import assert from "node:assert/strict";
import { test } from "node:test";

import { keep, noteSent, written } from "../../static/pnav/console/drafts.js";
import {
  arrivalSentence,
  asked,
  byRank,
  inOrder,
  isInView,
  nextSeen,
  stepTo,
} from "../../static/pnav/console/numbers.js";
import { bestFirst, fold, rankOf } from "../../static/pnav/lib/search.js";

test("the list is in the order of whose turn it is, urgency, and how long the person has waited", () => {
  const one = (number, waits, urgency, minute) => ({ number, waits, urgency, since: `2026-11-27T10:${minute}:00Z` });
  const all = [
    one(1, "them", 2, "00"),
    one(2, "me", 0, "10"),
    one(3, "me", 0, "05"),
    one(4, "left", 2, "01"),
    one(5, "me", 2, "30"),
    one(6, "me", 0, "05"),
  ];
  assert.deepEqual(
    all.sort(byRank).map(({ number }) => number),
    [5, 3, 6, 2, 1, 4],
  );
});

test("an open procedure stays first, also once it was answered", () => {
  const since = "2026-11-27T10:00:00Z";
  const one = (number, waits, isEmergency) => ({ number, waits, urgency: 0, since, isEmergency });
  const all = [one(1, "me", false), one(2, "them", true), one(3, "left", false)];
  assert.deepEqual(
    all.sort(byRank).map(({ number }) => number),
    [2, 1, 3],
  );
});

test("words of danger that are not dealt with come before who waits, also once they were answered", () => {
  const since = "2026-11-27T10:00:00Z";
  const one = (number, waits, isMarked, urgency = 0) => ({ number, waits, urgency, since, isMarked });
  const all = [one(1, "me", false, 2), one(2, "them", true), one(3, "me", true)];
  assert.deepEqual(
    all.sort(byRank).map(({ number }) => number),
    [3, 2, 1],
  );
});

test("who is there comes before who is offline with the same urgency, unless these told of danger", () => {
  const one = (number, minute, more) => ({
    number,
    waits: "me",
    urgency: 0,
    since: `2026-11-27T10:${minute}:00Z`,
    ...more,
  });
  const all = [
    one(1, "00", { isOffline: true }),
    one(2, "10"),
    one(3, "00", { isOffline: true, urgency: 1 }),
    one(4, "20", { urgency: 1 }),
    one(5, "10", { isMarked: true }),
    one(6, "05", { isMarked: true, isOffline: true }),
  ];
  assert.deepEqual(
    all.sort(byRank).map(({ number }) => number),
    [6, 5, 4, 3, 2, 1],
  );
});

test("who was just given and is there comes before who is offline with the same urgency", () => {
  const one = (number, more) => ({ number, waits: "me", urgency: 1, since: "2026-11-27T10:00:00Z", ...more });
  const all = [
    one(1, { isOffline: true }),
    one(2, { waits: "given", since: "2026-11-27T10:10:00Z" }),
    one(3, { waits: "given", isOffline: true }),
    one(4, { urgency: 0 }),
    one(5, { since: "2026-11-27T10:20:00Z" }),
    one(6, { waits: "them", urgency: 2 }),
  ];
  assert.deepEqual(
    all.sort(byRank).map(({ number }) => number),
    [5, 2, 1, 3, 4, 6],
  );
});

const someone = (number, more) => ({
  number,
  waits: "me",
  urgency: 0,
  since: `2026-11-27T10:${20 - number}:00Z`,
  assigned: `2026-11-27T09:${10 + ((number * 3) % 7)}:00Z`,
  ...more,
});
const numbersIn = (order, all) => [...all].sort(inOrder(order)).map(({ number }) => number);

test("the list is in the order that was chosen", () => {
  const all = [1, 2, 3, 4].map((number) => someone(number, number === 4 ? { waits: "them" } : {}));
  assert.deepEqual(numbersIn("numero", all), [1, 2, 3, 4]);
  assert.deepEqual(numbersIn("attente", all), [3, 2, 1, 4], "who waits longest first, and who has to write last");
  assert.deepEqual(numbersIn("arrivee", all), [2, 4, 1, 3], "who was given last is first");
});

test("an order that this page does not know is the given one", () => {
  const all = [someone(1), someone(2, { urgency: 1 })];
  for (const order of ["", "urgence", "autre", "constructor"]) assert.deepEqual(numbersIn(order, all), [2, 1], order);
});

test("in every order a procedure, danger, a critical urgency and who has had no answer stand first", () => {
  const head = [
    someone(9, { isEmergency: true, waits: "left" }),
    someone(8, { isMarked: true, waits: "them" }),
    someone(7, { urgency: 2, waits: "them" }),
    someone(6, { isUnanswered: true }),
  ];
  const others = [someone(1), someone(5, { urgency: 2, waits: "left" }), someone(2, { urgency: 1 })];
  for (const order of ["attente", "numero", "arrivee"])
    assert.deepEqual(numbersIn(order, [...others, ...head].reverse()).slice(0, 4), [9, 8, 7, 6], order);
  assert.deepEqual(numbersIn("numero", [...head, ...others]), [9, 8, 7, 6, 1, 2, 5]);
});

test("the list is narrowed to who waits for an answer, or to who is in danger", () => {
  const answered = { waits: "them", urgency: 2 };
  const waiting = { waits: "me", urgency: 0 };
  assert.ok(isInView("a-repondre", { ...answered, waits: "given" }), "it was just given");
  const shown = (view) => [answered, waiting].filter((one) => isInView(view, one));
  assert.deepEqual(shown(""), [answered, waiting]);
  assert.deepEqual(shown("a-repondre"), [waiting]);
  assert.deepEqual(shown("urgents"), [answered]);
});

test("words of danger and an open procedure are in each view, answered or not and whatever the urgency", () => {
  const one = { waits: "them", urgency: 0 };
  for (const view of ["", "a-repondre", "urgents"]) {
    assert.ok(isInView(view, { ...one, isMarked: true }), view);
    assert.ok(isInView(view, { ...one, isEmergency: true }), view);
    assert.equal(isInView(view, { ...one, isMarked: false, isEmergency: false }), view === "", view);
  }
});

test("one further down or up, from the last to the first", () => {
  assert.equal(stepTo(3, 0, 1), 1);
  assert.equal(stepTo(3, 2, 1), 0);
  assert.equal(stepTo(3, 0, -1), 2);
  assert.equal(stepTo(3, -1, 1), 0);
  assert.equal(stepTo(3, -1, -1), 2);
  assert.equal(stepTo(1, 0, 1), 0);
});

test("a key is known by its letter, and by its place on keyboards that are not Latin", () => {
  assert.deepEqual(asked({ key: "r", code: "KeyR" }), { letter: "R" });
  assert.deepEqual(asked({ key: "a", code: "KeyQ" }), { letter: "A" }); // AZERTY: the letter counts
  assert.deepEqual(asked({ key: "ק", code: "KeyE" }), { letter: "E" });
  assert.deepEqual(asked({ key: "&", code: "Digit1" }), { number: 1 }); // AZERTY: digits need Shift
  assert.deepEqual(asked({ key: "7", code: "Numpad7" }), { number: 7 });
  assert.deepEqual(asked({ key: "ArrowUp", code: "ArrowUp" }), { step: -1 });
  assert.deepEqual(asked({ key: "ArrowDown", code: "ArrowDown" }), { step: 1 });
  for (const event of [
    { key: "0", code: "Digit0" },
    { key: "Enter", code: "Enter" },
    { key: "F1", code: "F1" },
    { key: "é", code: "Digit2x" },
    { key: "Shift", code: "ShiftLeft" },
  ]) {
    assert.equal(asked(event), null, event.key);
  }
});

const found = (title, text, wanted, also = "") => rankOf({ titles: [title], also, text }, wanted);

test("replies are found by any of their words, without accents or capitals", () => {
  assert.equal(fold("Œuvre ÉLÈVE Æ"), "oeuvre eleve ae");
  assert.equal(found("Se présenter", "Bonjour, je m’appelle Camille", "camille BONJ"), 3);
  assert.equal(found("Se présenter", "n’importe quoi", "  "), 0);
  assert.equal(found("Se présenter", "Bonjour", "bonjour soir"), Infinity);
});

test("what is called by the words comes before what only has them in its text", () => {
  const replies = [
    { title: "Garder les preuves", also: "Les faits capture", text: "Faites une capture avant de bloquer." },
    { title: "Demander les faits", also: "Les faits preuve", text: "Que s’est-il passé ?" },
    { title: "Pause avant de reprendre", also: "", text: "Prenons un moment." },
    { title: "Avant  de terminer", also: "Fin", text: "Y a-t-il autre chose ?" },
  ];
  const read = ({ title, also, text }) => ({ titles: [title], also, text });
  const titles = (wanted) => bestFirst(replies, wanted, read).map(({ title }) => title);
  assert.deepEqual(titles("avant de"), ["Avant  de terminer", "Pause avant de reprendre", "Garder les preuves"]);
  assert.deepEqual(titles("preuve"), ["Garder les preuves", "Demander les faits"]);
  assert.deepEqual(titles("faits"), ["Demander les faits", "Garder les preuves"]);
  assert.deepEqual(titles("de avant"), ["Pause avant de reprendre", "Avant  de terminer", "Garder les preuves"]);
  assert.deepEqual(
    titles(""),
    replies.map(({ title }) => title),
    "nothing typed: as they were given",
  );
});

test("something with several names, or with none, is found as what it is", () => {
  assert.equal(rankOf({ titles: ["2 · héron · Lyon", "héron · Lyon"] }, "her"), 0);
  assert.equal(rankOf({ titles: ["2 · héron · Lyon", "héron · Lyon"] }, "2 lyon"), 1);
  assert.equal(rankOf({ titles: ["1 · héron"] }, "1"), 0);
  assert.equal(rankOf({ titles: ["12 · héron"] }, "1"), 0.5); // a number is meant whole
  assert.equal(rankOf({ titles: ["12 · héron", "1 · héron"] }, "1"), 0);
  assert.equal(rankOf({ titles: ["Terminer 12 · héron"] }, "terminer 1"), 0.5);
  assert.equal(rankOf({ titles: ["12 · héron"] }, "12 · h"), 0);
  assert.equal(rankOf({ titles: [], text: "Appelez le 17" }, "appelez"), 3);
  assert.equal(rankOf({ titles: [], text: "Appelez le 17" }, ""), 0);
});

const FORM = {};
const area = (value, defaultValue = "", more = {}) => ({
  value,
  defaultValue,
  readOnly: false,
  form: FORM,
  dataset: {},
  ...more,
});

test("what is being written goes into the part that takes its place", () => {
  const fresh = area("");
  keep(area("un brouillon"), fresh, undefined, false);
  assert.equal(fresh.value, "un brouillon");
});

test("what was not touched follows the server", () => {
  const fresh = area("nouveau", "nouveau");
  keep(area("ancien", "ancien"), fresh, undefined, false);
  assert.equal(fresh.value, "nouveau");
});

test("the form that was sent gives nothing back, unless its words were not taken", () => {
  const taken = area("");
  keep(area("parti"), taken, FORM, false);
  assert.equal(taken.value, "");
  const given = area("rendu", "rendu");
  keep(area("rendu"), given, FORM, true);
  assert.deepEqual([given.value, given.defaultValue], ["rendu", ""]); // a draft as if typed here: the next swap keeps it
  const next = area("");
  keep(given, next, undefined, false);
  assert.equal(next.value, "rendu");
});

test("what is typed after a form was sent is kept, without the words that were taken", () => {
  const sending = (value, id) => {
    const field = { ...area(value), id, matches: () => true };
    noteSent({ elements: [field] });
    return field;
  };
  const after = (field, fresh = area(""), isUntaken = false) => {
    keep(field, fresh, FORM, isUntaken);
    return fresh.value;
  };
  const field = sending("Il appelle la nuit.", "note-1");
  assert.equal(after(field), "", "nothing was typed");
  field.value += "\n  Et au collège.";
  assert.equal(after(field), "Et au collège.");
  const given = () => area("Il appelle la nuit.", "Il appelle la nuit.");
  assert.equal(after(field, given(), true), field.value, "none was taken");
  assert.equal(after(field, given()), field.value, "a note that was corrected is in its field again");
  assert.equal(after(field, area("", "", { readOnly: true })), "");
  field.value = "Autre chose.";
  assert.equal(after(field), "Autre chose.", "the words that were sent are gone from the field");
  field.value = "";
  assert.equal(after(field), "");
  assert.equal(after({ ...area("jamais parti"), id: "note-2" }), "", "its form was sent by no script of ours");
});

test("a text that was sent empty stays empty where the server proposes words", () => {
  const given = area("");
  keep(area("", "Proposé."), given, FORM, true);
  const [proposed, again] = [area("Proposé.", "Proposé."), area("Proposé.", "Proposé.")];
  keep(given, proposed, undefined, false);
  keep(proposed, again, undefined, false);
  assert.deepEqual([proposed.value, again.value], ["", ""]);
  const accepted = area("", "");
  keep(again, accepted, FORM, false);
  assert.deepEqual(accepted.dataset, {}, "it was taken");
});

test("nothing is written where nothing can be written any more", () => {
  const fresh = area("", "", { readOnly: true });
  keep(area("trop tard"), fresh, undefined, false);
  assert.equal(fresh.value, "");
});

test("a choice is kept while it is still there; what was open stays open", () => {
  const options = (...values) => values.map((value) => ({ value }));
  const choice = (value, ...values) => ({ value, options: options(...values), form: FORM, closest: () => null });
  const fresh = choice("a", "a", "b");
  keep(choice("b", "a", "b"), fresh, undefined, false);
  assert.equal(fresh.value, "b");
  const without = choice("a", "a");
  keep(choice("b", "a", "b"), without, undefined, false);
  assert.equal(without.value, "a");
  const details = { open: false };
  keep({ open: true }, details, undefined, false);
  assert.equal(details.open, true);
});

test("a list of a panel keeps what the agent has chosen in it, unless it was sent, and otherwise follows the server", () => {
  const list = (value, drawn) => {
    const options = ["", "1", "2"].map((one) => ({ value: one, defaultSelected: one === drawn }));
    return { value, options, selectedIndex: Number(value), form: FORM, closest: () => null };
  };
  const after = (field, drawn, sent) => {
    const fresh = list(drawn, drawn);
    keep(field, fresh, sent, false);
    return fresh.value;
  };
  assert.equal(after(list("2", ""), ""), "2");
  assert.equal(after(list("1", "1"), "2"), "2", "it was not touched");
  assert.equal(after(list("2", ""), "", FORM), "", "it was sent");
});

test("a box that the agent has ticked stays ticked, unless it was sent", () => {
  const box = (checked, defaultChecked = false) => ({ type: "checkbox", checked, defaultChecked, form: FORM });
  const after = (field, drawn, sent) => {
    const fresh = box(drawn, drawn);
    keep(field, fresh, sent, false);
    return fresh.checked;
  };
  assert.equal(after(box(true), false), true);
  assert.equal(after(box(false), true), true, "it was not touched");
  assert.equal(after(box(true), false, FORM), false, "it was sent");
});

test("a list of the duty bar keeps what the agent has chosen in it, and otherwise follows the server", () => {
  const list = (value, drawn) => {
    const options = ["1", "2", "3"].map((one) => ({ value: one, defaultSelected: one === drawn }));
    return {
      value,
      options,
      selectedIndex: Number(value) - 1,
      form: FORM,
      closest: (way) => (way === ".console-duty" ? FORM : null),
    };
  };
  const after = (field, drawn) => {
    const fresh = list(drawn, drawn);
    keep(field, fresh, undefined, false);
    return fresh.value;
  };
  assert.equal(after(list("2", "3"), "3"), "2");
  assert.equal(after(list("3", "3"), "1"), "1", "another page of the agent has chosen it");
  assert.equal(after(list("1", ""), "3"), "3", "the first one stands where none is drawn as chosen");
});

test("written is what differs from what the server drew", () => {
  const given = [area("a", "a"), area("b", "a"), area("c", "c")];
  const areas = given.map((one, at) => Object.assign(one, { dataset: at === 2 ? { toCopy: "" } : {} }));
  assert.deepEqual(written({ querySelectorAll: () => areas }), areas.slice(1), "and what it gave back to be copied");
});

test("the key to the next one goes by what was on the screen while the hand was on its way", () => {
  const [just, before, old] = [{ turnAt: 9_900 }, { turnAt: 8_500 }, {}];
  assert.equal(nextSeen([just, before], 10_000), before);
  assert.equal(nextSeen([just, old], 10_000), old);
  assert.equal(nextSeen([before, just], 10_000), before);
  assert.equal(nextSeen([just], 10_000), just, "nobody else waits");
  assert.equal(nextSeen([just, before], 11_400), just, "seen by then");
  assert.equal(nextSeen([], 10_000), undefined);
});

test("a key is announced only where there is one", () => {
  for (const number of [1, 9]) {
    assert.ok(asked({ key: String(number), code: `Digit${number}` })?.number);
    assert.equal(arrivalSentence(number), "assigned");
    assert.equal(arrivalSentence(number, true), "assigned_danger");
  }
  assert.equal(asked({ key: "0", code: "Digit0" })?.number, undefined);
  assert.equal(arrivalSentence(10), "assigned_without_key");
  assert.equal(arrivalSentence(10, true), "assigned_without_key_danger");
});
