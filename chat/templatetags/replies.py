"""Filters that return the reply which one press inserts into the answer, and a tag for the fact sheet.

They are `{{ partner|partner_reply }}`, `{{ done|step_reply:voice }}` and `{{ name|question_reply:voice }}`. The tag
`{% sheet_elements rows key voice %}` renders the elements of the sheet with their questions, and
`{% sent_words done voice replies %}` the words that do a step once they are sent.
"""

from collections.abc import Iterable
from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe

from chat.casework import one_press, replies
from chat.casework.one_press import Voice
from common.texts.patterns import Pattern

register = template.Library()

register.filter("partner_reply", replies.partner_reply)
register.filter("step_reply", one_press.step_reply)
register.filter("question_reply", one_press.question_reply)
register.simple_tag(one_press.sent_words, name="sent_words")

_ELEMENT = Pattern("console/_element.html", ["key"])
_ANSWERS = frozenset({"", "yes", "no"})


@register.simple_tag
def sheet_elements(rows: Iterable[Any], key: object, voice: Voice) -> SafeString:
    """Draw `console/_element.html` for each element of the sheet.

    rows: `casework_panels.ElementRow`. key: that of the conversation. For an element of which nothing was said before
    the exchange, and that has an answer of ours, all but the key is the same in every conversation.
    """
    asks = Voice(language=voice.language)  # a question is asked with neither *tu* nor *vous*
    return mark_safe(  # noqa: S308  drawn by our own template
        "".join(
            [
                _ELEMENT.draw([key], row=row, voice=asks)
                if row.reported is None and row.value in _ANSWERS
                else get_template("console/_element.html").render({"row": row, "key": key, "voice": voice})
                for row in rows
            ]
        )
    )
