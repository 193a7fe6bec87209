"""Formats a date as French writes it: the first of a month is « 1er mars », for which Django has no format."""

from datetime import date

from django.utils.formats import date_format, get_format
from django.utils.translation import get_language

DAY_AND_MONTH, FIRST = "j F", r"j\e\r F"


def pattern(value: object, wanted: str) -> str:
    """Return the format for this date. wanted: a format of Django's, or the name of one."""
    if getattr(value, "day", 0) != 1 or not (get_language() or "").startswith("fr"):
        return wanted
    return str(get_format(wanted)).replace(DAY_AND_MONTH, FIRST)


def format_date(value: date, wanted: str) -> str:
    """Return this date in the active language; of a datetime, the date in its own time zone."""
    return date_format(value, pattern(value, wanted))
