// Trusted Types in the admin. jQuery and select2, which come with Django, write HTML from text. This policy refuses
// such a text when anything in it could run, load or send, and lets the others through. It allows no script and no
// address of a script. It is loaded before both libraries, and only on pages of the admin (docs/adr/0035).
(() => {
  /** @typedef {{ createHTML: (html: string) => string | null }} Rules */
  const { trustedTypes } = /** @type {{ trustedTypes?: { createPolicy: (name: string, rules: Rules) => unknown } }} */ (
    window
  );
  if (!trustedTypes) return;
  const REFUSED = /<\/?(script|iframe|object|embed|base|meta|link|svg|math)\b|\bon[a-z]+\s*=|javascript:/i;
  trustedTypes.createPolicy("default", { createHTML: (html) => (REFUSED.test(html) ? null : html) });
})();
