// Beside the thread: replies to start from, found by keyboard; apartés, brought up to date where they stand.
// After console.js, whose hands it uses (`pnavConsole`). Nothing here takes the focus from somebody who writes.
(() => {
  "use strict";

  const root = document.getElementById("console"), hands = window.pnavConsole;
  if (!root || !hands) return;
  const find = (selector, from = document) => from.querySelector(selector);
  const slot = (name, from) => from.querySelector(`[data-slot=${name}]`);

  // --- replies to start from ---
  const fold = (text) => text.toLowerCase().replace(/œ/g, "oe").replace(/æ/g, "ae").normalize("NFD").replace(/\p{M}/gu, "");
  const shown = (box) => [...box.querySelectorAll("[data-canned]")].filter((one) => !one.hidden);
  const draftOf = (box) => box.closest("form").elements.body;

  /** The buttons of the page without a script become the options of a list box. The focus stays in the search: Orca does not
      say a button that an arrow leads to. */
  function prepare(box) {
    const list = find(".console-canned__list", box), search = find("[data-search]", box);
    if (list.hasAttribute("role")) return;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", list.dataset.label);
    [...list.children].forEach((option, index) => {
      const button = find("[data-canned]", option), tag = document.createElement("span");
      tag.className = button.className;
      tag.append(...button.childNodes);
      option.id = `${list.id}-${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.canned = button.dataset.canned;
      button.replaceWith(tag);
    });
    search.setAttribute("role", "combobox");
    search.setAttribute("aria-autocomplete", "list");
    search.setAttribute("aria-expanded", "true");
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // a press leaves the focus in the field
    find(".console-canned__search", box).hidden = false;
  }

  let counted = 0;
  const active = (box) => find("[aria-selected=true]", box);
  function activate(box, option) {
    const search = find("[data-search]", box), before = active(box);
    if (before) before.setAttribute("aria-selected", "false");
    if (!option) { search.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    search.setAttribute("aria-activedescendant", option.id);
  }

  function filter(box) {
    const wanted = fold(find("[data-search]", box).value).split(/\s+/).filter(Boolean);
    activate(box, null);
    for (const reply of box.querySelectorAll("[data-canned]")) {
      const text = fold(`${reply.textContent} ${reply.dataset.canned}`);
      reply.hidden = !wanted.every((word) => text.includes(word));
    }
    clearTimeout(counted); // once the typing pauses: between two letters it would not be heard
    const count = shown(box).length;
    if (wanted.length) counted = setTimeout(() => hands.announce(box.dataset[count === 1 ? "one" : "many"].replace("{n}", count)), 500);
  }

  function openSearch() {
    const c = hands.showing(), box = c && find("[data-replies]", c.thread);
    if (!box || box.hidden) return false;
    prepare(box);
    box.open = true;
    find("[data-search]", box).focus();
    return true;
  }

  function closeSearch(box, typed = "") {
    const area = draftOf(box);
    box.open = false;
    area.focus();
    if (typed) area.setRangeText(typed, area.selectionStart, area.selectionEnd, "end");
  }

  document.addEventListener("toggle", (event) => {
    const box = event.target;
    if (box.matches("[data-replies]")) {
      prepare(box);
      if (!box.open) { find("[data-search]", box).value = ""; filter(box); }
    } else if (box.matches("[data-aside]") && box.open) markRead(box);
  }, true);
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-search]")) filter(event.target.closest("[data-replies]"));
  });

  document.addEventListener("pnav:replies", openSearch); // its key (console-keys.js)

  // Before console.js hears the key: Escape leads back to the draft here, and not to the title of the list.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("dialog")) return;
    const at = event.target, box = at.closest && at.closest("[data-replies]");
    if (!box) {
      const isDraft = at.matches("[data-reply] textarea") && !at.readOnly && !at.value;
      if (event.key === "/" && !document.documentElement.hasAttribute("data-no-singles") && (isDraft || !at.matches("input, textarea, select")) && openSearch()) event.preventDefault();
      return;
    }
    const isSearch = at.matches("[data-search]");
    if (event.key === "Escape") closeSearch(box);
    else if (event.key === "/" && isSearch && !at.value) closeSearch(box, "/");
    else if (event.key === "Enter" && isSearch) { const reply = active(box) || shown(box)[0]; if (reply) reply.click(); }
    else if (isSearch && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const all = shown(box), from = all.indexOf(active(box)), isDown = event.key === "ArrowDown";
      activate(box, isDown ? all[from + 1] || all[0] : all[from - 1] || all.at(-1));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // --- apartés ---
  const list = () => find("#apartes");
  let isBusy = false, isAgain = false;

  function paint() {
    const all = [...list().querySelectorAll("[data-aside]")];
    const unread = all.reduce((sum, one) => sum + Number(one.dataset.unread), 0);
    for (const one of all) {
      const n = Number(one.dataset.unread), mark = slot("aside-unread", one);
      mark.hidden = slot("aside-read", one).hidden = !n;
      mark.textContent = n ? hands.say(n === 1 ? "unread_one" : "unread_many", { n }) : "";
    }
    list().hidden = !all.length;
    const badge = find("#apartes-non-lus");
    badge.hidden = !unread;
    slot("asides-unread", badge).textContent = unread ? hands.say(unread === 1 ? "unread_one" : "unread_many", { n: unread }) : "";
  }

  async function markRead(one) {
    if (one.dataset.unread === "0") return;
    one.dataset.unread = "0";
    paint();
    const body = new FormData();
    body.append("csrfmiddlewaretoken", hands.csrf());
    body.append("lu", one.dataset.last);
    await fetch(find("form", one).action, { method: "POST", body, redirect: "manual" }).catch(() => { /* unread again at the next look */ });
  }

  /** Add what is new where it stands: forms, focus and what is open are not touched. */
  function merge(page) {
    const fresh = new Map([...find("#apartes", page).querySelectorAll("[data-aside]")].map((one) => [one.id, one]));
    let news = null;
    const heard = []; // in a fold that is open
    for (const one of list().querySelectorAll("[data-aside]")) if (!fresh.has(one.id)) end(one);
    for (const [id, now] of fresh) {
      const one = document.getElementById(id);
      if (!one) {
        list().append(document.adoptNode(now));
        if (now.dataset.unread !== "0") news = now;
        continue;
      }
      const last = Number(one.dataset.last), log = find("[data-aside-log]", one);
      for (const said of [...now.querySelectorAll("[data-number]")].filter((said) => Number(said.dataset.number) > last)) {
        log.append(document.adoptNode(said));
        if (one.open && said.dataset.author !== "agent") heard.push([...said.children].map((line) => line.textContent.trim()).join(". "));
      }
      if (Number(now.dataset.last) > last) {
        if (Number(now.dataset.unread)) news = one;
        log.scrollTop = log.scrollHeight;
      }
      one.dataset.last = slot("aside-read", one).value = now.dataset.last;
      one.dataset.unread = now.dataset.unread;
      if (one.open && !document.hidden && one.contains(document.activeElement)) markRead(one);
    }
    paint();
    if (news) {
      hands.announce([hands.say("aside", { title: news.dataset.title }), ...heard].join(" "));
      hands.beep(520);
    }
  }

  /** What was being written there can still be copied. */
  function end(one) {
    const area = find("textarea", one);
    if (!area.value.trim()) { if (!one.contains(document.activeElement)) one.remove(); return; }
    area.readOnly = true;
    one.dataset.unread = "0";
    one.querySelectorAll("button").forEach((button) => { button.hidden = true; });
    const said = find("[data-aside-over]", one);
    said.hidden = false;
    said.textContent = hands.say("aside_over");
  }

  async function refresh() {
    if (isBusy) { isAgain = true; return; }
    isBusy = true;
    try {
      merge(await hands.load(`${root.dataset.home}?partie=apartes`));
    } catch { /* asked again at the next beat */ } finally {
      isBusy = false;
      if (isAgain) { isAgain = false; refresh(); }
    }
  }
  document.addEventListener("pnav:asides", refresh);
})();
