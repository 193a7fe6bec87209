"""Shows the hours of help numbers as the administrators keep them, wherever a page names a number."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from common.cached_reading import CachedReading
from common.texts import cache as text_cache
from pnav.pages.models import HelpNumber
from pnav.pages.texts import frame as frame_texts

register = template.Library()
KEEP_SECONDS = 60  # an edit is seen everywhere within a minute


def _read() -> dict[str, HelpNumber]:
    return {number.number.replace(" ", ""): number for number in HelpNumber.objects.all()}


_numbers: CachedReading[dict[str, HelpNumber]] = CachedReading(_read, KEEP_SECONDS, name="help numbers", otherwise=dict)


def forget() -> None:
    """Read the numbers again at the next page, after an edit in this process and between tests."""
    _numbers.expire()


@register.filter
def current_hours(number: str, otherwise: Any = "") -> str:
    """Return when somebody answers at this number: `{{ number.display|current_hours:number.hours }}`.

    It is the administrators' text when they keep this number, else `otherwise`; empty when nobody knows.
    """
    kept = _numbers.get().get(str(number).replace(" ", ""))
    if kept is None:
        return str(otherwise)
    hours = kept.shown_hours
    return f"{hours}, {frame_texts.FREE.say()}" if hours and kept.is_free else hours


@register.simple_tag
def calls(numbers: Sequence[Any], discreet: bool = False) -> SafeString:
    """Draw these numbers in short lines (`chat/_calls.html`): `{% calls numbers %}`. numbers: some of `triage.numbers`.

    They are drawn once for each list and language until the sentences are read again, because a page of the exchange
    has five of them.
    """
    if text_cache.is_previewing():
        return _draw_calls(numbers, discreet)
    kept = text_cache.drawn_parts()
    place = ("calls", get_language(), bool(discreet), *[number.display for number in numbers])
    if (drawn := kept.get(place)) is None:
        drawn = kept[place] = _draw_calls(numbers, discreet)
    return drawn


def _draw_calls(numbers: Sequence[Any], discreet: bool) -> SafeString:
    return render_to_string("chat/_calls.html", {"numbers": numbers, "discreet": discreet})
