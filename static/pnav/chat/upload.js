/**
 * Sends one file in slices. After a cut it goes on where it was, and no slice is stored twice, whatever the network
 * does. Only what the server acknowledged counts as received. This module knows neither the page nor the network.
 *
 * @module
 */

const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];
const TURN_MS = 2_000; // the pause that the server asks for
const TURNS_MOST = 5;

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {{ received?: number, slice?: number, is_whole?: boolean, said?: string, busy?: boolean }} body busy: others
 *   send now, and nothing of this was begun
 */

/**
 * @typedef {object} Server both give null when nothing usable came back
 * @property {(asked: { id: string, size: number, name: string }) => Promise<Answer | null>} begin
 * @property {(id: string, offset: number, slice: Blob) => Promise<Answer | null>} send
 */

/**
 * @typedef {object} News
 * @property {(received: number) => void} moved so many bytes are there
 * @property {(isWaiting: boolean, isTurn: boolean) => void} waiting for the network, or for its turn behind others who
 *   send (isTurn); or no longer
 */

/**
 * @typedef {"whole" | "over" | "stopped" | "refused" | "unread"} End
 */

/**
 * Return these bytes of a file, or null when the device does not give them: the file was removed meanwhile, or is a
 * folder. A request with such a part would fail as one without a network does, and be sent again and again.
 *
 * @param {{ slice: (start: number, end: number) => Blob }} file
 * @param {number} start
 * @param {number} end
 * @returns {Promise<Blob | null>}
 */
const partOf = async (file, start, end) => {
  try {
    return new Blob([await file.slice(start, end).arrayBuffer()]);
  } catch {
    return null;
  }
};

/**
 * Send a whole file.
 *
 * @param {{ size: number, name: string, slice: (start: number, end: number) => Blob }} file
 * @param {string} id the same one for the same file
 * @param {Server} server
 * @param {News} news
 * @param {{ sleep: (ms: number) => Promise<void>, signal: { aborted: boolean }, random?: () => number }} life
 * @returns {Promise<{ end: End, said: string }>} over: the visit is. unread: the device does not give the file. said: why
 *   it was refused; or, of a whole file, what the server says of one that was there before
 */
export const sendFile = async (file, id, server, news, { sleep, signal, random = Math.random }) => {
  let received = -1; // the upload has not begun, or the server has to be asked again
  let slice = 1;
  let failures = 0;
  let turns = 0;
  let isWaiting = false;
  let isBegun = false;
  let before = ""; // what the server said as the file began: later answers tell of what was sent since
  while (!signal.aborted) {
    const part = received < 0 ? null : await partOf(file, received, Math.min(received + slice, file.size));
    if (received >= 0 && part === null) return { end: "unread", said: "" };
    const answer =
      part === null
        ? await server.begin({ id, size: file.size, name: file.name })
        : await server.send(id, received, part);
    if (signal.aborted) break;
    if (answer?.status === 503 && answer.body.busy) {
      isWaiting = true;
      news.waiting(true, true);
      // Each try sends a slice for nothing. The tries therefore become rarer, and do not come at the same moment as
      // those of others.
      turns = Math.min(turns + 1, TURNS_MOST);
      await sleep(TURN_MS * turns * (0.75 + random() / 2));
      continue;
    }
    if (answer === null || answer.status === 429 || answer.status >= 500) {
      isWaiting = true;
      news.waiting(true, false);
      await sleep(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0);
      failures += 1;
      received = -1; // the slice may have arrived although its answer did not: the server knows
      continue;
    }
    if (answer.status === 401) return { end: "over", said: "" };
    if (answer.status !== 200 && answer.status !== 409) return { end: "refused", said: answer.body.said ?? "" };
    if (isWaiting) news.waiting(false, false);
    isWaiting = false;
    failures = 0;
    turns = 0;
    if (!isBegun) before = answer.body.said ?? "";
    isBegun = true;
    received = answer.body.received ?? 0;
    slice = answer.body.slice ?? slice;
    news.moved(received);
    if (received >= file.size) return { end: "whole", said: before };
  }
  return { end: "stopped", said: "" };
};

/**
 * Return the id of a file in this exchange. The same file has the same id when it is chosen again after a reload, so
 * its upload goes on where it was. Nothing is kept on the device for this.
 *
 * @param {string} salt of the exchange
 * @param {{ size: number, name: string, lastModified: number, slice: (start: number, end: number) => Blob }} file
 * @returns {Promise<string>} a UUID, or "" when the device does not give the file
 */
export const idOf = async (salt, file) => {
  const part = await partOf(file, 0, 65_536);
  if (part === null) return "";
  const head = new Uint8Array(await part.arrayBuffer());
  const told = new TextEncoder().encode(`${salt}|${file.size}|${file.lastModified}|${file.name}|`);
  const whole = new Uint8Array(told.length + head.length);
  whole.set(told);
  whole.set(head, told.length);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  const hex = [...digest.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
};
