/**
 * On the page of captures several files can be chosen, pasted or dropped at once, and are sent in slices while their
 * progress is shown. One file is sent at a time, and the exchange stays alive meanwhile. Without this script the form
 * sends one file.
 *
 * @module
 */

import { all, byId, fromTemplate, markRun, seek } from "../lib/dom.js";
import { heldIn, passFocus } from "../lib/focus.js";
import { request } from "../lib/http.js";
import { createVoice } from "../lib/voice.js";
import { stayInExchange } from "./beside.js";
import { tellNotTaken, watchGivenFiles } from "./given-files.js";
import { idOf, sendFile } from "./upload.js";
import { showVisitEnded } from "./visit-ended.js";

/** @typedef {import("./upload.js").Answer} Answer */

const data = byId("captures-page").dataset;
const listening = new AbortController();
const SLICE_MS = 60_000; // 240 KiB take 40 seconds at 50 kbit/s
const LONG_MS = 5000; // after it a screen reader says once that half of a file is sent

/** @type {File[]} */
const waiting = [];
const reading = new XMLHttpRequest();
// What an agent handed over is not drawn there, because the page would not show it and it would count as seen.
const listAddress = new URL(location.href);
listAddress.searchParams.set("liste", "");
let isSending = false;
let isReading = false;
let isOutdated = false; // a file came while the list was being read

/**
 * @param {RequestInit} options
 * @returns {Promise<Answer | null>}
 */
const post = async (options) => {
  try {
    const headers = { ...options.headers, "X-CSRFToken": data.csrf ?? "", Accept: "application/json" };
    const answer = await request(data.upload ?? "", { ...options, method: "POST", headers }, SLICE_MS);
    if (answer.redirected) return null;
    return { status: answer.status, body: await answer.json() };
  } catch {
    return null; // there is no network, or the answer is from another site: it is tried again
  }
};

/** @type {import("./upload.js").Server} */
const server = {
  begin: (asked) =>
    post({
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...asked, fact: data.fact ?? "" }),
    }),
  send: (id, offset, slice) =>
    post({
      headers: { "Content-Type": "application/octet-stream", "Upload-Id": id, "Upload-Offset": String(offset) },
      body: slice,
    }),
};

/** Wait this long, or until there is a network again. @type {(ms: number) => Promise<void>} */
const sleep = (ms) =>
  new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      removeEventListener("online", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake);
  });

const voice = createVoice(byId("voice"));

/**
 * Let screen readers say what becomes of a file, with its name: the lines change too often to be said themselves.
 *
 * @param {string} name "" for a folder
 * @param {string} text
 */
const tell = (name, text) => voice([name, text].filter(Boolean).join(". "));

/** Show the line of a file in the list of what is being sent. @param {string} name of the file */
const showLine = (name) => {
  const line = fromTemplate("sending-one");
  /** @param {string} wanted */
  const part = (wanted) => /** @type {HTMLElement} */ (line.querySelector(`[data-part=${wanted}]`));
  part("name").textContent = name;
  part("bar").setAttribute("aria-label", name);
  part("stop").textContent = data.stop ?? "";
  byId("sending").append(line);
  return {
    line,
    bar: /** @type {HTMLProgressElement} */ (part("bar")),
    said: part("said"),
    stop: part("stop"),
  };
};

/** Say in the list why a file is not sent. @param {string} name "" for a folder @param {string} text */
const tellRefused = (name, text) => {
  const { line, bar, said, stop } = showLine(name);
  bar.remove();
  stop.remove();
  said.textContent = text;
  line.classList.add("fr-message--error");
  tell(name, text);
};

/** @param {Document | null} page as the server draws it now */
const showList = (page) => {
  const drawn = page && seek("#own-captures", page);
  if (!drawn || listening.signal.aborted) return;
  const list = byId("own-captures");
  const ticked = new Set(all("[name=one]:checked", list, HTMLInputElement).map((box) => box.value));
  for (const box of all("[name=one]", drawn, HTMLInputElement)) box.checked = ticked.has(box.value);
  const held = heldIn(list);
  list.replaceWith(drawn);
  passFocus(held, drawn);
};

/**
 * Show the list of captures as the server draws it now. The rest of the page stays, with what it says of each file. If
 * reading fails, the list is an older one, and what was sent is there all the same.
 *
 * For each page that it draws the server decrypts the names of all captures, so one is asked for at a time, at most one
 * for each file of which the server stored something, and after the last one. What came while one was on its way is in
 * the next one.
 */
const readList = () => {
  isOutdated = isReading;
  if (isReading) return;
  isReading = true;
  reading.open("GET", listAddress.href);
  reading.responseType = "document"; // parsed by the browser: no text becomes HTML here
  reading.timeout = 20_000;
  reading.onload = () => showList(reading.response);
  reading.onloadend = () => {
    isReading = false;
    if (isOutdated && !listening.signal.aborted) readList();
  };
  reading.send();
};

/**
 * Send a file, and say so in its line.
 *
 * @param {File} file
 * @returns {Promise<{ isOver: boolean, isListed: boolean }>} isOver: the visit is. isListed: the list says something else
 *   now. It does not of a file that was refused as it began, or that could not be read
 */
