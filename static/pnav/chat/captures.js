/**
 * The page of captures: several files can be chosen, pasted or dropped at once, and are sent in slices while their
 * progress is shown. One file is sent at a time, and the exchange stays alive meanwhile. Without this script the form
 * sends one file.
 *
 * @module
 */

import { byId, fromTemplate, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { stayInExchange } from "./beside.js";
import { idOf, sendFile } from "./upload.js";

/** @typedef {import("./upload.js").Answer} Answer */

const data = byId("captures-page").dataset;
const listening = new AbortController();
const SLICE_MS = 60_000; // 240 KiB take 40 seconds at 50 kbit/s

/** @type {File[]} */
const waiting = [];
let isSending = false;

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

/** Show the line of a file in the list of what is being sent. @param {File} file */
const showLine = (file) => {
  const line = fromTemplate("sending-one");
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (line.querySelector(`[data-part=${name}]`));
  part("name").textContent = file.name;
  part("bar").setAttribute("aria-label", file.name);
  part("stop").textContent = data.stop ?? "";
  byId("sending").append(line);
  return {
    line,
    bar: /** @type {HTMLProgressElement} */ (part("bar")),
    said: part("said"),
    stop: part("stop"),
  };
};

/** @param {File} file */
const sendOne = async (file) => {
  const { line, bar, said, stop } = showLine(file);
  const life = new AbortController();
  stop.addEventListener("click", () => life.abort(), { once: true });
  /** @param {number} received */
  const percent = (received) => Math.floor((100 * received) / file.size);
  /** @param {string} text */
  const say = (text) => {
    if (said.textContent !== text) said.textContent = text;
  };
  const id = await idOf(data.salt ?? "", file);
  const { end, said: why } = await sendFile(
    file,
    id,
    server,
    {
      moved(received) {
        bar.value = percent(received);
        // The percentage changes in steps of ten, because a screen reader reads each change.
        say((data.sending ?? "").replace("{percent}", String(10 * Math.floor(percent(received) / 10))));
      },
      waiting: (isWaiting, isTurn) => isWaiting && say((isTurn ? data.turn : data.waiting) ?? ""),
    },
    { sleep, signal: life.signal },
  );
  stop.remove();
  if (end === "whole") say(data.sent ?? "");
  if (end === "stopped") say(data.stopped ?? "");
  if (end === "refused") {
    say(why || (data.away ?? ""));
    line.classList.add("fr-message--error");
  }
  return end;
};

const sendNext = async () => {
  if (isSending) return;
  isSending = true;
  let isAnySent = false;
  for (let file = waiting.shift(); file !== undefined && !listening.signal.aborted; file = waiting.shift()) {
    const end = await sendOne(file);
    isAnySent ||= end === "whole";
    if (end === "over") break;
  }
  isSending = false;
  // The server draws the list below. The page is loaded again once nothing is being sent, unless it shows an error.
  if (isAnySent && !byId("sending").querySelector(".fr-message--error")) location.reload();
};

/** @param {Iterable<File>} files */
const take = (files) => {
  const error = byId("capture-error");
  error.hidden = true;
  for (const file of files) {
    const most = Number(data.mostBytes);
    if (file.size === 0 || file.size > most) {
      error.textContent = (file.size === 0 ? data.empty : data.tooLarge) ?? "";
      error.hidden = false;
    } else {
      waiting.push(file);
    }
  }
  sendNext();
};

const form = seek("#send", document, HTMLFormElement);
if (form !== null && globalThis.crypto?.subtle !== undefined) {
  const input = byId("capture", HTMLInputElement);
  input.multiple = true;
  byId("capture-drop").hidden = false;
  form.addEventListener("submit", (event) => {
    if (input.files === null || input.files.length === 0) return; // the server says that a file is missing
    event.preventDefault();
    take([...input.files]);
    input.value = "";
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) {
      event.preventDefault();
      take(files);
    }
  });
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("pnav-capture--over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("pnav-capture--over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("pnav-capture--over");
    take([...(event.dataTransfer?.files ?? [])]);
  });
  // The browser asks before somebody leaves while a file is being sent. The quick exit leaves without being asked.
  addEventListener("beforeunload", (event) => {
    if (isSending && !document.documentElement.classList.contains("pnav-leaving")) event.preventDefault();
  });
}

stayInExchange(data, listening, () => {
  waiting.length = 0;
});
