"""Formats a date as French writes it: the first of a month is « 1er mars », for which Django has no format.

Also a field of forms for a moment by the clock of Paris.
"""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, gettext_lazy

DAY_AND_MONTH, FIRST = "j F", r"j\e\r F"

# The code of Django's own error, whose words speak of a value and a time zone (`django.forms.utils`).
CLOCK_CHANGES = "ambiguous_timezone"


def pattern(value: object, wanted: str) -> str:
    """Return the format for this date. wanted: a format of Django's, or the name of one."""
    if getattr(value, "day", 0) != 1 or not (get_language() or "").startswith("fr"):
        return wanted
    return str(get_format(wanted)).replace(DAY_AND_MONTH, FIRST)


def format_date(value: date, wanted: str) -> str:
    """Return this date in the active language; of a datetime, the date in its own time zone."""
    return date_format(value, pattern(value, wanted))


class MomentField(forms.DateTimeField):
    """It is a date and an hour. In March one hour of a night does not exist, and in October one comes twice."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment, or None if nothing was written. Raises ValidationError."""
        try:
            return super().to_python(value)
        except ValidationError as error:
            if error.code != CLOCK_CHANGES:
                raise
            raise ValidationError(
                gettext_lazy("L'heure change cette nuit-là : choisissez avant 2 h, ou à partir de 3 h."),
                code=CLOCK_CHANGES,
            ) from None
