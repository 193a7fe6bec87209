"""This is the catalogue of the sentences that Pnav says: each with its original text, its place and its variables.

Each app adds its own sentences (`add`) when it is loaded. An administrator may change the text of any of them; the
original text stays in the code. Fixed labels (docs/guide-administration.md) are not in the catalogue: they are written
where they are shown, and cannot be changed.
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

MAX_LENGTH = 300  # characters, unless a sentence has another limit
PLACES = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """It is a value that is filled in for `{name}` in a text. meaning, example: for administrators, in French."""

    name: str
    meaning: str
    example: str


@dataclass(frozen=True, slots=True)
class Place:
    """It is the place where a sentence is read, and by whom, in French for administrators."""

    key: str
    label: str
    audience: str = "la personne"


@dataclass(frozen=True)
class Sentence:
    """It is one sentence of the catalogue.

    vous, tu: the original text, lazily translated; no tu where both voices say the same. variables: those that a text
    may use. A changed text must contain each variable that the original one contains. Any number of
    `common.texts.help_numbers` may be used too. is_translated: whether visitors read it, in any language. note: what
    an administrator who changes it should know.
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
        """Return the key of its row in the table of changed sentences."""
        return FORMER_KEYS.get(self.key, self.key)

    @cached_property
    def required(self) -> frozenset[str]:
        """Return the names of the variables that every text of this sentence must contain."""
        return frozenset(PLACES.findall(self.origin()))

    # --- the text of origin -------------------------------------------------------------------------------------------

    def _of_code(self, familiar: bool) -> str:
        return str(self.tu if familiar and self.tu is not None else self.vous)

    def origin(self, *, familiar: bool = False, language: str = "") -> str:
        """Return the original text in this language; the source language unless it is given."""
        with translation.override(language or languages.source()):
            return self._of_code(familiar)

    def voices(self, language: str) -> tuple[str, ...]:
        """Return the voices that have a text of their own in this language; a translation may have one for both."""
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
        """Return the languages in which this sentence is shown, the source language first."""
        return languages.codes() if self.is_translated else [languages.source()]

    def origins(self) -> dict[str, str]:
        """Return the original texts of this sentence by their names (`languages.text_name`)."""
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
        """Return the sentence in the active language, with help numbers filled in and other variables left.

        The result is cached by language and voice until the changed texts are read again, because a page has dozens.
        """
        if text_cache.is_previewing(self.key):
            return _fill(self._text(familiar), text_cache.digits())
        kept, place = text_cache.texts(), (self.key, translation.get_language(), familiar)
        if (text := kept.get(place)) is None:
            text = kept[place] = _fill(self._text(familiar), text_cache.digits())
        return text

    def say(self, *, familiar: bool = False, **values: object) -> str:
        """Return the sentence in the active language, filled in, as plain text to be escaped by whatever shows it."""
        text = self.spoken(familiar=familiar)  # a help number consists of digits and spaces, so it adds no variable
        return _fill(text, values) if values else text

    def later(self, *, familiar: bool = False) -> Any:
        """Return a lazy text, which becomes the sentence when it is shown, for labels and errors of forms.

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
            shown = '<a href="{}">{}</a>' if number.link else "{1}"  # without a valid link, only the text
            filled[name] = format_html(shown, number.link, number.display)
        # The text is escaped before values are filled in, which works because HTML gives braces no meaning. The values
        # have been escaped separately.
        return mark_safe(_fill(escape(self._text(familiar)), filled))  # noqa: S308


def _fill(text: str, values: Mapping[str, object]) -> str:
    """Replace each `{name}` that has a value. Braces within a value are left as they are."""
    if "{" not in text:
        return text
    return PLACES.sub(lambda found: str(values[found[1]]) if found[1] in values else found[0], text)


class _Text(str):
    """It is a text whose `{name}` variables are filled in by `%`; a per cent sign in it has no meaning."""

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
    """Add a sentence to the catalogue, and return it. Raises ValueError for a key that exists already."""
    if key in CATALOGUE:
        raise ValueError(f"two sentences are called {key}")
    made = Sentence(key, place, vous, tu, tuple(variables), max_length, is_translated, note)
    CATALOGUE[key] = made
    return made


def add_options(prefix: str, place: Place, choices: type[TextChoices]) -> dict[str, Sentence]:
    """Add a sentence for each of these choices, whose label is its original text, and return them by value."""
    return {value: add(f"{prefix}_{value}", place, cast(Promise, label)) for value, label in choices.choices}


def of_row(row_key: str) -> Sentence | None:
    """Return the sentence whose row has this key; None if it is no longer in the code."""
    return CATALOGUE.get(_KEYS_OF_ROWS.get(row_key, row_key))


_KEYS_OF_ROWS = {former: key for key, former in FORMER_KEYS.items()}


def as_changed(sentence: Sentence, texts: Mapping[str, str]) -> Mapping[str, Changed]:
    """Return the argument of `text_cache.previewing` that shows one sentence with these texts. texts: by name."""
    return {sentence.key: Changed.named(**texts)}
