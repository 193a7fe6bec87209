"""What Pnav says of itself: each sentence once, with its text of origin, where it is read and what it may hold.

Every room adds its own (`add`) when it is loaded. An administrator may change the text of any of them; the one of
origin stays here, in the code. Labels that are contracts (docs/guide-administration.md) are no sentences: they are
written where they stand, and cannot be changed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from django.db.models import TextChoices
from django.utils import translation
from django.utils.functional import Promise, lazy
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from common.texts import cache as text_cache
from common.texts import languages, marks
from common.texts.cache import Changed
from common.texts.former_keys import FORMER_KEYS
from common.texts.help_numbers import NAMED
from common.texts.languages import FAMILIAR, POLITE
from common.texts.typography import keep_together

MAX_LENGTH = 300  # characters, unless a sentence says otherwise
PLACES = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """The value that is filled in where the text says `{name}`. meaning, example: for administrators, in French."""

    name: str
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Place:
    """The place where a sentence is read, and its audience: in French, for administrators."""

    key: str
    label: str
    audience: str = "la personne"


@dataclass(frozen=True)
class Sentence:
    """One sentence. vous, tu: the text of origin, lazily translated; no tu where both are spoken to alike.

    A variable that the text of origin names has to stay; one of `variables` that it does not name may be used.
    Any number of `common.texts.help_numbers` may be named too. is_translated: whether a visitor reads it, in any
    language. note: what whoever changes it should know.
    """

    key: str
    place: Place
    vous: Promise
    tu: Promise | None = None
    variables: tuple[Variable, ...] = ()
    max_length: int = MAX_LENGTH
    is_translated: bool = True
    note: str = ""

    @property
    def row_key(self) -> str:
        """The key of its row, where an administrator changed it."""
        return FORMER_KEYS.get(self.key, self.key)

    @cached_property
    def required(self) -> frozenset[str]:
        """The variables that no text of this sentence goes without."""
        return frozenset(PLACES.findall(self.origin()))

    # --- the text of origin -------------------------------------------------------------------------------------------

    def _of_code(self, familiar: bool) -> str:
        return str(self.tu if familiar and self.tu is not None else self.vous)

    def origin(self, *, familiar: bool = False, language: str = "") -> str:
        """The text of the code, in this language: the source language unless it is named."""
        with translation.override(language or languages.source()):
            return self._of_code(familiar)

    def voices(self, language: str) -> tuple[str, ...]:
        """The voices in which this sentence differs in this language: a translation may say both in one text."""
        if (voices := self._voices.get(language)) is None:
            voices = (POLITE,)
            if self.tu is not None and (
                language == languages.source()
                or self.origin(language=language) != self.origin(familiar=True, language=language)
            ):
                voices = languages.VOICES
            self._voices[language] = voices
        return voices

    @cached_property
    def _voices(self) -> dict[str, tuple[str, ...]]:
        return {}

    def said_in(self) -> list[str]:
        """The languages in which it is said, the source language first."""
        return languages.codes() if self.is_translated else [languages.source()]

    def origins(self) -> dict[str, str]:
        """The texts of origin that this sentence has, by their names (`languages.text_name`)."""
        return {
            languages.text_name(language, voice): self.origin(familiar=voice == FAMILIAR, language=language)
            for language in self.said_in()
            for voice in self.voices(language)
        }

    # --- as it is said now --------------------------------------------------------------------------------------------

    def _text(self, familiar: bool) -> str:
        changed = text_cache.changed(self.key)
        text = ""
        if changed is not None:
            language = languages.current()
            is_familiar = familiar and FAMILIAR in self.voices(language)
            text = changed.texts.get((language, FAMILIAR if is_familiar else POLITE), "")
        said = keep_together(text or self._of_code(familiar))
        return said if (mark := text_cache.mark_of(self.key)) is None else marks.put_around(said, mark)

    def spoken(self, *, familiar: bool = False) -> str:
        """In the active language, its numbers filled in and its variables left: what a script fills in.

        Made once for each language and voice until the shelf is read again: a page has dozens.
        """
        if text_cache.is_previewing(self.key):
            return _fill(self._text(familiar), text_cache.digits())
        kept, place = text_cache.texts(), (self.key, translation.get_language(), familiar)
        if (text := kept.get(place)) is None:
            text = kept[place] = _fill(self._text(familiar), text_cache.digits())
        return text

    def say(self, *, familiar: bool = False, **values: object) -> str:
        """Return the sentence in the active language, filled in, as plain text to be escaped by whatever shows it."""
        text = self.spoken(familiar=familiar)  # a number is digits and spaces: it adds no variable
        return _fill(text, values) if values else text

    def later(self, *, familiar: bool = False) -> Any:
        """As it will be said when it is read: for what is written once and shown at every visit (a label, an error).

        `%` fills in its variables by name, as Django does with the errors of its fields.
        """
        return _later(self.key, familiar)

    def html(self, *, familiar: bool = False, **values: object) -> SafeString:
        """Return the sentence for a page: everything escaped, and the numbers as links that dial."""
        if values or text_cache.is_previewing(self.key):
            return self._drawn(familiar, values)
        kept = text_cache.drawn()
        place = (self.key, translation.get_language(), familiar)
        if (text := kept.get(place)) is None:
            text = kept[place] = self._drawn(familiar, {})
        return text

    def _drawn(self, familiar: bool, values: Mapping[str, object]) -> SafeString:
        filled = {name: escape(value) for name, value in values.items()}
        for name in NAMED:
            number = text_cache.number(name)
            shown = '<a href="{}">{}</a>' if number.link else "{1}"  # in doubt: no link to dial
            filled[name] = format_html(shown, number.link, number.display)
        # Escaped before it is filled: a brace is no mark of HTML, and what is filled in was escaped by itself.
        return mark_safe(_fill(escape(self._text(familiar)), filled))  # noqa: S308


def _fill(text: str, values: Mapping[str, object]) -> str:
    """Each `{name}` that has a value by it, once: what is filled in is never read again."""
    if "{" not in text:
        return text
    return PLACES.sub(lambda found: str(values[found[1]]) if found[1] in values else found[0], text)


class _Text(str):
    """A text whose variables `%` fills in by name; a per cent sign means nothing in it."""

    __slots__ = ()

    def __mod__(self, values: Any) -> str:
        return _fill(self, values)


def _now(key: str, familiar: bool) -> _Text:
    return _Text(CATALOGUE[key].say(familiar=familiar))


_later = lazy(_now, _Text)

CATALOGUE: dict[str, Sentence] = {}


def add(
    key: str,
    place: Place,
    vous: Promise,
    tu: Promise | None = None,
    *,
    variables: Iterable[Variable] = (),
    max_length: int = MAX_LENGTH,
    is_translated: bool = True,
    note: str = "",
) -> Sentence:
    """A sentence of a room, kept in the catalogue. Raises ValueError for a key that is taken."""
    if key in CATALOGUE:
        raise ValueError(f"two sentences are called {key}")
    made = Sentence(key, place, vous, tu, tuple(variables), max_length, is_translated, note)
    CATALOGUE[key] = made
    return made


def add_options(prefix: str, place: Place, choices: type[TextChoices]) -> dict[str, Sentence]:
    """A sentence for each of these choices, by its value: the name that it has in the code is its text of origin."""
    return {value: add(f"{prefix}_{value}", place, cast(Promise, label)) for value, label in choices.choices}


def of_row(row_key: str) -> Sentence | None:
    """The sentence whose row has this key; None when the code has it no more."""
    return CATALOGUE.get(_KEYS_OF_ROWS.get(row_key, row_key))


_KEYS_OF_ROWS = {former: key for key, former in FORMER_KEYS.items()}


def as_changed(sentence: Sentence, texts: Mapping[str, str]) -> Mapping[str, Changed]:
    """Build what `text_cache.previewing` takes to show one sentence as it would be. texts: by their names."""
    return {sentence.key: Changed.named(**texts)}
