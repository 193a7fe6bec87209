"""Draw a small template for each of many rows, or a part of a page whose text is nearly the same for everybody.

Django draws a template of ten values in some 100 microseconds, and a page may hold fifty of them. Here it is drawn once
with marks in the place of its values; each row then puts its own, escaped, between the texts. What the template asks in
its conditions is drawn once for each answer. `pnav.pages.templatetags.kept` does the same within a template.
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

_MARK = "\x00"  # nothing that is drawn holds it
_is_special = re.compile("[&<>\"']").search  # what `html.escape` replaces; most values have none of it


type Fill = Callable[..., SafeString]


def mark(place: int) -> str:
    """What stands for the value of this place while a text is drawn to be cut. It may only be written."""
    return f"{_MARK}{place}{_MARK}"


def cut(drawn: str) -> Pieces:
    """A text that was drawn with marks, cut at them."""
    pieces = drawn.split(_MARK)
    return pieces, _in_order([int(place) for place in pieces[1::2]])


def _in_order(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple([values[place] for place in places])  # `itemgetter` of one gives no tuple


def _escaped(value: Any) -> str:
    """As `conditional_escape`, which takes three times as long because its texts may be lazy."""
    if type(value) is str:
        return html.escape(value) if _is_special(value) else value
    return conditional_escape(value)


def escaped(value: Any) -> SafeString:
    """A value as `fill` would write it, escaped once for many rows."""
    return SafeString(_escaped(value))


def fill(pieces: Pieces, values: Sequence[Any]) -> SafeString:
    """The text with these values, by their places: escaped, unless they are safe.

    Put into the gaps of a list and joined: a format of `%` takes half as long again for a row, and three times as long
    for a part of a page, for it looks at each letter of the text.
    """
    texts, in_order = pieces
    # Once each: an id of a row stands in it three times.
    escaped = [value if type(value) is SafeString else _escaped(value) for value in values]
    filled = texts.copy()
    filled[1::2] = in_order(escaped)
    return SafeString("".join(filled))  # texts of our own template


class Pattern:
    """A template that is drawn for many rows. It is drawn again for each language, and when sentences are read again.

    name: of the template. fields: the variables whose values each row has, as the template says them (`line.body`). Its
    conditions, filters and tags may ask for no more of them than that they are there and are written.
    """

    def __init__(self, name: str, fields: Sequence[str]) -> None:
        self._name = name
        self._marks: dict[str, Any] = {}
        for place, field in enumerate(fields):
            *outer, last = field.split(".")
            inner = self._marks
            for part in outer:
                inner = inner.setdefault(part, {})
            inner[last] = mark(place)

    def filler(self, **asked: object) -> Fill:
        """Return what draws a row from its values, in the order of the fields: escaped, unless they are safe.

        asked: what the conditions of the template ask for. Each combination is kept, so these are words and booleans of
        ours, never what somebody typed. Make it once a page: it looks for the template.
        """
        pieces = self._pieces(asked)
        return lambda *values: fill(pieces, values)

    def _pieces(self, asked: Mapping[str, object]) -> Pieces:
        source: Any = get_template(self._name)
        if text_cache.is_previewing():
            return self._drawn(source, asked)
        kept = text_cache.patterns()
        # A template that was read again, or of another language, is another one.
        key = (self, source.template, *asked.items())
        if (found := kept.get(key)) is None:
            found = kept[key] = self._drawn(source, asked)
        return found

    def _drawn(self, source: Any, asked: Mapping[str, object]) -> Pieces:
        return cut(source.render({**asked, **self._marks}))
