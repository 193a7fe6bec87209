/**
 * The name under which this tab of a visit keeps what is being typed. The name is in the entry of the tab's history. A
 * reload, « Back » and a restored tab bring it back, and a quick exit replaces it. Nothing is put in the browser's
 * storage.
 *
 * A new page takes over the name of the text that it shows, unless another open tab says that the name is its own. A
 * duplicated tab, or a second one, then makes a name for itself and leaves that text to the other tab.
 *
 * @module
 */

import { createDraft, recall, saveTo } from "../lib/draft.js";
import { newId } from "../lib/outbox.js";

export const SETTLED_MS = 1000; // after this time a tab counts as the older one
// The times, in ms, at which a new page asks whether another tab has its name. It asks more than once, because that tab
// may be loading or busy. All of them come before the tab is settled, so that of two new pages only one gives way.
export const ASKED_MS = [0, 300, 700];

/** @typedef {Pick<BroadcastChannel, "postMessage" | "onmessage" | "close">} Channel */

/**
 * @param {object} page
 * @param {string | undefined} page.kept the name that the history of this tab holds
 * @param {string | null} page.shown the name of the text that the page came with; null when it came with none
 * @param {() => string} page.draw a new name
 * @param {(name: string) => void} page.keep keep it in the history of this tab
 * @param {() => void} page.left another tab had this name: its text is its own
 * @param {Channel | null} page.channel between the tabs of this site; null in a browser without one
 */
export const createTab = ({ kept, shown, draw, keep, left, channel }) => {
  let name = kept ?? shown ?? draw();
  const own = draw(); // says which page asks
  let isSettled = false;
  let isTaken = false;
  let isOver = false;
  setTimeout(() => {
    isSettled = true;
  }, SETTLED_MS);
  keep(name);

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.asked === name && data.by !== own && (isSettled || own < data.by))
        channel.postMessage({ taken: data.by });
      if (data.taken !== own || isTaken) return;
      isTaken = true;
      name = draw();
      keep(name);
      left();
    };
    const ask = () => {
      if (!isTaken && !isOver) channel.postMessage({ asked: name, by: own });
    };
    for (const ms of ASKED_MS) ms ? setTimeout(ask, ms) : ask();
  }

  return {
    get name() {
      return name;
    },
    end() {
      isOver = true;
      channel?.close();
    },
  };
};

/**
 * Keep what is typed in a form on the server, under the name of this tab. When the page goes out of sight or is left,
 * what was typed since the last save is sent now. On a reload, `beforeunload` comes before the browser asks for the next
 * page, and `pagehide` comes after that; a page that was loaded again asks what came after it was read.
 *
 * @param {object} page
 * @param {DOMStringMap} page.data of the page: where drafts are kept, and its token
 * @param {HTMLInputElement} page.field in which the tab's name goes along with the form
 * @param {() => string} page.text what stands in the form now
 * @param {string} page.came the text with which the page was loaded
 * @param {boolean} [page.isStale] whether the server has more than that, which is in the thread
 * @param {boolean} page.isUntouched whether nothing was typed before this script ran, as may be on a slow line
 * @param {(body: string) => void} page.show put what this tab was typing into the form; "" for nothing
 * @param {AbortSignal} page.signal aborted when the visit has ended
 * @param {string} [page.asks] for what a page asks, if it is no message
 * @param {(body: string) => Record<string, string>} [page.fields] as which the text is saved
 * @param {() => void} [page.saved] called after each save that the server has kept
 */
export const keepInTab = ({ data, field, text, came, isStale, isUntouched, show, signal, asks, fields, saved }) => {
  const [address, token] = [data.draft ?? "", data.csrf ?? ""];
  const isOfThisTab = typeof history.state?.tab === "string"; // it was loaded again, or the person came back to it
  let isAsItCame = isUntouched;
  const tab = createTab({
    kept: history.state?.tab,
    shown: ((isStale || came.trim()) && field.value) || null,
    draw: newId,
    keep(name) {
      history.replaceState({ ...history.state, tab: name }, "");
      field.value = name;
    },
    left() {
      if (isAsItCame) fill("");
    },
    channel: "BroadcastChannel" in window ? new BroadcastChannel("tabs") : null,
  });
  // What was sent goes from the draft as well, or it would seem unsent once another message follows it: with the first
  // save. A page that was loaded again asks first, because its tab may have typed more since it was read.
  const known = isStale && !isOfThisTab ? null : came;
  const draft = createDraft({ text, came: known, save: saveTo(address, token, () => tab.name, fields), saved });

  /** @param {string} body */
  function fill(body) {
    show(body);
    draft.agree(asks ? undefined : body.replace(/\r\n?/g, "\n")); // as a field holds it
  }

  signal.addEventListener("abort", tab.end);
  document.addEventListener("visibilitychange", () => document.hidden && draft.leaving(), { signal });
  addEventListener("beforeunload", draft.leaving, { signal });
  addEventListener("pagehide", draft.leaving, { signal });
  if (isOfThisTab)
    recall(address, token, {
      tab: () => tab.name,
      asks,
      isUntouched: () => isAsItCame && !signal.aborted,
      show: fill,
    });

  return {
    draft,
    /** Whether nothing was typed since the page came. */
    isUntouched: () => isAsItCame,
    /**
     * Note that something was typed: nothing that comes from the server is put in its place. What the server has of this
     * tab was perhaps not recalled yet, so the next save is sent even if the field is as it came.
     */
    touch() {
      if (isAsItCame && isOfThisTab && !asks) draft.agree(null);
      isAsItCame = false;
    },
  };
};
