// Names for the searches of the admin. select2, which comes with Django, gives its field no name, and draws what is
// chosen as a text field without one (docs/adr/0140). The label of the field names both, and the search that opens.
(() => {
  /** @param {Element} select @returns {HTMLElement | null} */
  const labelOf = (select) => document.querySelector(`label[for="${CSS.escape(select.id)}"]`);

  const nameAll = () => {
    for (const select of document.querySelectorAll("select.admin-autocomplete")) {
      const label = labelOf(select);
      const box = select.nextElementSibling?.querySelector("[role=combobox]");
      if (!label || !box) continue; // the empty form of a formset, which select2 leaves alone
      label.id ||= `${select.id}-nom`;
      const chosen = box.querySelector("span.select2-selection__rendered");
      for (const part of ["role", "aria-readonly"]) chosen?.removeAttribute(part);
      box.setAttribute("aria-labelledby", chosen ? `${label.id} ${chosen.id}` : label.id);
      box.querySelector("input")?.setAttribute("aria-label", label.textContent?.trim() ?? "");
    }
  };

  // select2 draws a field as the page is ready, and in each form that is added; and its search as it opens.
  new MutationObserver((changes) => {
    for (const one of changes.flatMap((change) => [...change.addedNodes])) {
      if (!(one instanceof Element)) continue;
      if (one.matches(".select2-container")) nameAll();
      const search = one.querySelector("input.select2-search__field");
      const open = document.querySelector("select.admin-autocomplete + .select2-container--open");
      if (search && open?.previousElementSibling) {
        search.setAttribute("aria-label", labelOf(open.previousElementSibling)?.textContent?.trim() ?? "");
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
