"""Lists what administrators can translate or review (« À traduire »), with a link to each form.

For each language but the source it lists texts without a translation, and translations whose source text has changed
since. What only the code can translate is counted beside them. It makes some ten queries for each language, for
administrators alone, and shows at most SHOWN lines of each sort.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.translation import gettext as _

from chat.models import CannedReply
from common.texts import contacts, languages
from common.texts.catalogue import CATALOGUE
from common.texts.models import ChangedSentence
from common.texts.text_rows import Translated
from pnav.pages.completeness import MISSING_OF_SENTENCES, Part, completeness_of
from pnav.pages.models import ContentBlock, HelpNumber, RemovalPlatform

# Shared replies are agents' words. They do not count for the completeness of a language, but are worth translating.
KINDS: tuple[type[Translated], ...] = (ContentBlock, HelpNumber, RemovalPlatform, CannedReply)
SHOWN = 200
SENTENCES_READ = 1000  # each changed sentence has a row; there are some hundreds at most


@dataclass(frozen=True, slots=True)
class Item:
    """It is a row to translate. kind: its kind, in words; words: which row; parts: its texts, in words; url: that of
    its form.
    """

    kind: str
    words: str
    parts: str
    url: str


@dataclass(frozen=True, slots=True)
class Work:
    """It is what one language needs.

    missing, outdated: at most SHOWN of each; their counts are of all. of_code: what only the code can translate, by
    kind.
    """

    name: str
    missing: list[Item]
    missing_count: int
    outdated: list[Item]
    outdated_count: int
    of_code: list[Part]

    @property
    def is_done(self) -> bool:
        """Return whether nothing is missing or outdated in this language."""
        return not (self.missing_count or self.outdated_count or self.of_code)


def _url(row: Any) -> str:
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(row.pk)])


def _item(row: Any, names: list[str]) -> Item:
    places = type(row).text_places()
    parts = ", ".join(str(type(row).text_label(*places[name])) for name in names)
    return Item(str(row._meta.verbose_name).capitalize(), str(row), parts, _url(row))


def texts_that_say(number: str) -> list[tuple[str, str]]:
    """Return the texts of administrators in which this telephone number stands, in any language: which one, and the URL
    of its form.

    It makes two queries for each kind, for whoever has just changed the number.
    """
    digits = contacts.numbers(number)
    saying = [row for row in _rows() if digits & contacts.numbers("\n".join(_texts_of(row)))]
    return [(f"{str(row._meta.verbose_name).capitalize()} « {row} »", _url(row)) for row in saying]


def _texts_of(row: Any) -> list[str]:
    return [*(str(getattr(row, part) or "") for part in type(row).text_fields), *row.named_texts().values()]


def _rows() -> Iterator[Any]:
    for model in KINDS:
        rows: Any = model._default_manager  # all of these classes have the relation
        yield from rows.prefetch_related("text_rows")


def _lacks(row: Any, language: str) -> list[str]:
    """Return the names of its texts that this language lacks.

    A text that is empty in the source language needs no translation. A familiar text needs none where the polite one is
    translated, because many languages have one for both.
    """
    return [
        type(row).text_name(language, part)
        for part in type(row).text_fields
        if getattr(row, part)
        and not row.texts.get((language, part))
        and not (part == languages.FAMILIAR and row.texts.get((language, languages.POLITE)))
    ]


def _missing(language: str, rows: list[Any]) -> list[Item]:
    return [_item(row, names) for row in rows if (names := _lacks(row, language))]


def outdated_names(row: Any, language: str = "") -> list[str]:
    """Return the names of its texts in this language, or in any, whose source text has changed since."""
    places = row.text_places()
    return [name for name in row.outdated() if language in ("", places[name][0])]


def _sentences() -> list[ChangedSentence]:
    return list(ChangedSentence.objects.prefetch_related("text_rows")[:SENTENCES_READ])


def count() -> tuple[int, int]:
    """Return how many rows lack a text in some language, and how many have an outdated translation. Nine queries."""
    rows = list(_rows())
    missing = sum(any(_lacks(row, language) for language in languages.others()) for row in rows)
    return missing, sum(bool(outdated_names(row)) for row in (*rows, *_sentences()))


def read() -> list[Work]:
    """Return what each language needs, after the texts in *tu* that follow a former text in *vous*."""
    rows, sentences = list(_rows()), _sentences()
    found = []
    source = languages.source()
    if familiar := [_item(row, names) for row in (*rows, *sentences) if (names := outdated_names(row, source))]:
        name = f"{languages.name(source)} {_('en tutoyant')}"
        found.append(Work(name, [], 0, familiar[:SHOWN], len(familiar), []))
    for language in languages.others():
        outdated = [_item(row, names) for row in (*rows, *sentences) if (names := outdated_names(row, language))]
        missing, of_code = _missing(language, rows), []
        for part in completeness_of(language).parts:
            if part.name == MISSING_OF_SENTENCES:
                label = str(ChangedSentence._meta.verbose_name).capitalize()
                for key in part.missing:
                    row = ChangedSentence(key=CATALOGUE[key].row_key)
                    missing.append(Item(label, CATALOGUE[key].origin(), _("Texte"), _url(row)))
            elif part.is_of_code and part.missing:
                of_code.append(part)
        found.append(
            Work(
                languages.name(language),
                missing[:SHOWN],
                len(missing),
                outdated[:SHOWN],
                len(outdated),
                of_code,
            )
        )
    return found
