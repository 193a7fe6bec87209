"""What a sentence said before a change, as Django's own log keeps it."""

import json

from django import template
from django.contrib.admin.models import LogEntry

register = template.Library()


@register.filter
def texts_before(entry: LogEntry) -> list[tuple[str, str]]:
    """The texts that this change replaced: (name of the field, text)."""
    try:
        message = json.loads(entry.change_message)
    except ValueError:
        return []  # a text by hand, of which nothing is known
    told = [part["changed"].get("before", {}) for part in message if isinstance(part, dict) and "changed" in part]
    return [(label, text) for before in told for label, text in before.items()]
