"""The end of Django's own history of the admin, which keeps what objects were called. Who and when: the register."""

from datetime import datetime

from django.contrib.admin.models import LogEntry

from reports.forgetting import forget_rows, plan_rows
from reports.retention import Item, Kind


def plan(now: datetime) -> list[Item]:
    return plan_rows(Kind.ADMIN_LOG, LogEntry.objects.all(), "action_time", now)


def forget(now: datetime) -> None:
    forget_rows(Kind.ADMIN_LOG, LogEntry.objects.all(), "action_time", now, name="admin_log")
