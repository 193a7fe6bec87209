"""The hours of help numbers as the administrators keep them, wherever a page names a number."""

from typing import Any

from django import template

from common.cached_reading import CachedReading
from pnav.pages.models import HelpNumber
from pnav.pages.texts import frame as frame_texts

register = template.Library()
KEEP_SECONDS = 60  # an edit is seen everywhere within a minute


def _read() -> dict[str, HelpNumber]:
    return {number.number.replace(" ", ""): number for number in HelpNumber.objects.all()}


_numbers: CachedReading[dict[str, HelpNumber]] = CachedReading(_read, KEEP_SECONDS, name="help numbers", otherwise=dict)


def forget() -> None:
    """Read again at the next page: after an edit in this process, and between tests."""
    _numbers.expire()


@register.filter
def current_hours(number: str, otherwise: Any = "") -> str:
    """When somebody answers at this number, in words: `{{ number.display|current_hours:number.hours }}`.

    The administrators' words when they keep this number, else `otherwise`. Empty when nobody can say.
    """
    kept = _numbers.get().get(str(number).replace(" ", ""))
    if kept is None:
        return str(otherwise)
    hours = kept.shown_hours
    return f"{hours}, {frame_texts.FREE.say()}" if hours and kept.is_free else hours
