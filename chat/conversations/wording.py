"""This module puts durations and places into words."""

from datetime import timedelta

from django.utils.translation import gettext as _

from reports.models import Report


def duration_in_words(elapsed: timedelta) -> str:
    """Say a duration in words short enough for a list: « < 1 min », « 1 min », « 1 h 05 ».

    In an open page `lib/time.js` goes on counting with the same words; `tests/js/test_twins.py` holds the two together.
    """
    minutes = int(elapsed.total_seconds() // 60)
    if minutes < 1:
        return _("< 1 min")
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    return _("%(hours)s h %(minutes)s") % {"hours": minutes // 60, "minutes": f"{minutes % 60:02}"}


def clock_in_words(elapsed: timedelta) -> str:
    """Say a duration as a clock does, where seconds count: « 03:12 », « 1:03:12 ».

    In an open page `lib/time.js` goes on counting with the same words; `tests/js/test_twins.py` holds the two together.
    """
    seconds = max(0, int(elapsed.total_seconds()))
    minutes = f"{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{seconds // 3600}:{minutes}" if seconds >= 3600 else minutes


def place_of(report: Report) -> str:
    """Return the commune of a report with its département, or the postal code if it has no commune.

    Somebody who said that they are in danger need not give a place. It is then said to be unknown, and never empty,
    because consoles put it after the word of an exchange (« renard · lieu inconnu ») and in the middle of sentences.
    """
    return str(report.municipality) if report.municipality else report.postal_code or _("lieu inconnu")
