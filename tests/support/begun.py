"""The languages that are begun: in `settings.LANGUAGES`, and not whole yet, so that they are offered to nobody.

Whoever begins one adds its code here (docs/languages.md), and takes it away when a new site has every text, contents
included: these come with a data migration. Tests ask every text of the languages that are not here, and fail for one
that is here and is whole.
"""

from common.texts import languages

BEGUN: frozenset[str] = frozenset()


def whole() -> list[str]:
    """Return the languages of the site that have every text, without the source language."""
    return [code for code in languages.others() if code not in BEGUN]


def offered() -> list[str]:
    """Return those that are offered in every test, the source language first."""
    return [languages.source(), *whole()]
