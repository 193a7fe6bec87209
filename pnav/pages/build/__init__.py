"""Makes what must exist before the site starts: styles, translations, static files, templates."""
