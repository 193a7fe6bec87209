"""This is the tag `{% script_words familiar discreet %}`: the sentences that the page's script needs, as JSON."""

import json

from django import template

from chat.texts import script

register = template.Library()


@register.simple_tag
def script_words(familiar: bool, discreet: bool) -> str:
    """Return the words in the active language, for an attribute; the template escapes them."""
    return json.dumps(script.words(familiar=familiar, discreet=discreet), ensure_ascii=False)
