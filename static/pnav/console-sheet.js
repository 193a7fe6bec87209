// « Fiche des faits »: saved by itself, a moment after the last change. Without this file the button does the same.
// One save at a time: a form that is on its way waits for its answer, which console.js announces (`pnav-done`).
(() => {
  "use strict";
  const PAUSE = 1500;
  const forms = new Map(); // form -> {timer, isSending, isDirty}
  const of = (form) => {
    if (!forms.has(form)) forms.set(form, { timer: 0, isSending: false, isDirty: false });
    return forms.get(form);
  };

  function later(form) {
    const state = of(form);
    clearTimeout(state.timer);
    state.isDirty = true;
    state.timer = setTimeout(save, PAUSE, form);
  }

  // A page that is older does not save by itself: the agent reads both, then presses the button.
  function save(form) {
    const state = of(form);
    if (!form.isConnected || form.querySelector("[data-conflict]")) return;
    if (state.isSending) { later(form); return; }
    form.elements.autosave.disabled = false;
    form.requestSubmit();
    form.elements.autosave.disabled = true;
  }

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const form = event.target.closest("[data-autosave]");
      if (form) later(form);
    });
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-autosave]")) return;
    const state = of(form);
    if (state.isSending) { // pressed while the last save is on its way
      event.preventDefault();
      event.stopPropagation();
      later(form);
      return;
    }
    clearTimeout(state.timer);
    state.isSending = true;
    state.isDirty = false;
  }, true);

  document.addEventListener("pnav-done", (event) => {
    const form = event.target;
    if (form.matches("[data-autosave]")) of(form).isSending = false;
  });

  addEventListener("beforeunload", (event) => {
    if ([...forms].some(([form, state]) => form.isConnected && (state.isDirty || state.isSending))) event.preventDefault();
  });
})();
