"""Renders a small template quickly for many rows, or a part of a page that is nearly the same for everybody.

Django renders a template with ten values in some 100 microseconds, and a page may have fifty of them. Here the template
is rendered once with marks in place of its values. Each row then puts its own values, escaped, between the texts. A
template with conditions is rendered once for each combination of their answers. `pnav.pages.templatetags.kept` does the
same within a template.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from common.texts import cache as text_cache
from common.texts.cache import Pieces

_MARK = "\x00"  # no rendered text contains it
_is_special = re.compile("[&<>\"']").search  # the characters that `html.escape` replaces; most values have none


type Fill = Callable[..., SafeString]


def mark(place: int) -> str:
    """Return the mark for the value with this number. A template may only write it, not test or change it."""
    return f"{_MARK}{place}{_MARK}"


def cut(drawn: str) -> Pieces:
    """Cut a text that was rendered with marks at these marks."""
    pieces = drawn.split(_MARK)
    return pieces, _in_order([int(place) for place in pieces[1::2]])


def _in_order(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])  # `itemgetter` with one index returns no tuple


def _escaped(value: Any) -> str:
    """Escape as `conditional_escape` does, which takes three times as long because it allows lazy texts."""
    if type(value) is str:
        return html.escape(value) if _is_special(value) else value
    return conditional_escape(value)


def escaped(value: Any) -> SafeString:
    """Return a value escaped as `fill` would, so that it is escaped once for many rows."""
    return SafeString(_escaped(value))


def fill(pieces: Pieces, values: Sequence[Any]) -> SafeString:
    """Return the text with these values in their places, escaped unless they are safe.

    The values are put into a list that is then joined. The `%` operator takes half as long again for a row, and three
    times as long for a part of a page, because it reads each character of the text.
    """
    texts, in_order = pieces
    # Each value is escaped only once, although an id may occur three times in a row.
    escaped = [value if type(value) is SafeString else _escaped(value) for value in values]
    filled = texts.copy()
    filled[1::2] = in_order(escaped)
    return SafeString("".join(filled))  # the texts come from our own template, and the values are escaped


class Pattern:
    """It is a template for many rows. It is rendered again for each language, and when changed sentences are read
    again.

    name: the template's name. fields: the variables whose values each row gives, as the template writes them
    (`line.body`). The template may only write them: its conditions, filters and tags must not use their values.
    """

    def __init__(self, name: str, fields: Sequence[str]) -> None:
        self._name, self._fields = name, tuple(fields)
        self._marks: dict[str, Any] = {}
        for place, field in enumerate(fields):
            *outer, last = field.split(".")
            inner = self._marks
            for part in outer:
                inner = inner.setdefault(part, {})
            inner[last] = mark(place)

    def filler(self, **asked: object) -> Fill:
        """Return a function that renders a row from its values, in the order of the fields, escaped unless safe.

        asked: the variables that the template's conditions use. Each combination is cached, so their values must be
        words and booleans of the code, never what somebody typed. Call this once for each page, because it looks up the
        template.
        """
        pieces = self._pieces(asked)
        return lambda *values: fill(pieces, values)

    def draw(self, values: Sequence[Any], **asked: object) -> SafeString:
        """Return one row, of which any value may be missing: an empty one is, and the template may ask whether it is.

        asked: as of `filler`.
        """
        source: Any = get_template(self._name)
        there = [bool(value) for value in values]
        marks = {name: mark(place) if there[place] else "" for place, name in enumerate(self._fields)}
        if text_cache.is_previewing():
            return fill(cut(source.render({**asked, **marks})), values)
        kept = text_cache.patterns()
        key = (self, source.template, *there, *asked.items())
        if (found := kept.get(key)) is None:
            found = kept[key] = cut(source.render({**asked, **marks}))
        return fill(found, values)

    def _pieces(self, asked: Mapping[str, object]) -> Pieces:
        source: Any = get_template(self._name)
        if text_cache.is_previewing():
            return self._drawn(source, asked)
        kept = text_cache.patterns()
        # A template that was loaded again, or that is for another language, has an entry of its own.
        key = (self, source.template, *asked.items())
        if (found := kept.get(key)) is None:
            found = kept[key] = self._drawn(source, asked)
        return found

    def _drawn(self, source: Any, asked: Mapping[str, object]) -> Pieces:
        return cut(source.render({**asked, **self._marks}))
