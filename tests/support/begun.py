"""The languages that were begun: they are in `settings.LANGUAGES`, and offered to nobody because they are not complete.

Somebody who begins a language adds its code here (docs/languages.md), and removes it when a new site has every text,
including contents, which come with a data migration. For languages that are not here, tests ask for every text. They
fail for a language that is here and is complete.
"""

from common.texts import languages

BEGUN: frozenset[str] = frozenset()


def whole() -> list[str]:
    """Return the languages of the site that have every text, without the source language."""
    return [code for code in languages.others() if code not in BEGUN]


def offered() -> list[str]:
    """Return the languages that are offered in every test, the source language first."""
    return [languages.source(), *whole()]
