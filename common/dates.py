"""Formats a date as French writes it: the first of a month is « 1er mars », for which Django has no format.

In short, January is « janv. » and February « févr. », as dictionaries and the scripts of our pages (`Intl`) have them;
Django writes « jan. » and « fév. ». There is also a field of forms for a moment by the clock of Paris.
"""

import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format, get_format
from django.utils.translation import get_language, gettext_lazy

SHORT_MONTHS = {1: r"\j\a\n\v.", 2: r"\f\é\v\r."}

# The code of Django's own error, whose words speak of a value and a time zone (`django.forms.utils`).
CLOCK_CHANGES = "ambiguous_timezone"


def pattern(value: object, wanted: str) -> str:
    """Return the format for this date. wanted: a format of Django's, or the name of one."""
    day, month = getattr(value, "day", 0), getattr(value, "month", 0)
    if not day or not (get_language() or "").startswith("fr"):
        return wanted
    found = str(get_format(wanted))
    if day == 1:
        found = re.sub(r"\bj (?=[FN])", r"j\\e\\r ", found)
    return re.sub(r"(?<!\\)N", lambda _letter: SHORT_MONTHS.get(month, "N"), found)


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
