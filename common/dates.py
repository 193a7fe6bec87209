"""Writes a day as French does: the first of a month is « 1er mars », which no format of Django's says."""

from datetime import date

from django.utils.formats import date_format, get_format
from django.utils.translation import get_language

DAY_AND_MONTH, FIRST = "j F", r"j\e\r F"


def pattern(value: object, wanted: str) -> str:
    """The format to write this day with. wanted: a format of Django's, or the name of one."""
    if getattr(value, "day", 0) != 1 or not (get_language() or "").startswith("fr"):
        return wanted
    return str(get_format(wanted)).replace(DAY_AND_MONTH, FIRST)


def format_date(value: date, wanted: str) -> str:
    """This day in the active language; of a datetime, the day that it says, whatever its zone."""
    return date_format(value, pattern(value, wanted))