const sendOne = async (file) => {
  const { line, bar, said, stop } = showLine(file.name);
  const life = new AbortController();
  stop.addEventListener("click", () => life.abort(), { once: true });
  listening.signal.addEventListener("abort", () => life.abort());
  /** @param {number} received */
  const percent = (received) => Math.floor((100 * received) / file.size);
  /** @param {string} text @param {boolean} [isTold] to screen readers too */
  const say = (text, isTold = true) => {
    if (said.textContent === text) return;
    said.textContent = text;
    if (isTold) tell(file.name, text);
  };
  let stored = -1; // bytes, once the file has begun
  const begunAt = Date.now();
  let isHalfTold = false;
  const news = {
    /** @param {number} received */
    moved(received) {
      stored = received;
      bar.value = percent(received);
      const isHalf = !isHalfTold && received < file.size && percent(received) >= 50 && Date.now() - begunAt > LONG_MS;
      if (isHalf) isHalfTold = true;
      // In steps of ten: the bar shows the rest.
      const text = (data.sending ?? "").replace("{percent}", String(10 * Math.floor(percent(received) / 10)));
      say(text, false);
      if (isHalf) tell(file.name, text);
    },
    /** @param {boolean} isWaiting @param {boolean} isTurn */
    waiting: (isWaiting, isTurn) => isWaiting && say((isTurn ? data.turn : data.waiting) ?? ""),
  };
  const id = await idOf(data.salt ?? "", file);
  // The list says of a file that was interrupted that it waits to be chosen again. Now it was. If it was the only one,
  // its form goes too, or « Effacer » would stand there with nothing to tick.
  const interrupted = id ? seek(`#captures-list [value="${id}"]`)?.closest("li") : null;
  if (interrupted) {
    const isOnly = all("#captures-list > li").length === 1;
    const gone = (isOnly ? interrupted.closest("form") : null) ?? interrupted;
    if (heldIn(gone)) byId("own-captures").focus({ preventScroll: true });
    gone.remove();
  }
  const { end, said: why } = id
    ? await sendFile(file, id, server, news, { sleep, signal: life.signal })
    : { end: /** @type {const} */ ("unread"), said: "" };
  if (heldIn(stop)) byId("sending").focus({ preventScroll: true });
  stop.remove();
  bar.remove();
  if (end === "whole") say(why || (data.sent ?? ""));
  if (end === "stopped") say(data.stopped ?? "");
  if (end === "refused" || end === "unread") {
    say(why || (end === "unread" ? data.unread : data.away) || "");
    line.classList.add("fr-message--error");
  }
  const isBegun = end === "refused" ? stored > 0 : stored >= 0;
  return { isOver: end === "over", isListed: isBegun || Boolean(interrupted) };
};

/** The visit has ended. Nothing is sent any more, and nothing is asked before this page is left. */
const finish = () => {
  listening.abort();
  waiting.length = 0;
  isSending = false;
};

/**
 * No line tells this page of its visit, or its answer was the first to tell. Then the line ends too, and says so: the
 * visit that it would come back to is another one.
 */
const leave = () => {
  if (listening.signal.aborted) return;
  if (line) line.end();
  else {
    finish();
    showVisitEnded();
  }
};

const sendNext = async () => {
  if (isSending) return;
  isSending = true;
  for (let file = waiting.shift(); file !== undefined && !listening.signal.aborted; file = waiting.shift()) {
    const { isOver, isListed } = await sendOne(file);
    if (isOver) {
      leave();
      return;
    }
    if (isListed && !listening.signal.aborted) readList();
  }
  isSending = false;
};

/** What the server said of the form before, that a file was missing, is true no more. */
const mend = () => {
  const field = byId("capture");
  field.removeAttribute("aria-invalid");
  field.setAttribute("aria-describedby", "capture-hint");
  field.closest(".fr-upload-group")?.classList.remove("fr-upload-group--error");
  byId("capture-error").hidden = true;
  document.title = document.title.replace(data.wrong ?? "", "").trim();
};

/** @param {Iterable<File>} files @param {boolean} [hasFolder] */
const take = (files, hasFolder = false) => {
  if (listening.signal.aborted) return; // the page shows nothing of this any more
  mend();
  if (!isSending) byId("sending").replaceChildren();
  if (hasFolder) tellRefused("", data.folder ?? "");
  const most = Number(data.mostBytes);
  for (const file of files) {
    if (file.size === 0) tellRefused(file.name, data.empty ?? "");
    else if (file.size > most) tellRefused(file.name, data.tooLarge ?? "");
    else waiting.push(file);
  }
  sendNext();
  // A file that was pasted or dropped higher up is told of here. Nothing moves after that: somebody may be reading.
  byId("sending").lastElementChild?.scrollIntoView({ block: "nearest" });
};

const form = seek("#send", document, HTMLFormElement);
if (form !== null && globalThis.crypto?.subtle !== undefined) {
  const input = byId("capture", HTMLInputElement);
  input.multiple = true;
  byId("capture-drop").hidden = false;
  input.addEventListener("change", () => {
    if (input.files?.length) mend();
  });
  form.addEventListener("submit", (event) => {
    if (input.files === null || input.files.length === 0) return; // the server says that a file is missing
    event.preventDefault();
    take([...input.files]);
    input.value = "";
  });
  watchGivenFiles(take, (isOver) => form.classList.toggle("pnav-capture--over", isOver));
  // The browser asks before somebody leaves while a file is being sent. The quick exit leaves without being asked.
  addEventListener("beforeunload", (event) => {
    if (isSending && !document.documentElement.classList.contains("pnav-leaving")) event.preventDefault();
  });
} else {
  watchGivenFiles(tellNotTaken); // the question is not answered yet, or nothing is taken
}

const line = stayInExchange(data, listening, finish);
markRun();
