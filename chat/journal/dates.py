"""This module reads and orders the dates of facts: to the minute, on a day, « vers », or not known. Pure.

A date is the one that the person told, where they were: it has no zone, and none is guessed.

The order is total, and the same whatever order the facts came in: a known date comes before an unknown one; then the
moment that was told; of one day, what has no hour comes before what has one; of one moment, what is surer comes first;
then the fact that was noted first. Two facts that cannot have been at the same time stand in the order in which they
were (`span`; tests/chat/journal/test_dates.py holds both as properties).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.choices import read_choice


class Precision(TextChoices):
    """It is how well the person knows when it was. The values are kept sealed, and stay."""

    MINUTE = "minute", _("À la minute")
    DAY = "day", _("Ce jour-là")
    ABOUT = "about", _("Vers cette date")
    UNKNOWN = "unknown", _("Date inconnue")


# What « vers » leaves open, on each side. Ours: enough to tell « the same week » from « another month ».
ABOUT_A_DAY = timedelta(days=3)
ABOUT_AN_HOUR = timedelta(hours=2)

# Of two facts of one moment the surer comes first; of one day, those without an hour come before those with one.
_RANK = {Precision.DAY: 0, Precision.ABOUT: 1, Precision.MINUTE: 0}
_NO_HOUR = -1

type Key = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Moment:
    """It is when it was. day: None when it is not known; hour: to the minute, None when nobody told one.

    Raises ValueError for what says two things: a day that is not known and has an hour, a minute without one.
    """

    precision: Precision = Precision.UNKNOWN
    day: date | None = None
    hour: time | None = None

    def __post_init__(self) -> None:
        has_day, has_hour = self.day is not None, self.hour is not None
        fits = {
            Precision.MINUTE: has_day and has_hour,
            Precision.DAY: has_day and not has_hour,
            Precision.ABOUT: has_day,
            Precision.UNKNOWN: not has_day and not has_hour,
        }
        if not fits[self.precision]:
            raise ValueError("This date says two things.")

    @property
    def is_known(self) -> bool:
        """Return whether at least a day was told."""
        return self.day is not None

    @property
    def point(self) -> datetime | None:
        """Return the moment that was told; of a day, its beginning; None when it is not known."""
        return None if self.day is None else datetime.combine(self.day, self.hour or time())

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """Return from when to when it may have been, both ends included; None when it may have been at any time."""
        if self.day is None:
            return None
        start = datetime.combine(self.day, self.hour or time())
        end = start if self.hour is not None else datetime.combine(self.day, time(23, 59))
        around = timedelta()
        if self.precision is Precision.ABOUT:
            around = ABOUT_AN_HOUR if self.hour is not None else ABOUT_A_DAY
        try:
            return start - around, end + around
        except OverflowError:  # the first or the last days that Python knows
            return start, end


def order_key(moment: Moment, number: int) -> Key:
    """Return what facts are sorted by. number: the number of the fact in its journal, which no other one has."""
    if moment.day is None:
        return 1, 0, 0, 0, number
    minute = _NO_HOUR if moment.hour is None else moment.hour.hour * 60 + moment.hour.minute
    return 0, moment.day.toordinal(), minute, _RANK[moment.precision], number


def as_words(moment: Moment) -> dict[str, str]:
    """Return the date in the form that is encrypted."""
    return {
        "precision": moment.precision.value,
        "day": moment.day.isoformat() if moment.day else "",
        "hour": moment.hour.strftime("%H:%M") if moment.hour else "",
    }


def from_words(words: Mapping[str, Any]) -> Moment:
    """Return the date of these words.

    A precision that this version does not understand, because a later version wrote it, becomes « vers » the day if
    there is one, else unknown. A fact is shown whatever its date says.
    """
    precision = read_choice(Precision, words.get("precision", ""), Precision.ABOUT)
    try:
        day = date.fromisoformat(words.get("day") or "")
    except ValueError:
        return Moment()
    try:
        hour = time.fromisoformat(words.get("hour") or "")
    except ValueError:
        hour = None
    try:
        return Moment(precision, day, hour)
    except ValueError:
        return Moment(Precision.ABOUT, day, hour)
