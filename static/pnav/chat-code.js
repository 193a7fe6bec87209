/* The page that shows a code de reprise hears when its visit ends, on the line of chat-line.js, and then shows nothing. */
(() => {
  "use strict";
  const data = document.getElementById("code-page").dataset;
  let lastSeq = Number(data.lastSeq);
  const line = window.pnavLine({
    address: location.origin.replace("http", "ws") + data.socket,
    frames: data.frames,
    csrf: data.csrf,
    after: () => lastSeq,
    wanted: () => true,
    hear(frame) {
      if (frame.type === "messages") frame.items.forEach(({ seq }) => { lastSeq = Math.max(lastSeq, seq); });
      // Away for long, the place was given up: the page of the exchange takes it back.
      if (frame.type === "state" && frame.status === "abandoned" && !document.hidden) fetch(data.page).then(line.again, line.cut);
    },
    changed() {},
    ended: window.pnavLeft,
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) line.wake(); });
  document.addEventListener("resume", () => line.wake());
  window.addEventListener("online", () => line.wake());
})();
