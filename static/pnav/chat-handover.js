// A summary waits to be read (« Relire avant la suite »): the page shows the way there as soon as Pnav says so in the
// thread, and hides it when it is over. Only the status of the page is asked for; nothing of it is read here.
(() => {
  "use strict";
  const way = document.getElementById("handover"), thread = document.getElementById("messages"), end = document.getElementById("fin");
  if (!way || !thread) return;
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      try {
        const answer = await fetch(way.dataset.handover, { method: "HEAD", redirect: "manual", cache: "no-store" });
        const isNew = way.hidden && answer.status === 200, isAtEnd = end.getBoundingClientRect().top < innerHeight;
        way.hidden = answer.status !== 200;
        if (isNew && isAtEnd) end.scrollIntoView(); // who reads further up stays there
      } catch { /* asked again with the next line */ }
    }, 200);
  };
  new MutationObserver((changes) => {
    const lines = changes.flatMap((change) => [...change.addedNodes]);
    if (lines.some((line) => line.dataset && line.dataset.author === "system")) look();
  }).observe(thread, { childList: true });
})();
