"""What every template has (settings.TEMPLATES): `date` in place of Django's, which writes « 1er mars »; `unbroken`,
`whole_words`."""

import re
from typing import Any

from django import template
from django.template import defaultfilters
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from common import dates
from common.texts import typography

register = template.Library()
# « passe-t-il », « êtes-vous »: not so long that at 200 % one would be wider than a phone's screen.
_SHORT_WITH_HYPHEN = re.compile(r"(?<![\w-])(?=[\w-]{3,12}(?![\w-]))\w+(?:-\w+)+")


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


@register.filter(is_safe=True)
@defaultfilters.stringfilter
def whole_words(text: str) -> SafeString:
    """`{{ text|whole_words }}`: as `unbroken`, and no line ends at the hyphen of a short word. For large titles."""
    safe = conditional_escape(typography.keep_together(text))
    return mark_safe(_SHORT_WITH_HYPHEN.sub(r'<span class="pnav-whole">\g<0></span>', safe))  # noqa: S308  escaped
