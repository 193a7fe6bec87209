"""Reads what an object held before a change, as Django's own log keeps it."""

import json
from collections.abc import Iterable

from django import template
from django.contrib.admin.models import LogEntry

register = template.Library()


@register.filter
def words_before(entries: Iterable[LogEntry]) -> list[tuple[LogEntry, str, str]]:
    """Return what these changes replaced: (change, name of the field, former text)."""
    return [(entry, label, text) for entry in entries for label, text in _before(entry).items()]


def _before(entry: LogEntry) -> dict[str, str]:
    try:
        message = json.loads(entry.change_message)
    except ValueError:
        return {}  # a text written by hand, of which nothing is known
    told: dict[str, str] = {}
    for part in message:
        if isinstance(part, dict) and "changed" in part:
            told |= part["changed"].get("before", {})
    return told
