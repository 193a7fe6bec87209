/**
 * Proposes places while one types: the ARIA 1.2 combobox with a list box. The form works without it. What is typed goes
 * to this site only, in the body of a POST. Words come from the form's data-* attributes.
 *
 * @module
 */

import { fit, free } from "./lib/fit.js";

const WAIT_MS = 150;
const LEAVE_MS = 300;
const LEAST_PX = 88; // two options
let forms = 0;
let isPressed = false; // a finger or a button of the mouse is down

document.addEventListener("pointerdown", () => (isPressed = true), true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (isPressed = false), true);

/** @param {HTMLFormElement} form */
const enhance = (form) => {
  const input = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=q]"));
  const token = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=csrfmiddlewaretoken]"));
  const button = /** @type {HTMLButtonElement | null} */ (form.querySelector("[type=submit]"));
  if (!input || !token || !button) return;
  forms += 1;

  const list = document.createElement("ul");
  list.id = `places-${forms}`;
  list.className = "pnav-place__list";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.listLabel ?? "");
  list.hidden = true;
  const status = document.createElement("div");
  status.className = "fr-sr-only";
  status.setAttribute("role", "status");
  input.after(list, status);

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  let active = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {AbortController | null} */
  let request = null;

  const close = () => {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  /** Fit the list above the keyboard and the bar, with the field in view. The rest scrolls inside the list. */
  const place = () => {
    if (list.hidden) return;
    list.style.maxHeight = ""; // the height that the style sheet allows
    const field = input.closest(".fr-input-group") ?? input;
    const found = fit(
      {
        field: field.getBoundingClientRect().top,
        list: list.getBoundingClientRect().top,
        wanted: list.offsetHeight,
        ...free(document.querySelectorAll(".pnav-safety, .pnav-exit")),
      },
      LEAST_PX,
    );
    if (found.height < list.offsetHeight) list.style.maxHeight = `${found.height}px`;
    if (found.scroll) window.scrollBy({ top: found.scroll, behavior: "instant" });
  };

  /** Give up what is to be asked for, or was. */
  const stop = () => {
    clearTimeout(timer);
    request?.abort();
    request = null;
  };

  /** @param {number} index */
  const activate = (index) => {
    const options = list.children;
    if (active >= 0) options[active].setAttribute("aria-selected", "false");
    active = index;
    if (active < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    options[active].setAttribute("aria-selected", "true");
    options[active].scrollIntoView({ block: "nearest" }); // inside the list, which is in view as a whole
    input.setAttribute("aria-activedescendant", options[active].id);
  };

  /** @param {number} index */
  const take = (index) => {
    input.value = /** @type {HTMLElement} */ (list.children[index]).dataset.text ?? "";
    stop();
    close();
    status.textContent = "";
    // A choice is searched for at once, unless the form offers several next steps.
    if (form.dataset.stays === undefined) button.click();
  };

  /** @param {{ text: string, label: string }[]} items */
  const show = (items) => {
    close();
    list.replaceChildren(
      ...items.map((item, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.className = "pnav-place__option";
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.text = item.text;
        option.textContent = item.label;
        return option;
      }),
    );
    const { none = "", one = "", many = "" } = form.dataset; // `one` says « 1 » itself, so it is no rule of a language
    status.textContent =
      items.length === 0 ? none : items.length === 1 ? one : many.replace("%n", String(items.length));
    if (items.length) {
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      place();
    }
  };

  const ask = async () => {
    const own = new AbortController();
    request = own;
    try {
      const answer = await fetch(form.dataset.suggestions ?? "", {
        method: "POST",
        body: new URLSearchParams({ q: input.value }),
        headers: { "X-CSRFToken": token.value },
        credentials: "same-origin",
        signal: own.signal,
      });
      const found = answer.ok ? (await answer.json()).suggestions : null;
      // Given up while the answer was read: nothing opens. And what somebody is pressing at this moment stays under
      // their finger. Refused: the list that is open was for another text.
      if (request !== own || isPressed) return;
      if (!found) close();
      else if (document.activeElement === input) show(found);
    } catch {
      if (request === own) close(); // no network: the form itself still works
    }
  };

  input.addEventListener("input", () => {
    stop();
    if (input.value.trim().length < 2) {
      close();
      status.textContent = "";
      return;
    }
    timer = setTimeout(ask, WAIT_MS);
  });

  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      stop(); // answers that are still to come open nothing
      if (list.hidden) return;
      event.preventDefault();
      close();
      return;
    }
    if (list.hidden || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = list.children.length - 1;
    if (event.key === "ArrowDown") activate(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp") activate(active <= 0 ? last : active - 1);
    else if (event.key === "Enter" && active >= 0) take(active);
    else return;
    event.preventDefault();
  });

  window.visualViewport?.addEventListener("resize", place); // the keyboard came or went

  // A press on an option or on a button of the form keeps the focus in the field: the list is in the flow, and closing
  // it during the press would move the button from under the finger, however long it is pressed.
  for (const one of form.querySelectorAll("[type=submit]"))
    one.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    if (option) take([...list.children].indexOf(option));
  });
  const leave = () => {
    if (isPressed) setTimeout(leave, LEAVE_MS);
    else if (document.activeElement !== input) close();
  };
  input.addEventListener("blur", () => {
    stop();
    setTimeout(leave, LEAVE_MS); // what is pressed elsewhere stays in place until it is released
  });
  form.addEventListener("submit", () => {
    stop();
    close();
  });
};

for (const form of document.querySelectorAll("form[data-suggestions]")) enhance(/** @type {HTMLFormElement} */ (form));
