"""Deletes opinions when their time has come."""

from datetime import datetime

from pnav.pages.models import Feedback
from reports.retention.deletion import forget_rows, plan_rows
from reports.rules.retention import Item, Kind


def plan(now: datetime) -> list[Item]:
    """Return what would go now of the opinions, without deleting anything."""
    return plan_rows(Kind.OPINION, Feedback.objects.all(), "created_at", now)


def forget(now: datetime) -> None:
    """Delete the opinions that are due."""
    forget_rows(Kind.OPINION, Feedback.objects.all(), "created_at", now, name="opinions")
