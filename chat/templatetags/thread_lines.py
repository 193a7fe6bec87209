"""`{% thread_lines lines %}`: the messages of an exchange, of which a page may have hundreds."""

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django import template
from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from chat.messages.transcript import Line

register = template.Library()

# A template that the loader reads again, or has in another language, is another object.
_PATTERNS: WeakKeyDictionary[object, tuple[Sequence[str], Sequence[int]]] = WeakKeyDictionary()
_MARK = "\x00"  # nothing that is drawn holds it


@register.simple_tag
def thread_lines(lines: Iterable[Line]) -> SafeString:
    """`chat/_message.html` for each line. It is drawn once, with marks that the escaped values of each line replace.

    A hundred messages take 0.5 ms instead of 1.8 by Django's own loop (docs/adr/0073).
    """
    texts, places = _pattern()
    drawn: list[str] = []
    for line in lines:
        values = [escape(str(value)) for value in line]
        for text, place in zip(texts, places, strict=False):
            drawn += text, values[place]
        drawn.append(texts[-1])
    return mark_safe("".join(drawn))  # noqa: S308  texts of our own template, and values that were escaped


def _pattern() -> tuple[Sequence[str], Sequence[int]]:
    """The texts between the values, and which value comes after each text but the last."""
    source: Any = get_template("chat/_message.html")
    found = _PATTERNS.get(source.template)
    if found is None:
        marks = {name: f"{_MARK}{place}{_MARK}" for place, name in enumerate(Line._fields)}
        pieces = source.render({"line": marks}).split(_MARK)
        found = _PATTERNS[source.template] = (pieces[::2], [int(place) for place in pieces[1::2]])
    return found
