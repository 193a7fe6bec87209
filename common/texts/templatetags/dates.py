"""These are the filters that every template has (settings.TEMPLATES): `date`, `unbroken`, `whole_words` and
`whole_hours`.

`date` replaces Django's, which does not write « 1er mars ».
"""

import re
from typing import Any

from django import template
from django.template import defaultfilters
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from common import dates
from common.texts import typography

register = template.Library()
_HOUR = re.compile(r"\b\d{1,2} h(?: \d{2})?\b")  # « 9 h », « 14 h 30 »
# Words such as « passe-t-il » and « êtes-vous », short enough that at 200 % none is wider than a phone's screen.
_SHORT_WITH_HYPHEN = re.compile(r"(?<![\w-])(?=[\w-]{3,12}(?![\w-]))\w+(?:-\w+)+")


@register.filter(expects_localtime=True, is_safe=False)
def date(value: Any, wanted: str | None = None) -> str:
    """Format a date (`{{ value|date:wanted }}`) as Django's filter does, with « 1er » for the first day in French."""
    return defaultfilters.date(value, dates.pattern(value, wanted or "DATE_FORMAT"))


@register.filter(is_safe=True)
@defaultfilters.stringfilter
def unbroken(text: str) -> str:
    """Put no-break spaces where French typography needs them (`{{ question.text|unbroken }}`).

    It is for texts of the code or the admin that are no sentences of the catalogue, never for what a person wrote.
    """
    return typography.keep_together(text)


@register.filter(is_safe=True)
@defaultfilters.stringfilter
def whole_words(text: str) -> SafeString:
    """Do as `unbroken`, and let no line end at the hyphen of a short word (`{{ text|whole_words }}`); for titles."""
    safe = conditional_escape(typography.keep_together(text))
    return mark_safe(_SHORT_WITH_HYPHEN.sub(r'<span class="pnav-whole">\g<0></span>', safe))  # noqa: S308  escaped


@register.filter(is_safe=True)
@defaultfilters.stringfilter
def whole_hours(text: str) -> str:
    """Do as `unbroken`, and let no line end within an hour (`{{ words.moment|whole_hours }}`)."""
    return _HOUR.sub(lambda hour: hour[0].replace(" ", typography.NO_BREAK), typography.keep_together(text))
