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
