/**
 * Other places to get help, for somebody who has waited long. They appear when the time has come, without loading the
 * page again. They stand below, so a link beside the place in the queue leads to them.
 *
 * @module
 */

import { byId, find } from "../lib/dom.js";
import { exchange, visit, voice } from "./state.js";
import { aboveForm } from "./status.js";

export function watchDoors() {
  const doors = byId("doors");
  const seconds = Number(doors.dataset.in);
  if (!seconds) return;
  const open = () => {
    aboveForm(() => {
      doors.hidden = byId("to-doors").hidden = false;
    });
    if (exchange.status === "waiting") voice(find("h2", doors).textContent ?? "");
  };
  const timer = setTimeout(open, 1000 * seconds);
  visit.signal.addEventListener("abort", () => clearTimeout(timer));
}
