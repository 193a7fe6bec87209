"""`{{ text|danger_kinds }}`: what a message of a person tells of, for its agent."""

from django import template

from chat.casework import danger
from chat.rules.danger_words import Kind

register = template.Library()


@register.filter
def danger_kinds(text: str) -> list[Kind]:
    """Suicide first; empty for nearly every message. Costs one pass over the text (`danger_words.find_kinds`)."""
    return danger.kinds_in(text)
