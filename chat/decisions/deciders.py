"""Says which supervisor decides about openings, freezes and erasures (docs/adr/0054). `settings.DECIDERS` names it.

A unit's supervisors decide about the requests of its conversations, and so does a supervisor who is on call for it. The
unit of a request to open a seal is that of the agent who asked. The unit of a conversation is that of its agent, or of
the last one it had; nobody ever answered some, and any supervisor decides about those.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.models import Agent, ConversationEvent, EventKind, OnCall, Unit
from common import plain_text
from reports.deciders import Standby, Title
from reports.models import OpeningRequest, Report


def own_units(user: Any) -> QuerySet[Unit]:
    """The units that this supervisor has, on call or not: the same as `access.units_of`, within another query."""
    if not user.is_supervisor:
        return Unit.objects.none()
    added = Agent.supervised_units.through.objects.filter(agent__user=user)
    return Unit.objects.filter(
        Q(pk__in=Agent.objects.filter(user=user).values("unit")) | Q(pk__in=added.values("unit"))
    )


def _on_call(user: Any, now: datetime) -> Any:
    """The on-call duties of this supervisor that run now. (Managers escape the types.)"""
    rows: Any = OnCall.objects
    return rows.running(now).filter(supervisor__user=user) if user.is_supervisor else rows.none()


# --- openings ---------------------------------------------------------------------------------------------------------


def openings_of(user: Any, now: datetime) -> Q:
    """Of their units, or of one that they are on call for, unless the asker named them: nobody chooses who countersigns
    what they ask."""
    standby = _on_call(user, now).filter(unit=OuterRef("asked_by__agent__unit")).exclude(named_by=OuterRef("asked_by"))
    return Q(asked_by__agent__unit__in=own_units(user).values("pk")) | Q(Exists(standby))


def askers_of(user: Any, now: datetime) -> Sequence[int]:
    """Return the accounts of the agents of their units, and of those that they are on call for."""
    units = Q(unit__in=own_units(user).values("pk")) | Q(unit__in=_on_call(user, now).values("unit"))
    return list(Agent.objects.filter(units).values_list("user_id", flat=True))


def title_for_opening(user: Any, request: OpeningRequest, now: datetime) -> Title | None:
    """Return by what title this account decides about an opening: its own unit, on call, or None when it may not."""
    unit = Agent.objects.filter(user=request.asked_by_id).values("unit")
    if own_units(user).filter(pk__in=unit).exists():
        return Title()
    standby = _on_call(user, now).filter(unit__in=unit).exclude(named_by=request.asked_by_id)
    return _title(standby)


def standby_for_opening(request: OpeningRequest, now: datetime) -> Sequence[Standby]:
    """Return who is on call for the unit of the agent who asked, without those whom that agent named."""
    unit = Agent.objects.filter(user=request.asked_by_id).values("unit")
    rows: Any = OnCall.objects
    return standby(rows.running(now).filter(unit__in=unit).exclude(named_by=request.asked_by_id))


# --- what is kept -----------------------------------------------------------------------------------------------------


def with_unit(reports: "QuerySet[Report]") -> "QuerySet[Any]":
    """Adds `answering_unit`: the unit of the conversation's agent, or of the last one it had; None when nobody ever
    answered. (Annotations escape the types.) `UNIT_OF` is the same in SQL.
    """
    given = ConversationEvent.objects.filter(conversation__report=OuterRef("pk"), kind=EventKind.ASSIGNED)
    last = given.filter(by__agent__isnull=False).order_by("-pk").values("by__agent__unit")[:1]
    unit = Coalesce(F("conversation__assigned_to__unit"), Subquery(last), output_field=BigIntegerField())
    return reports.annotate(answering_unit=unit)


# The unit of a conversation c, as `with_unit` says; takes `assigned`.
UNIT_OF = """
COALESCE(
  (SELECT a.unit_id FROM chat_agent a WHERE a.id = c.assigned_to_id),
  (SELECT a.unit_id FROM chat_conversationevent e JOIN chat_agent a ON a.user_id = e.by_id
   WHERE e.conversation_id = c.id AND e.kind = %(assigned)s ORDER BY e.id DESC LIMIT 1)
)
"""
# The units that the supervisor of this key decides for; takes `agent` and `now`.
UNITS = """
SELECT unit_id FROM chat_agent WHERE id = %(agent)s
UNION SELECT unit_id FROM chat_agent_supervised_units WHERE agent_id = %(agent)s
UNION SELECT unit_id FROM chat_oncall
  WHERE supervisor_id = %(agent)s AND starts_at <= %(now)s AND ends_at > %(now)s AND ended_at IS NULL
"""


def decided_by(user: Any, now: datetime) -> Q:
    """The condition of a report that this supervisor decides about; of rows that `with_unit` has read.

    It is asked of each row that all other conditions leave: a list of all such reports would grow with the years.
    """
    units = Q(answering_unit__in=own_units(user).values("pk")) | Q(
        answering_unit__in=_on_call(user, now).values("unit")
    )
    return units | Q(answering_unit__isnull=True)


def reports_of(user: Any, reports: "QuerySet[Report]", now: datetime) -> "QuerySet[Any]":
    """Choose of these reports those that this supervisor decides about."""
    return with_unit(reports).filter(decided_by(user, now))


def title_for_report(user: Any, report_id: int, now: datetime) -> Title | None:
    """Return by what title this account decides about a report; None when it may not."""
    if not user.is_supervisor:
        return None
    rows = with_unit(Report.objects.filter(pk=report_id)).values("answering_unit")
    if rows.filter(Q(answering_unit__isnull=True) | Q(answering_unit__in=own_units(user).values("pk"))).exists():
        return Title()
    return _title(_on_call(user, now).filter(unit__in=rows))


def standby_for_report(report_id: int, now: datetime) -> Sequence[Standby]:
    """Return the supervisor who may also decide about this report now, being on call."""
    rows: Any = OnCall.objects
    unit = with_unit(Report.objects.filter(pk=report_id)).values("answering_unit")
    return standby(rows.running(now).filter(unit__in=unit))


# --- both -------------------------------------------------------------------------------------------------------------


def _title(on_call: Any) -> Title | None:
    key = on_call.order_by("pk").values_list("pk", flat=True).first()
    return None if key is None else Title(on_call=key)


def standby(on_call: Any) -> list[Standby]:
    """These on-call duties as they are shown."""
    rows = on_call.select_related("supervisor", "unit").order_by("ends_at", "pk")
    return [Standby(plain_text.plain(row.supervisor.public_name), row.unit.name, row.ends_at) for row in rows]
