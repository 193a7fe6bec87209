"""The hours of help numbers as the administrators keep them, wherever a page names a number."""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from django import template
from django.db import DatabaseError, InterfaceError

from pnav.pages.models import HelpNumber
from pnav.pages.texts import frame as frame_texts

logger = logging.getLogger(__name__)
register = template.Library()
KEEP_SECONDS = 60  # an edit is seen everywhere within a minute


@dataclass
class _Shelf:
    """What this process read last, and when."""

    read_at: float = float("-inf")  # monotonic seconds
    numbers: dict[str, HelpNumber] = field(default_factory=dict)


_shelf = _Shelf()


def forget() -> None:
    """Read again at the next page: after an edit in this process, and between tests."""
    _shelf.read_at = float("-inf")


def _current() -> dict[str, HelpNumber]:
    now = time.monotonic()
    if now - _shelf.read_at >= KEEP_SECONDS:
        _shelf.read_at = now
        try:
            rows = HelpNumber.objects.prefetch_related("text_rows")  # kept for pages of every language
            _shelf.numbers = {number.number.replace(" ", ""): number for number in rows}
        except (DatabaseError, InterfaceError) as error:
            logger.warning("help numbers: the database failed (%s)", type(error).__name__)
    return _shelf.numbers


@register.filter
def current_hours(number: str, otherwise: Any = "") -> str:
    """When somebody answers at this number, in words: `{{ number.display|current_hours:number.hours }}`.

    The administrators' words when they keep this number, else `otherwise`. Empty when nobody can say.
    """
    kept = _current().get(str(number).replace(" ", ""))
    if kept is None:
        return str(otherwise)
    hours = kept.shown_hours
    return f"{hours}, {frame_texts.FREE.say()}" if hours and kept.is_free else hours
