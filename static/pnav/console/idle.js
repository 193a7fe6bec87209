/**
 * « Êtes-vous là ? » on the console (`staff/signs.js`): it is said at once, heard again while nobody answers, and the
 * pause that follows stays in sight in the bar of the availability.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { lookForSigns, watchSigns } from "../staff/signs.js";
import { refreshDuty } from "./duty.js";
import { tell } from "./notice.js";
import { call } from "./sound.js";
import { alarm, desk, dutyBar, words } from "./state.js";
import { standQuestion } from "./unseen.js";

export const tickIdle = lookForSigns;

let isAsking = false;

export const watchIdle = () =>
  watchSigns({
    isCalled: () => !desk.isOver && dutyBar().dataset.availability === "available",
    asked(text) {
      isAsking = true;
      alarm(text, () => isAsking); // a letter answers it
      call("arrival");
      standQuestion(true);
    },
    over() {
      isAsking = false;
      standQuestion(false);
    },
    answered() {
      tell(words.idle_over);
    },
    paused: refreshDuty,
    home: () => desk.current?.area ?? byId("mes-echanges"),
    phoned(failure) {
      if (failure) alarm(failure); // it is on screen where the question was
      refreshDuty();
    },
  });
