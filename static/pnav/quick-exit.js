// « Quitter rapidement »: the page disappears at once, then the browser leaves without keeping it. It is loaded in the
// head, so it works while the rest still arrives. Without scripts the same button is a plain form. Pattern: GOV.UK
// Design System, "Exit this page".
(() => {
  const {
    action = "",
    destination = "",
    left = "",
  } = /** @type {HTMLScriptElement} */ (document.currentScript).dataset;
  const PRESSES = 3;
  const WINDOW_MS = 5000;
  const LEFT = "left";

  /** @param {Event} event */
  function hold(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // The other scripts of the page go on until the other site answers. A form that one of them sends by itself would take
  // the place of the exit, and show this site again.
  function holdForms() {
    addEventListener("submit", hold, true);
    for (const form of Array.from(document.forms)) form.submit = () => {}; // no event tells of it
  }

  function cover() {
    document.documentElement.classList.add("pnav-leaving");
    dispatchEvent(new Event("pnav-leaving")); // what is outside of the page goes too (chat/alerts.js)
    document.title = "\u200e"; // an empty title would show the address
    Object.defineProperty(document, "title", { configurable: true, get: () => "\u200e", set: () => {} }); // it stays
    holdForms();
    dispatchEvent(new Event("pnav-leaving")); // the line of an exchange is cut (chat/visitor-line.js)
  }

  function hide() {
    cover();
    try {
      history.replaceState(null, "", "/"); // until the other site answers, the address bar says nothing of this page
    } catch (_refused) {
      // Some browsers refuse more than a hundred of these in half a minute. Leaving matters more.
    }
  }

  // Where no network carries the request of the exit, this cookie makes the next one of this browser an exit, whichever
  // tab asks, before anything is shown. The answer deletes it with the others.
  function mark() {
    if (left) document.cookie = `${left}=1; path=/; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }

  function remember() {
    try {
      sessionStorage.setItem(LEFT, "1");
    } catch (_refused) {
      // Some private windows refuse storage. « Back » then asks the server, which has forgotten the visit.
    }
  }

  // Safari before 10.1: the form leaves by itself, as without scripts. A page that it cannot leave is not covered.
  function leaveByForm() {
    const form = /** @type {HTMLFormElement | null} */ (document.getElementById("quick-exit"));
    if (!form) return;
    mark();
    form.submit(); // before it is held with the others
    cover();
    remember();
  }

  function leave() {
    if (!("fetch" in window)) {
      leaveByForm();
      return;
    }
    if (others) others.postMessage("");
    hide();
    remember();
    mark();
    // The answer is not awaited; « keepalive » lets the request outlive the page.
    fetch(action, { method: "POST", keepalive: true, redirect: "manual", credentials: "same-origin" }).catch(() => {});
    location.replace(destination);
  }

  function hasLeft() {
    try {
      return sessionStorage.getItem(LEFT) === "1";
    } catch (_refused) {
      return false;
    }
  }

  // The other tabs of this browser leave too. One without a line (an exchange that has ended, its facts, its captures)
  // would never hear of the exit, and any other one only seconds later.
  /** @type {BroadcastChannel | null} */
  let others = null;

  function follow() {
    hide();
    remember();
    location.replace(destination);
  }

  function listen() {
    if (others || !("BroadcastChannel" in window)) return; // Safari before 15.4
    try {
      others = new BroadcastChannel(LEFT);
      others.onmessage = follow;
    } catch (_refused) {
      // A page that the browser keeps apart from the others of this site.
    }
  }
  listen();
  addEventListener("pageshow", listen);
  addEventListener("pagehide", () => {
    if (others) others.close(); // an open channel would keep the page out of the cache of « Back »
    others = null;
  });

  // « Back » after an exit shows nothing and goes away again. Coming back on purpose shows the site.
  const entries = performance.getEntriesByType ? performance.getEntriesByType("navigation") : []; // Safari before 11
  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (entries);
  if (hasLeft()) {
    if (navigation && navigation.type === "back_forward") {
      hide();
      location.replace(destination);
    } else {
      try {
        sessionStorage.removeItem(LEFT);
      } catch (_refused) {
        // Nothing was stored in that case.
      }
    }
  }
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    if (hasLeft()) {
      hide();
      location.replace(destination);
    } else {
      cover(); // but keep the address: this page is what was asked for
      location.reload();
    }
  });

  // The keyboard of a phone covers what is fixed at the foot of a page, unless the browser makes the page smaller
  // (`interactive-widget` in base.html, where it is known). The exit moves up by what is covered.
  const view = window.visualViewport;
  if (view) {
    const lift = () => {
      const covered = view.scale > 1.01 ? 0 : Math.max(0, Math.round(innerHeight - view.height - view.offsetTop));
      document.documentElement.style.setProperty("--pnav-keyboard", `${covered}px`);
    };
    view.addEventListener("resize", lift);
    view.addEventListener("scroll", lift);
  }

  document.addEventListener("submit", (event) => {
    if (/** @type {Element} */ (event.target).id !== "quick-exit") return;
    event.preventDefault();
    leave();
  });

  let presses = 0;
  let timer = 0;
  /** @param {string} name */
  function announce(name) {
    const form = document.getElementById("quick-exit");
    const status = document.getElementById("quick-exit-status");
    if (form && status) status.textContent = form.dataset[name] || "";
  }
  function start() {
    presses = 0;
    clearTimeout(timer);
  }
  // Shift held to type a capital is not a press, nor beside another modifier (Alt + Shift changes the layout of the
  // keyboard), nor while the mouse presses.
  let alone = false;
  let moves = 0; // after how many presses something moved (below)
  // What the mouse or a key that is held moves is no move of a screen reader, and cancels nothing.
  const press = () => {
    alone = false;
    moves = -PRESSES;
  };
  addEventListener("mousedown", press, true);
  // A screen reader keeps the letter of its own keys (Shift + H: the heading before), and the page sees Shift alone.
  // Where they move the caret or the focus, they do it after each press. A move after one of them may be the page's own,
  // and scrolling is none: a message that arrives scrolls the page, and leaving must not depend on it.
  let isMoved = false;
  const move = () => {
    isMoved = true;
  };
  addEventListener("focusin", move, true);
  document.addEventListener("selectionchange", move);
  function cancel() {
    start();
    announce("otherKey");
  }
  addEventListener("keydown", (event) => {
    if (event.repeat) {
      if (event.key !== "Shift") moves = -PRESSES;
      return;
    }
    alone = event.key === "Shift" && !event.altKey && !event.ctrlKey && !event.metaKey;
    if (!alone && presses) cancel();
    moves = presses ? moves + Number(isMoved) : 0;
    isMoved = false;
  });
  addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    alone = false;
    presses += 1;
    if (presses === PRESSES && moves === PRESSES - 1) {
      cancel();
      return;
    }
    if (presses === 1) {
      timer = setTimeout(() => {
        start();
        announce("expired");
      }, WINDOW_MS);
      announce("twoMore");
    } else if (presses < PRESSES) {
      announce("oneMore");
    } else {
      start();
      announce("leaving");
      leave();
    }
  });
})();
