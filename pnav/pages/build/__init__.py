"""This module has what is made before the site starts: styles, translations, static files, templates."""
