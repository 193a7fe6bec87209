// Before a form of those who work here is sent: does this page's session still live? If not, the page stays, with all
// that was typed in it, and says so; nothing is kept anywhere else (docs/adr/0034). Pages work without this file.
(() => {
  "use strict";

  const { session, account } = document.currentScript.dataset;
  let asking = null, passing = null, isOver = false;

  /** Why nothing may be sent now, "" when it may. Forms get the token of now: a sign-in made another. */
  const ask = async () => {
    try {
      const answer = await fetch(session, {
        headers: { Accept: "application/json" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(20000),
      });
      if (answer.status === 401) return "over";
      if (answer.status >= 500) return "away"; // the form would meet the same, and its words go with the page
      if (!answer.ok) return ""; // for the form's own answer to say
      const known = await answer.json();
      if (String(known.account) !== account) return "other";
      if (!known.is_complete && !location.pathname.startsWith("/compte/")) return "over";
      for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = known.token;
      return "";
    } catch { return "away"; }
  };

  const say = (form, button, why) => {
    for (const said of document.querySelectorAll("[data-session-over]")) said.remove();
    if (!why) return;
    const said = document.getElementById("session-over").content.firstElementChild.cloneNode(true);
    for (const reason of said.querySelectorAll("[data-why]")) if (reason.dataset.why !== why) reason.remove();
    const row = button && button.closest("ul, p, div, form"); // above the buttons, wherever they stand
    if (row && row !== form && form.contains(row)) row.before(said);
    else if (button && form.contains(button)) button.before(said);
    else form.prepend(said);
    said.scrollIntoView({ block: "nearest" });
  };

  // The console knows by its line, and what it sends by itself takes no more than one request (console.js).
  document.addEventListener("pnav:session-over", () => { isOver = true; });
  const isOurs = (form, method) => method.toLowerCase() === "post" && form !== passing &&
    !form.matches("[data-reply], [data-leaves]") && (isOver || !form.matches("[data-live]"));

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!isOurs(form, (button && button.getAttribute("formmethod")) || form.getAttribute("method") || "get")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (asking === form) return; // pressed twice, it is sent once
    asking = form;
    const why = await ask();
    asking = null;
    say(form, button, why);
    if (isOver && !why) document.dispatchEvent(new Event("pnav:session-lives"));
    isOver = why !== "";
    if (why || !form.isConnected) return;
    passing = form;
    form.requestSubmit(button && button.form === form ? button : null);
    passing = null;
  }, true);
})();
