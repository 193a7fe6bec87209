"""This module finds out where people are: present, with a page that sleeps, offline, or gone by the quick exit."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Subquery

from chat.models import quick_exits
from chat.rules.whereabouts import Whereabouts, find_whereabouts
from common.service_settings import definitions, values


def with_departure(conversations: "QuerySet[Any]") -> "QuerySet[Any]":
    """Add the column `left_at`: when the person left by the quick exit.

    None when they never left, or came back with a code since. Costs one look at the conversation's events for each row.
    """
    return conversations.annotate(left_at=Subquery(quick_exits().values("at")[:1]))


def whereabouts_of(row: Any, now: datetime) -> Whereabouts:
    """Return where the person of this conversation is at the moment `now`. row: read through `with_departure`."""
    return find_whereabouts(
        seen_at=row.reporter_seen_at,
        is_hidden=row.reporter_is_hidden,
        left_at=row.left_at,
        now=now,
        absent_after=timedelta(seconds=settings.ABSENT_SECONDS),
        asleep_for=values.get_duration(definitions.ASLEEP),
    )
