/**
 * The page of a copy that is being prepared: ask whether it is ready, and then save it, without a press.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { request } from "../lib/http.js";

const EVERY_MS = 4000;

const form = byId("copy-form", HTMLFormElement);

/** Whether there is something to be given or told now. A network or a site that is away is no answer. */
const isReady = async () => {
  const body = new FormData(form);
  body.set("look", "on");
  try {
    const { status } = await request(form.action, { method: "POST", body });
    return status !== 204 && status !== 429 && status < 500;
  } catch {
    return false;
  }
};

const look = async () => {
  if (!(await isReady())) {
    setTimeout(look, EVERY_MS);
    return;
  }
  // The answer is a file, and this page stays; or it is another page, which says why there is none.
  byId("copy-late").hidden = true;
  byId("copy-alone").hidden = true;
  byId("copy-given").hidden = false;
  form.submit();
};

byId("copy-press").hidden = true;
byId("copy-alone").hidden = false;
setTimeout(look, EVERY_MS);
