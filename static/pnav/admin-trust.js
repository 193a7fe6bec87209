// Trusted Types in the admin: jQuery and select2, which come with Django, write HTML as text. What they write passes
// through here, and nothing that could run, load or send does; scripts and their addresses stay closed altogether.
// Loaded before them, on the pages of the admin only (docs/adr/0035).
(() => {
  /** @typedef {{ createHTML: (html: string) => string | null }} Rules */
  const { trustedTypes } = /** @type {{ trustedTypes?: { createPolicy: (name: string, rules: Rules) => unknown } }} */ (
    window
  );
  if (!trustedTypes) return;
  const REFUSED = /<\/?(script|iframe|object|embed|base|meta|link|svg|math)\b|\bon[a-z]+\s*=|javascript:/i;
  trustedTypes.createPolicy("default", { createHTML: (html) => (REFUSED.test(html) ? null : html) });
})();
