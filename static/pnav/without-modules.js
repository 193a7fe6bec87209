// Draws what stands in <noscript> where scripts run but a module of the page did not: an old browser cannot read it, or
// the line lost one of its files. Otherwise such a page has neither what its script does nor what replaces it, as the
// frame that keeps the place of somebody who waits. It is written in the language of 2015 and is no module, so that it
// runs where modules do not (docs/adr/0059). Nothing is asked of the server, and no text becomes HTML: the elements are
// made one by one.
(() => {
  const root = document.documentElement;
  // A page that has modules was left alone for this long. People who are not heard of for 90 seconds are passed over.
  const LATE_MS = 40000;
  const SVG = "http://www.w3.org/2000/svg";
  const VOID = ["br", "hr", "img", "input", "link", "meta"];
  const PIECE = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/g;
  const ATTRIBUTE = /([a-zA-Z-]+)(?:="([^"]*)")?/g;
  /** @type {Record<string, string>} the references that Django and our templates write */
  const SIGNS = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0", "#x27": "'", "#39": "'" };
  /** @type {{ place: HTMLElement, noscript: Element }[]} */
  let drawn = [];

  if ("watched" in root.dataset) return; // a page that has several modules names this file several times
  root.dataset.watched = "";

  /** @param {string} [text] */
  const read = (text) => (text || "").replace(/&(#?\w+);/g, (whole, name) => SIGNS[name] || whole);

  /** @param {RegExp} wanted @param {string} text @param {(found: RegExpExecArray) => void} take */
  function each(wanted, text, take) {
    wanted.lastIndex = 0;
    for (let found = wanted.exec(text); found; found = wanted.exec(text)) take(found);
  }

  /** @param {Element} noscript whose content is one text for a browser that knows scripts */
  function elementsOf(noscript) {
    const place = document.createElement("span"); // <noscript> itself is hidden
    place.className = noscript.className;
    place.dataset.noscript = "";
    /** @type {Element} */
    let at = place;
    each(PIECE, noscript.textContent || "", ([, end, name, attributes, closed, text]) => {
      if (text) at.appendChild(document.createTextNode(read(text)));
      else if (end) at = at.parentElement || at;
      else {
        const node = document.createElementNS(name === "svg" ? SVG : at.namespaceURI, name);
        each(ATTRIBUTE, attributes, ([, key, value]) => node.setAttribute(key, read(value)));
        at.appendChild(node);
        if (!closed && VOID.indexOf(name) < 0) at = node;
      }
    });
    return place;
  }

  /**
   * What loads the page again (`data-refresh`) is left out while a module may still come, because that cannot be stopped
   * any more, and where a script keeps the page up to date, because something may be being written in it.
   *
   * @param {boolean} isOver whether no module can come any more
   */
  function draw(isOver) {
    const isStill = !isOver || "fresh" in root.dataset;
    for (const noscript of Array.from(document.querySelectorAll("noscript"))) {
      if (noscript.parentNode && !(isStill && "refresh" in noscript.dataset)) {
        const place = elementsOf(noscript);
        noscript.parentNode.replaceChild(place, noscript);
        drawn.push({ place, noscript });
      }
    }
  }

  function takeBack() {
    for (const { place, noscript } of drawn) if (place.parentNode) place.parentNode.replaceChild(noscript, place);
    drawn = [];
  }

  /** @param {boolean} isOver */
  function look(isOver) {
    const all = document.querySelectorAll("script[data-counted]").length;
    if (Number(root.dataset.run || 0) < all) draw(isOver);
    else takeBack();
  }

  // A page counts as loaded once each of its modules has run or failed, so nothing is drawn for a slow line before that.
  const timer = setTimeout(() => look(false), LATE_MS);
  const end = () => {
    clearTimeout(timer);
    look(true);
  };
  if (document.readyState === "complete") end();
  else addEventListener("load", end);
})();
