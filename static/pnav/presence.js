// The lease of an agent on every page that is not the console: a beat each third of it, while the page is open, hidden
// or not (docs/adr/0049). Pages work without this file: a frame that loads itself again does the same.
(() => {
  "use strict";

  const place = document.getElementById("presence");
  if (!place) return;
  const { address } = place.dataset, lease = 1000 * Number(place.dataset.lease);
  const BEAT = lease / 3, ANSWER = Math.max(5000, lease / 6), AGAIN = lease / 12;
  const status = place.querySelector("[role=status]"), alarm = place.querySelector("[role=alert]");
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Paris" });
  let okAt = Date.now(), timer = 0, isAsking = false, wasIn = false, said = "", told = "";

  const words = (name, n) => (place.dataset[n === 1 ? `${name}One` : `${name}Many`] || "").replace("{n}", n);
  /** What is at stake, in words; said again only when it changes. */
  const tell = ({ kept, held, unread, was_over: wasOver }) => {
    const parts = [];
    if (wasOver) parts.push(place.dataset.back);
    if (held) parts.push(words("held", held));
    else if (kept) parts.push(place.dataset.present);
    if (unread) parts.push(words("unread", unread));
    const now = parts.join(" ");
    if (now === told) return;
    told = now;
    status.querySelector("[data-words]").textContent = now;
    status.hidden = !now;
  };
  /** why: "" when all is well, else the name of the template that says so. */
  const warn = (why) => {
    if (why === said) return;
    said = why;
    const text = why && document.getElementById(`presence-${why}`).content.cloneNode(true);
    const since = text && text.querySelector("[data-since]");
    if (since) since.textContent = clock.format(okAt);
    alarm.replaceChildren(...(text ? [text] : []));
    alarm.hidden = !why;
    if (why) status.hidden = true;
    else status.hidden = !told;
  };

  /** Whose page this is, or nobody's any more: the session says so, as it does before a form is sent. */
  const ask = async () => {
    const answer = await fetch(address, {
      headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(ANSWER),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return "out";
    if (!answer.ok) throw new Error(String(answer.status));
    const standing = await answer.json();
    okAt = Date.now();
    wasIn = true;
    warn("");
    tell(standing);
    return "";
  };

  const beat = async () => {
    if (isAsking) return;
    isAsking = true;
    clearTimeout(timer);
    let pause = BEAT;
    try {
      if (await ask() === "out") {
        if (!wasIn) return; // the session is not complete: nothing hangs on this page
        warn("out");
      }
    } catch {
      pause = AGAIN;
      if (wasIn || Date.now() - okAt > ANSWER) warn(Date.now() - okAt > lease ? "over" : "lost");
    } finally { isAsking = false; }
    // Begun by an answer of the network, not by another timer: browsers slow a chain of timers of a hidden page down to
    // one a minute, which is as long as a lease, and leave this one.
    timer = setTimeout(beat, pause);
  };

  document.addEventListener("visibilitychange", () => { if (!document.hidden) beat(); });
  for (const woken of ["online", "pageshow", "focus"]) addEventListener(woken, beat);
  beat();
})();
