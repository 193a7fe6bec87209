/**
 * Asks for a disclosure, and reads its answer. The private key is made here, cannot leave this browser, and is deleted
 * when the answer was read (docs/adr/0032).
 *
 * @module
 */

import { all, find, markRun, seek } from "../lib/dom.js";
import { request } from "../lib/http.js";
import { decode, encode, join, makeKeys, open, pointOf, text, uuidBytes } from "./hpke.js";
import { keyOf, store, tidy } from "./keys.js";

const SHOWN_SECONDS = 300;
const mine = find("[data-opening-keys]").dataset;

/**
 * Replace characters that are not plainly printable by their code, because the author of the text may have reversed the
 * direction of writing.
 *
 * @param {string} value
 */
const plain = (value) =>
  value.replace(/[^\P{C}\n]|[\u2028\u2029]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);

/* --- asking: the key is made when the form is sent, so a page that was only looked at leaves no key --- */

/** @param {HTMLInputElement} field */
async function makeKey(field) {
  if (field.value && (await keyOf(field.value))) return;
  const pair = await makeKeys();
  const recipient = encode(await pointOf(pair.publicKey));
  const kept = { key: pair.privateKey, owner: mine.openingOwner, made: Date.now() };
  await store("readwrite", (keys) => keys.put(kept, recipient));
  field.value = recipient;
}

/** @param {HTMLFormElement} form */
function prepareAsking(form) {
  const field = find("[name=recipient]", form, HTMLInputElement);
  let isMaking = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isMaking) return;
    isMaking = true;
    await makeKey(field).catch(() => {
      field.value = ""; // no key could be made: the value is then shown on the spot, and the next page says so
    });
    isMaking = false;
    form.submit();
  });
  const showKey = () => {
    find("[data-opening-key]", form).hidden = false;
  };
  store("readonly", (keys) => keys.count()).then(showKey, () => {});
}

/* --- reading --- */

// Ask what became of the answer after the connection broke. The service keeps no answer that it has sent, and sends
// none twice, so one can only ask whether it was sent. "": nobody answers; null: the request is no longer this
// account's.
async function pageNow() {
  const answer = await request(location.pathname, { cache: "no-store" }).catch(() => undefined);
  if (answer?.status === 404) return null;
  return answer?.ok && !answer.redirected ? answer.text().catch(() => "") : "";
}

/** @param {HTMLElement} reading */
function prepareReading(reading) {
  const { dataset } = reading;
  const said = find("[data-opening-said]", reading);
  const value = find("[data-opening-value]", reading);
  const button = find("[data-opening-read]", reading, HTMLButtonElement);
  const wipe = find("[data-opening-wipe]", reading);

  const say = (/** @type {string} */ words = "") => {
    said.textContent = words;
    said.hidden = !words;
  };
  const clear = () => {
    if (wipe.hidden) return;
    value.textContent = "";
    value.hidden = wipe.hidden = true;
    say(dataset.wiped);
    button.remove();
  };
  // The answer was read or is lost, so what the page said before is removed. A second press where « Effacer » was then
  // meets nothing.
  const end = () => {
    for (const part of all("[data-opening-until-read]")) part.remove();
    const state = find("[data-opening-state]");
    state.textContent = state.dataset.openingState ?? "";
  };
  const giveUp = (/** @type {string | undefined} */ words) => {
    button.remove();
    say(words);
  };

  const lost = async () => {
    const page = await pageNow();
    if (page === null) giveUp(dataset.elsewhere);
    else if (!page) say(dataset.unknown);
    else if (page.includes("data-opening-read")) say(dataset.kept);
    else if (!page.includes("data-opening-was-read")) giveUp(dataset.gone);
    else {
      end();
      giveUp(dataset.lost);
    }
  };

  /** Return the sealed answer, or null after saying what became of it. @returns {Promise<string | null>} */
  const fetchSealed = async () => {
    const headers = { "X-CSRFToken": find("[name=csrfmiddlewaretoken]", reading, HTMLInputElement).value };
    try {
      const answer = await request(dataset.url ?? "", { method: "POST", headers });
      if (answer.redirected) {
        const way = new URL(answer.url); // the account has to prove its identity again, and nothing was read
        way.searchParams.set("next", location.pathname);
        location.assign(way.pathname + way.search);
        return null;
      }
      if (answer.ok) return (await answer.json()).sealed;
      if (answer.status === 409) giveUp(dataset.gone);
      else if (answer.status === 404) giveUp(dataset.elsewhere);
      else await lost();
    } catch {
      await lost();
    }
    return null;
  };

  const recipient = dataset.recipient ?? "";
  /**
   * Open the answer. Reject what was not sealed for this key and this request.
   *
   * @param {string} sealed
   * @param {CryptoKey} key
   */
  const openReply = async (sealed, key) =>
    open(decode(sealed), key, decode(recipient), join(text("pnav reply\0"), uuidBytes(dataset.request ?? "")));

  const read = async () => {
    const kept = await keyOf(recipient).catch(() => undefined);
    if (!kept) {
      // Another browser has the key, or another tab of this one has read the answer since this page was loaded.
      const page = await pageNow();
      if (page === null) giveUp(dataset.elsewhere);
      else if (page && !page.includes("data-opening-read")) giveUp(dataset.gone);
      else say(dataset.other);
      return;
    }
    say("");
    const sealed = await fetchSealed();
    if (sealed === null) return;
    const opened = await openReply(sealed, kept.key).catch(() => null);
    end();
    if (opened === null) {
      giveUp(dataset.failed);
      return;
    }
    say(opened ? "" : dataset.empty);
    value.textContent = plain(opened);
    value.hidden = !opened;
    wipe.hidden = false;
    button.hidden = true;
    (opened ? value : wipe).focus();
    setTimeout(clear, SHOWN_SECONDS * 1000);
    await store("readwrite", (keys) => keys.delete(recipient)).catch(() => {}); // the next page deletes it
  };

  find("[data-opening-cannot]", reading).remove();
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    read().finally(() => {
      button.disabled = false;
    });
  });
  wipe.addEventListener("click", clear);
  addEventListener("pagehide", clear);
}

if (window.crypto?.subtle && window.indexedDB) {
  tidy(mine).catch(() => {}); // a browser that stores nothing has nothing to delete
  const form = seek("[data-opening-ask]", document, HTMLFormElement);
  const reading = seek("[data-opening-show]");
  if (form) prepareAsking(form);
  if (reading) prepareReading(reading);
}
markRun();
