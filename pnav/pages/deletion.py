"""Deletes opinions when their time has come."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import DateTimeField, F, Func, Value

from pnav.pages.models import Feedback
from reports.retention.deletion import forget_rows, plan_rows
from reports.rules.retention import Item, Kind

# How far back `forget` looks for opinions with an hour. The worker calls it each hour.
LOOKED_BACK = timedelta(days=7)


def plan(now: datetime) -> list[Item]:
    """Return what would go now of the opinions, without deleting anything."""
    return plan_rows(Kind.OPINION, Feedback.objects.all(), "created_at", now)


def forget(now: datetime) -> None:
    """Delete the opinions that are due, and take the hour from those to which another version gave one."""
    forget_rows(Kind.OPINION, Feedback.objects.all(), "created_at", now, name="opinions")
    _forget_hours(now)


def _forget_hours(now: datetime) -> None:
    """Keep the day alone of the opinions of LOOKED_BACK.

    A process of the version before migration 0020 wrote the hour as long as it still ran. One statement, by an index.
    """
    zone = Value(settings.TIME_ZONE)
    day = Func(Value("day"), F("created_at"), zone, function="date_trunc", output_field=DateTimeField())
    rows = Feedback.objects.filter(created_at__gt=now - LOOKED_BACK)
    rows.exclude(created_at=day).update(created_at=day)
