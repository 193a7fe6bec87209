/**
 * A page beside the exchange (facts, captures). It keeps the line alive, and tells the person who is busy there that
 * somebody came or wrote.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { showVisitEnded } from "./visit-ended.js";
import { openVisitorLine, takePlaceBack } from "./visitor-line.js";

/**
 * @param {DOMStringMap} data of the page
 * @param {AbortController} listening aborted when the visit has ended
 * @param {() => void} ended what the page does then, before it says so
 * @returns {import("../lib/protocol.js").Line | undefined} none beside an exchange that has ended
 */
export const stayInExchange = (data, listening, ended) => {
  if (data.status === "closed") return undefined;
  const news = byId("news");
  let lastSeq = Number(data.lastSeq);
  let { status } = data;
  const line = openVisitorLine(
    data,
    () => lastSeq,
    {
      wanted: () => true,
      hear(frame) {
        if (frame.type === "messages") {
          for (const { seq, author } of frame.items) {
            if (seq > lastSeq && author !== "reporter") news.textContent = data.answered ?? "";
            lastSeq = Math.max(lastSeq, seq);
          }
        }
        if (frame.type !== "state") return;
        if (frame.status === "active" && status === "waiting") news.textContent = data.arrived ?? "";
        status = frame.status;
        if (frame.status === "abandoned") takePlaceBack(line, data.page ?? "");
      },
      changed() {},
      ended() {
        listening.abort();
        ended();
        showVisitEnded();
      },
    },
    listening.signal,
  );
  return line;
};
