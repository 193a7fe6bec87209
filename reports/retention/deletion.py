"""Deletes by retention rule: functions that every deletion uses, and the deletion of what these runs leave behind.

A *keeper* is a module that settings.KEEPERS names. Its `plan(now)` returns what is due and what is near its end, and
its `forget(now)` deletes what is due. `manage.py retention` calls all of them.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Count, Min
from django.utils import timezone

from reports.audit import log as audit_log
from reports.models import Erased, OpeningRequest, RetentionRule, Tombstone
from reports.openings.actions import REVIEW_OWED, forget_stray_notes
from reports.rules.openings import OPEN
from reports.rules.retention import DEFAULTS, Cause, Item, Kind, Rule, State

# The key of PostgreSQL's advisory lock under which something is forgotten (the register has 03 of the family).
FORGETTING = 0x504E4156_10


def rules() -> dict[str, Rule]:
    """Return the rules in force: those that an administrator has set, and the defaults for the others. One query."""
    return {**DEFAULTS, **{row.kind: row.rule for row in RetentionRule.objects.all()}}


def rule_of(kind: Kind) -> Rule:
    """Return the rule that is set for this kind, or the default if none is set. One query."""
    row = RetentionRule.objects.filter(kind=kind).first()
    return row.rule if row else DEFAULTS[kind]


def moment() -> datetime:
    """Return PostgreSQL's time. Deletion uses no other clock, because that of a machine may be a year ahead."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def take_turn() -> bool:
    """Take the lock of deletion until the end of the transaction; return False when another worker has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FORGETTING])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


def leave(parts: Iterable[tuple[Kind, Rule, Cause]], *, now: datetime) -> None:
    """Write one tombstone for each report that was deleted, in this order.

    The caller has shuffled them, and calls this in another transaction than that of the deletion.
    """
    month = timezone.localdate(now).replace(day=1)
    Tombstone.objects.bulk_create(
        Tombstone(kind=kind, month=month, rule=str(rule), cause=cause) for kind, rule, cause in parts
    )


# --- kinds of which each thing is one row ---------------------------------------------------------------------------


def plan_rows(kind: Kind, rows: "models.QuerySet[Any]", field: str, now: datetime) -> list[Item]:
    """Return one item for the rows that are due, or none. field: the date or time from which a row is kept."""
    rule = rule_of(kind)
    told = _due(rule, rows, field, now).aggregate(count=Count("pk"), oldest=Min(field))
    if not told["count"]:
        return []
    oldest = told["oldest"]
    if not isinstance(oldest, datetime):
        oldest = timezone.make_aware(datetime.combine(oldest, time()))
    return [Item(kind, told["count"], State.DUE, Cause.TERM, oldest + timedelta(days=rule.total_days), rule)]


def forget_rows(kind: Kind, rows: "models.QuerySet[Any]", field: str, now: datetime, *, name: str) -> int:
    """Delete the rows that are due, record how many in the audit log, and return how many.

    Returns 0 too when another worker is deleting. name: the name of these rows in the audit log.
    """
    with transaction.atomic():
        if not take_turn():
            return 0
        count = _due(rule_of(kind), rows, field, now).delete()[0]
        audit_log.record_removal(**{name: count})
    return count


def _due(rule: Rule, rows: "models.QuerySet[Any]", field: str, now: datetime) -> "models.QuerySet[Any]":
    days = rule.days_kept_at(now)
    if days is None:
        return rows.none()
    limit: Any = now - timedelta(days=days)
    if not isinstance(rows.model._meta.get_field(field), models.DateTimeField):
        limit = timezone.localdate(limit)
    return rows.filter(**{f"{field}__lt": limit})


# --- the keeper of what deletions leave behind ----------------------------------------------------------------------


def plan(now: datetime) -> list[Item]:
    """Return what is due now of the kinds that belong to no report. Nothing is deleted."""
    return [
        *plan_rows(Kind.TOMBSTONE, Tombstone.objects.all(), "month", now),
        *plan_rows(Kind.ERASED, Erased.objects.all(), "on", now),
        *plan_rows(Kind.OPENING, _old_openings(), "moved_at", now),
    ]


def forget(now: datetime) -> None:
    """Delete what is due of the kinds that belong to no report, with a line in the audit log for each kind."""
    forget_rows(Kind.TOMBSTONE, Tombstone.objects.all(), "month", now, name="tombstones")
    forget_rows(Kind.ERASED, Erased.objects.all(), "on", now, name="erased")
    forget_rows(Kind.OPENING, _old_openings(), "moved_at", now, name="openings_and_steps")
    forget_stray_notes()


def _old_openings() -> "models.QuerySet[Any]":
    """Return the disclosure requests that are over, except those whose review is still owed."""
    owed = OpeningRequest.objects.filter(REVIEW_OWED).values("pk")
    return OpeningRequest.objects.exclude(state__in=OPEN).exclude(pk__in=owed)
