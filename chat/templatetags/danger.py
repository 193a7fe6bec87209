"""The filter `{{ text|danger_kinds }}`, which tells the agent what dangers a person's message mentions."""

from django import template

from chat.casework import danger
from chat.rules.danger_words import Kind

register = template.Library()


@register.filter
def danger_kinds(text: str) -> list[Kind]:
    """Return the kinds, suicide first; [] for nearly every message. One pass over it (`danger_words.find_kinds`)."""
    return danger.kinds_in(text)
