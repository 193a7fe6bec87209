"""Names and ends on-call duties (« astreintes »), and reads what was done under them (docs/adr/0054)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from chat import access
from chat.decisions import deciders
from chat.models import Agent, OnCall, Unit
from common import clock
from common.choices import label_of
from reports.audit import log as audit_log
from reports.audit import wording as audit_wording
from reports.deciders import Standby
from reports.models import AccessKind, AccessRecord

KEPT = timedelta(days=365)  # how long a duty is kept after its end, for the unit's supervisors
SHOWN = 50  # how many duties a page shows, and how many acts of each
# The kinds of lines whose subject is an exchange, and not a report (`chat.supervision`, `chat.captures.opening`).
OF_EXCHANGE = (
    AccessKind.READING,
    AccessKind.WHISPER,
    AccessKind.REASSIGNMENT,
    AccessKind.GIVEN,
    AccessKind.CAPTURE_LOCKED,
)


class NotAllowed(Exception):
    """This account may not name anybody for this unit, or not this person."""


@dataclass(frozen=True, slots=True)
class Decision:
    """It is one act done on call, according to the register: when, its kind, its words, and its subject.

    The words are empty where the kind says the same. The subject is the first eight characters of the public id of the
    report or of the exchange; empty when the act is about an agent.
    """

    at: datetime
    kind: str
    act: str
    subject: str
    is_of_exchange: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """It is an on-call duty as the unit's supervisors and the supervisor on call see it.

    may_end: whether the reader may end it now.
    """

    on_call: OnCall
    is_running: bool
    is_to_come: bool
    may_end: bool
    decisions: list[Decision]


def _rows() -> Any:
    """Return the manager of on-call duties. (Managers have no types.)"""
    return OnCall.objects


# --- readings ---------------------------------------------------------------------------------------------------------


def may_be_named_for(units: "QuerySet[Unit]") -> "QuerySet[Agent]":
    """Return the supervisors of other units, who may be named on call for one of these units."""
    rows = Agent.objects.filter(user__role="supervisor", user__is_active=True).select_related("unit")
    return rows.exclude(unit__in=units).order_by("public_name", "pk")


def shown_to(agent: Agent, now: datetime) -> list[Standby]:
    """Return who is on call for this supervisor's units, and for which units they are, for the board. Two queries."""
    concerned = Q(unit__in=deciders.own_units(agent.user).values("pk")) | Q(supervisor=agent)
    return deciders.standby(_rows().running(now).filter(concerned))


def duties_of(agent: Agent, now: datetime) -> list[Duty]:
    """Return the duties of this supervisor's units and their own: those that run, the past ones, and those to come.

    The last to begin comes first among the past, and the next one among those to come. Of each at most SHOWN are read,
    so that a rota of a year hides no duty that runs. Each has what was decided under it, which takes one query for each
    duty that has begun.
    """
    units = access.units_of(agent)
    rows = _rows().filter(Q(unit__in=units) | Q(supervisor=agent))
    rows = rows.select_related("supervisor__user", "unit", "named_by", "ended_by")
    is_running = Q(pk__in=_rows().running(now).values("pk"))
    has_begun = Q(starts_at__lte=now) | Q(ended_at__isnull=False)
    to_come = rows.exclude(has_begun).order_by("starts_at", "pk")
    parts = (rows.filter(is_running), rows.filter(has_begun).exclude(is_running), to_come)
    rows = [row for part in parts for row in part[:SHOWN]]
    return [
        Duty(
            on_call=row,
            is_running=row.starts_at <= now < row.until,
            is_to_come=row.starts_at > now and row.ended_at is None,
            may_end=now < row.ends_at and row.ended_at is None and row.unit_id in units,
            decisions=decisions(row) if row.starts_at <= now else [],
        )
        for row in rows
    ]


def decisions(on_call: OnCall) -> list[Decision]:
    """Return the lines of the audit log about this duty, the last act first; at most SHOWN."""
    lines = AccessRecord.objects.filter(
        kind__in=audit_wording.DECIDED,
        account_id=on_call.supervisor.user_id,
        at__gte=on_call.starts_at,
        at__lte=on_call.until,
        detail__endswith=f", on call {on_call.pk}",
    )
    return [_decision(line) for line in lines.order_by("-number")[:SHOWN]]


def _decision(line: AccessRecord) -> Decision:
    kind = label_of(AccessKind, line.kind)
    act = audit_wording.in_words(line.kind, line.detail.rpartition(", on call ")[0])
    return Decision(
        at=line.at,
        kind=kind,
        act="" if act.lower() in kind.lower() else act,
        subject="" if line.kind == AccessKind.AGENT_PAUSED else line.subject[:8],
        is_of_exchange=line.kind in OF_EXCHANGE,
    )


# --- acts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def name(*, on_call: OnCall, by: Any) -> OnCall:
    """Name a supervisor on call. on_call: new, and clean (`OnCall.full_clean`).

    by: an administrator, or a supervisor of that unit who names somebody else. Writes one row and one line of the
    register. Raises NotAllowed.
    """
    is_theirs = deciders.own_units(by).filter(pk=on_call.unit_id).exists()
    if not (by.is_administrator or is_theirs) or on_call.supervisor.user_id == by.pk:
        raise NotAllowed
    on_call.named_by, on_call.named_at = by, clock.now()
    on_call.save()
    audit_log.record(
        kind=AccessKind.ON_CALL,
        by=by,
        subject=f"{OnCall._meta.label} {on_call.pk}",
        motive=on_call.motive,
        detail=f"named, until {timezone.localdate(on_call.ends_at)}",
    )
    return on_call


@transaction.atomic
def end(*, public_id: UUID, by: Any) -> OnCall | None:
    """End a duty before its time, and record that in the register. What was decided under it stays valid.

    Returns None, and does nothing, when it is already over, or when this account may not end it: a supervisor may end
    those of their own units.
    """
    units = deciders.own_units(by).values("pk")
    found: OnCall | None = _to_end().filter(public_id=public_id, unit__in=units).first()
    if found is None:
        return None
    _end(found, by)
    audit_log.record(
        kind=AccessKind.ON_CALL,
        by=by,
        subject=f"{OnCall._meta.label} {found.pk}",
        motive=found.motive,
        detail="ended",
    )
    return found


@transaction.atomic
def end_chosen(chosen: "QuerySet[OnCall]", *, by: Any) -> int:
    """End those of these duties that are not over, for an administrator, and return how many. The admin records it."""
    rows = list(_to_end().filter(pk__in=chosen.values("pk")).order_by("pk"))
    for row in rows:
        _end(row, by)
    return len(rows)


def _to_end() -> Any:
    return _rows().to_come(clock.now()).select_for_update(of=("self",))


def _end(row: OnCall, by: Any) -> None:
    row.ended_at, row.ended_by = clock.now(), by
    row.save(update_fields=["ended_at", "ended_by"])


def forget(now: datetime) -> int:
    """Delete the duties that ended KEPT ago, and return how many. The register keeps what was done under them."""
    rows = OnCall.objects.annotate(over_at=Coalesce("ended_at", "ends_at"))
    count: int = rows.filter(over_at__lt=now - KEPT).delete()[0]
    return count
