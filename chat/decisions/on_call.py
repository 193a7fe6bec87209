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
from common.choices import label_of
from reports.audit import log as audit_log
from reports.audit import wording as audit_wording
from reports.deciders import Standby
from reports.models import AccessKind, AccessRecord

KEPT = timedelta(days=365)  # after its end: the unit's supervisors look at what was decided for them
SHOWN = 50  # duties of one page, and acts of one duty
# What a decision on call leaves in the register (`reports.deciders.Title.told`).
DECISIONS = (AccessKind.OPENING, AccessKind.FREEZE, AccessKind.ERASURE)
# And what a supervisor on call does in an exchange (`chat.supervision.intervention`).
INTERVENTIONS = (AccessKind.READING, AccessKind.WHISPER, AccessKind.REASSIGNMENT)


class NotAllowed(Exception):
    """This account may not name somebody for this unit, or not this somebody."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One act done on call, by the register: when, of which kind, in words, and about what (the first eight
    characters of the public id of the report, or of the exchange that was stepped into)."""

    at: datetime
    kind: str
    act: str
    subject: str
    is_of_exchange: bool


@dataclass(frozen=True, slots=True)
class Duty:
    """An on-call duty as the unit's supervisors and its own supervisor read it. may_end: whether whoever looks may end
    it now."""

    on_call: OnCall
    is_running: bool
    is_to_come: bool
    may_end: bool
    decisions: list[Decision]


def _rows() -> Any:
    """(Managers escape the types.)"""
    return OnCall.objects


# --- readings ---------------------------------------------------------------------------------------------------------


def may_be_named_for(units: "QuerySet[Unit]") -> "QuerySet[Agent]":
    """Supervisors of elsewhere, who may be named on call for one of these units."""
    rows = Agent.objects.filter(user__role="supervisor", user__is_active=True).select_related("unit")
    return rows.exclude(unit__in=units).order_by("public_name", "pk")


def shown_to(agent: Agent, now: datetime) -> list[Standby]:
    """Return who is on call for this supervisor's units, and for which units they are. For the board; two queries."""
    concerned = Q(unit__in=deciders.own_units(agent.user).values("pk")) | Q(supervisor=agent)
    return deciders.standby(_rows().running(now).filter(concerned))


def duties_of(agent: Agent, now: datetime) -> list[Duty]:
    """The duties for this supervisor's units, and their own, the last to begin first: at most SHOWN, with what was
    decided under each. One query each for those that have begun.
    """
    units = access.units_of(agent)
    rows = _rows().filter(Q(unit__in=units) | Q(supervisor=agent))
    rows = rows.select_related("supervisor__user", "unit", "named_by", "ended_by")[:SHOWN]
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
        kind__in=(*DECISIONS, *INTERVENTIONS),
        account_id=on_call.supervisor.user_id,
        at__gte=on_call.starts_at,
        at__lte=on_call.until,
        detail__endswith=f", on call {on_call.pk}",
    )
    return [
        Decision(
            at=line.at,
            kind=label_of(AccessKind, line.kind),
            act=audit_wording.in_words(line.kind, line.detail.rpartition(", on call ")[0]),
            subject=line.subject[:8],
            is_of_exchange=line.kind in INTERVENTIONS,
        )
        for line in lines.order_by("-number")[:SHOWN]
    ]


# --- acts -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def name(*, on_call: OnCall, by: Any) -> OnCall:
    """Name a supervisor on call. on_call: new, and clean (`OnCall.full_clean`).

    by: an administrator, or a supervisor of that unit, who names somebody else. Raises NotAllowed. Leaves one row and
    one line of the register.
    """
    is_theirs = deciders.own_units(by).filter(pk=on_call.unit_id).exists()
    if not (by.is_administrator or is_theirs) or on_call.supervisor.user_id == by.pk:
        raise NotAllowed
    on_call.named_by, on_call.named_at = by, timezone.now()
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
    """End one before its time, with its line of the register; None, and nothing is done, when it is over already or
    does not exist for this account: a supervisor ends those of their units. What was decided under it stays decided.
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
    """End those of them that are not over, for an administrator; how many. The admin leaves the lines."""
    rows = list(_to_end().filter(pk__in=chosen.values("pk")).order_by("pk"))
    for row in rows:
        _end(row, by)
    return len(rows)


def _to_end() -> Any:
    return _rows().to_come(timezone.now()).select_for_update(of=("self",))


def _end(row: OnCall, by: Any) -> None:
    row.ended_at, row.ended_by = timezone.now(), by
    row.save(update_fields=["ended_at", "ended_by"])


def forget(now: datetime) -> int:
    """Delete those that ended KEPT ago; how many. The register keeps that they were, and what was done."""
    rows = OnCall.objects.annotate(over_at=Coalesce("ended_at", "ends_at"))
    count: int = rows.filter(over_at__lt=now - KEPT).delete()[0]
    return count
