"""What every template has (settings.TEMPLATES): `date` in place of Django's, which writes « 1er mars »; `unbroken`."""

from typing import Any

from django import template
from django.template import defaultfilters

from common import dates
from common.texts import typography

register = template.Library()


@register.filter(expects_localtime=True, is_safe=False)
def date(value: Any, wanted: str | None = None) -> str:
    """`{{ value|date:wanted }}`: as Django's own filter, with « 1er » for the first day of a month in French."""
    return defaultfilters.date(value, dates.pattern(value, wanted or "DATE_FORMAT"))


@register.filter(is_safe=True)
@defaultfilters.stringfilter
def unbroken(text: str) -> str:
    """`{{ question.text|unbroken }}`: a text of ours, other than a sentence, as French typography wants it.

    Never for what a person wrote.
    """
    return typography.keep_together(text)
