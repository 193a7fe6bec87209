"""Deletes old lines of Django's admin history, which keeps the names of objects, and old proposals of changes.

The register keeps who did what, and when.
"""

from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet

from pnav.accounts.approval_rules import State
from pnav.accounts.approvals import actions as approval_actions
from pnav.accounts.models import PendingChange
from reports.retention.deletion import forget_rows, plan_rows
from reports.rules.retention import Item, Kind


def plan(now: datetime) -> list[Item]:
    """Return what would be deleted now of the admin's log and of decided changes, without deleting anything."""
    return [
        *plan_rows(Kind.ADMIN_LOG, LogEntry.objects.all(), "action_time", now),
        *plan_rows(Kind.ADMIN_LOG, _over(), "asked_at", now),
    ]


def _over() -> "QuerySet[PendingChange]":
    return PendingChange.objects.exclude(state=State.PENDING)


def forget(now: datetime) -> None:
    """Delete what is due of the admin's log and of decided changes, and let unanswered ones lapse."""
    forget_rows(Kind.ADMIN_LOG, LogEntry.objects.all(), "action_time", now, name="admin_log")
    approval_actions.lapse_changes(now)
    forget_rows(Kind.ADMIN_LOG, _over(), "asked_at", now, name="pending_changes")
