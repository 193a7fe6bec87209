/**
 * The page that shows a code de reprise. When its visit ends, the line tells it so, and the page then shows nothing.
 *
 * @module
 */

import { byId, markRun } from "../lib/dom.js";
import { showVisitEnded } from "./visit-ended.js";
import { openVisitorLine, takePlaceBack } from "./visitor-line.js";

const data = byId("code-page").dataset;
const listening = new AbortController();
let lastSeq = Number(data.lastSeq);

const line = openVisitorLine(
  data,
  () => lastSeq,
  {
    wanted: () => true,
    hear(frame) {
      if (frame.type === "messages") {
        for (const { seq } of frame.items) lastSeq = Math.max(lastSeq, seq);
      }
      if (frame.type === "state" && frame.status === "abandoned") takePlaceBack(line, data.page ?? "");
    },
    changed() {},
    ended() {
      listening.abort();
      showVisitEnded();
    },
  },
  listening.signal,
);
markRun();
