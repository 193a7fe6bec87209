"""Counts without a translation follow the rule of French, in which zero is singular (« 0 personne », ADR 0143).

Texts of the source language have no catalogue, and Django counts what no catalogue has by the English rule.
"""

from gettext import NullTranslations
from typing import Any

from django.conf import settings
from django.utils.translation import trans_real


class SourcePlural(NullTranslations):
    """It says a counted text of the source language as it stands in the code."""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the first of both texts for less than two."""
        return msgid1 if abs(n) < 2 else msgid2

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        """Return the same, of a text with a context."""
        return self.ngettext(msgid1, msgid2, n)


class Translation(trans_real.DjangoTranslation):
    """It is Django's translation of a language, of which that of the source language counts in it.

    A language that lacks a text asks that of the source language, except English: what is English in the code of Django
    itself has no catalogue either, and stays « 0 days ».
    """

    def __init__(self, language: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(language, *args, **kwargs)
        if language == settings.LANGUAGE_CODE:
            self.add_fallback(SourcePlural())


def count_in_the_source_language() -> None:
    """Let Django make each translation by `Translation`, also again once its cache was emptied (a changed file).

    That of the source language is there already when a model said a text while it was read.
    """
    trans_real.DjangoTranslation = Translation  # type: ignore[misc]
    made = trans_real.translation(settings.LANGUAGE_CODE)
    if not isinstance(made, Translation):
        made.add_fallback(SourcePlural())
