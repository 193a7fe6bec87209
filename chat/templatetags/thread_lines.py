"""The tag `{% thread_lines lines %}`, which renders the messages of an exchange; a page may have hundreds."""

from collections.abc import Iterable

from django import template
from django.utils.safestring import SafeString, mark_safe

from chat.messages.transcript import Line
from common.texts.patterns import Pattern

register = template.Library()

_MESSAGE = Pattern("chat/_message.html", [f"line.{field}" for field in Line._fields])


@register.simple_tag
def thread_lines(lines: Iterable[Line]) -> SafeString:
    """Render `chat/_message.html` for each line.

    A hundred messages take 0.5 ms instead of 1.8 by Django's own loop (docs/adr/0073).
    """
    fill = _MESSAGE.filler()
    return mark_safe("".join([fill(*line) for line in lines]))  # noqa: S308  drawn by our own template
