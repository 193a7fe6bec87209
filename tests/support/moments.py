"""Days and moments reckoned from today, for whatever a test posts or draws: a fixed one passes, or is too far one day.

All of them are by the clock of Paris.
"""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def weekday(number: int) -> date:
    """Return a day that an appointment may have: it is to come, in less than eight months, and no public holiday.

    It is that weekday (0 is Monday) of the second week of February or September.
    """
    today = timezone.localdate()
    begins = (date(year, month, 8) for year in (today.year, today.year + 1) for month in (2, 9))
    day = next(begin for begin in begins if begin > today)
    return day + timedelta(days=(number - day.weekday()) % 7)


def yesterday_noon() -> datetime:
    """Return noon of the day before. In the night when clocks change, 24 hours ago is another day than yesterday."""
    return timezone.make_aware(datetime.combine(timezone.localdate() - timedelta(days=1), time(12)))


def tomorrow_noon() -> datetime:
    """Return noon of the day after."""
    return timezone.make_aware(datetime.combine(timezone.localdate() + timedelta(days=1), time(12)))


def clock_change(month: int) -> date:
    """Return the day of next year on which clocks change: the last Sunday of March or October. month: 3 or 10."""
    last = date(timezone.localdate().year + 1, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def shown_once(moment: datetime, step: timedelta = timedelta(hours=1)) -> datetime:
    """Return this moment as the clock shows it, for a form, which refuses the hour that comes twice in October.

    In that hour it is a moment some steps later; with a negative step, earlier.
    """
    local = timezone.localtime(moment)
    while local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        moment += step
        local = timezone.localtime(moment)
    return local
