"""Counts how complete each language of the site is, and decides which languages are offered.

What the code brings (the words of pages, the sentences, the names of data) is translated in `pnav/locale`. What
administrators write is translated where they write it. A language is offered when nothing of the first and hardly
anything of the second is missing. So one section without a translation takes no language away from those who read in
it, and an unfinished language is offered to nobody. Whoever chose a language before keeps it.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from psycopg_pool import PoolTimeout

from common.cached_reading import reading_for_others
from common.database_errors import describe_error
from common.texts import languages
from common.texts.catalogue import CATALOGUE
from common.texts.models import ChangedSentence, SentenceText
from common.texts.text_rows import Translated
from pnav.pages.models import ContentBlock, HelpNumber, RemovalPlatform
from triage import versions
from triage.editing import walk
from triage.questionnaire.results import BUILT_IN

logger = logging.getLogger(__name__)
# The share of what administrators write that must be translated. It is our own choice: a new section without its
# translation is about two texts of a hundred, an untranslated questionnaire more than half of them.
ENOUGH = 0.9
KEEP_SECONDS = 60
MISSING_OF_SENTENCES = "Phrases de Pnav"  # the part whose missing texts are named by keys of the catalogue


@dataclass(frozen=True)
class Part:
    """These are texts of one kind. name: in French. missing: descriptions of the missing texts, in order. is_of_code:
    see the module.
    """

    name: str
    total: int
    missing: tuple[str, ...]
    is_of_code: bool

    @property
    def done(self) -> int:
        """Return how many texts have a translation."""
        return self.total - len(self.missing)


@dataclass(frozen=True)
class Completeness:
    """It says how complete one language is."""

    language: str
    parts: tuple[Part, ...]

    @property
    def is_enough(self) -> bool:
        """Return whether this language may be offered."""
        written = [part for part in self.parts if not part.is_of_code]
        total, done = sum(part.total for part in written), sum(part.done for part in written)
        return not any(part.missing for part in self.parts if part.is_of_code) and done >= ENOUGH * total


def completeness_of(language: str) -> Completeness:
    """Count what this language has and lacks: seven queries, and one for a questionnaire that was not read lately.

    language: one of `languages.others()`.
    """
    translated, wanted = translated_messages(language), wanted_messages()
    changed = set(SentenceText.objects.filter(language=language).values_list("owner_id", flat=True))
    return Completeness(
        language,
        (
            _part("Mots des pages", wanted, [one for one in wanted if one not in translated], is_of_code=True),
            _sentences(translated, changed),
            _questionnaire(language, translated),
            _contents("Contenus", ContentBlock, language),
            _contents("Numéros d'aide", HelpNumber, language),
            _contents("Plateformes (retrait)", RemovalPlatform, language),
        ),
    )


def _part(name: str, all_of: Iterable[object], missing: Iterable[str], *, is_of_code: bool) -> Part:
    return Part(name, len(list(all_of)), tuple(missing), is_of_code)


# --- what the code brings ---------------------------------------------------------------------------------------------


def translated_messages(language: str) -> frozenset[str]:
    """Return the texts of the code that have a translation, as it was compiled. A process reads them once."""
    return _compiled(language, tuple(map(str, settings.LOCALE_PATHS)))


@lru_cache(maxsize=64)
def _compiled(language: str, folders: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for folder in folders:
        path = Path(folder) / translation.to_locale(language) / "LC_MESSAGES" / "django.mo"
        if path.exists():
            found.update(entry.msgid for entry in polib.mofile(str(path)))  # compiled files hold no empty translation
    return frozenset(found)


def wanted_messages() -> list[str]:
    """Return the texts that every language must have: those of the first other language in `settings.LANGUAGES`.

    What only staff reads stays in French, and no list says which texts these are. A text that the first language lacks
    is taken for one of them, even if a later language translates it. That the first one has every text of a visitor is
    for `tests/pages/test_translations.py`.
    """
    return sorted(translated_messages(languages.others()[0])) if languages.others() else []


def _sentences(translated: frozenset[str], changed: set[str]) -> Part:
    """Count the sentences of the catalogue. A sentence that an administrator wrote in this language is translated."""
    said = [sentence for sentence in CATALOGUE.values() if sentence.is_translated]
    with translation.override(languages.source()):
        missing = [
            sentence.key
            for sentence in said
            if sentence.row_key not in changed
            and any(str(text) not in translated for text in (sentence.vous, sentence.tu) if text is not None)
        ]
    return _part(MISSING_OF_SENTENCES, said, missing, is_of_code=True)


# --- what administrators write ----------------------------------------------------------------------------------------


def _questionnaire(language: str, translated: frozenset[str]) -> Part:
    """Count the texts of the questionnaire in force. That of the code is translated as all of the code is."""
    asked = versions.current()
    texts = [
        (place, text)
        for place, wording in walk.wordings(asked)
        for text in (wording.vous, wording.tu, wording.other)
        if text is not None
    ]
    with translation.override(languages.source()):
        own = [str(text) for _place, text in texts]
    with translation.override(language):
        there = [str(text) for _place, text in texts]
    is_of_code = asked is BUILT_IN
    missing = [
        "/".join(map(str, place))
        for (place, _text), french, text in zip(texts, own, there, strict=True)
        if (french not in translated if is_of_code else text == french)
    ]
    return _part("Questionnaire", texts, missing, is_of_code=is_of_code)


def _contents(name: str, model: type[Translated], language: str) -> Part:
    """Count the contents. A text that is empty in the source language needs no translation."""
    texts = list(_translations(model, language))
    return _part(name, texts, [where for where, text in texts if not text], is_of_code=False)


def _translations(model: type[Translated], language: str) -> Iterator[tuple[str, str]]:
    rows: Any = model._default_manager  # each class of these has the relation
    for row in rows.prefetch_related("text_rows"):
        for part in model.text_fields:
            if getattr(row, part):
                yield f"{row} – {model.column(part).verbose_name}", row.texts.get((language, part), "")


def to_review(language: str) -> list[str]:
    """Return the texts that administrators wrote in this language and whose source text has changed since.

    Such a text is still shown, and takes no language away. This makes eight queries, for a command.
    """
    found = []
    kinds: list[tuple[str, Any]] = [
        ("Phrases de Pnav", ChangedSentence),
        ("Contenus", ContentBlock),
        ("Numéros d'aide", HelpNumber),
        ("Plateformes (retrait)", RemovalPlatform),
    ]
    for kind, model in kinds:
        places = model.text_places()
        for row in model._default_manager.prefetch_related("text_rows"):
            where = row.key if model is ChangedSentence else row
            found += [
                f"{kind} : {where} – {model.text_label(*places[name])}"
                for name in row.outdated()
                if places[name][0] == language
            ]
    return found


# --- which ones are offered -------------------------------------------------------------------------------------------


@dataclass
class _Kept:
    """It is what this process read last, and when. offered: None before the first reading."""

    read_at: float = float("-inf")  # when it was read, in monotonic seconds
    offered: list[str] | None = None


_kept = _Kept()
_reading = threading.Lock()


def offered_languages() -> list[str]:
    """Return the languages that are offered, the source language first; at most KEEP_SECONDS old.

    One thread reads again while the others go on with the last ones. Before the first reading they wait for it: what
    they made with the source language alone was kept for a minute (`pnav.pages.public_links`). While the database is
    away they are the last ones known.
    """
    if _is_old() and _reading.acquire(blocking=_kept.offered is None):
        try:
            if _is_old():
                with reading_for_others():
                    _read_again()
        finally:
            _reading.release()
    return [languages.source(), *(_kept.offered or ())]


def _is_old() -> bool:
    return time.monotonic() - _kept.read_at >= KEEP_SECONDS


def _read_again() -> None:
    now = time.monotonic()
    try:
        _kept.offered = [code for code in languages.others() if completeness_of(code).is_enough]
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        logger.warning("languages: the database failed (%s)", describe_error(error))
    finally:
        _kept.offered = _kept.offered or []
        _kept.read_at = now


def set_offered(codes: Iterable[str] | None = None) -> None:
    """Use these as the languages that were read, and keep them; None reads again at the next question. For tests."""
    _kept.offered = None if codes is None else list(codes)
    _kept.read_at = float("-inf") if codes is None else float("inf")
