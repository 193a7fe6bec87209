"""Decides which supervisor may decide about disclosures, freezes and erasures (docs/adr/0054).

`settings.DECIDERS` names this module. A unit's supervisors decide about the requests of its conversations, and so does
a supervisor who is on call for it. The unit of a disclosure request is that of the agent who asked. The unit of a
conversation is that of its agent, or of the last agent it had. For a conversation that nobody ever answered, or whose
unit has no supervisor any more, one of the units of its force that have one is drawn, by the report's own identifier,
so that the result is always the same (docs/adr/0118).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from chat import access
from chat.models import Agent, ConversationEvent, ConversationQuerySet, EventKind, OnCall, Unit
from chat.models.transfer import Handover, HandoverQuerySet
from common import plain_text
from common.sql import fetch_rows
from reports.deciders import Standby, Title
from reports.models import OpeningRequest, Report


def own_units(user: Any) -> QuerySet[Unit]:
    """Return this supervisor's own units, as `access.units_of` does, for use within another query."""
    if not user.is_supervisor:
        return Unit.objects.none()
    added = Agent.supervised_units.through.objects.filter(agent__user=user)
    return Unit.objects.filter(
        Q(pk__in=Agent.objects.filter(user=user).values("unit")) | Q(pk__in=added.values("unit"))
    )


def _supervised_units() -> QuerySet[Unit]:
    """Return the units that have a supervisor whose account is active, for use within another query; as in DRAWN."""
    supervisors = Agent.objects.filter(user__role="supervisor", user__is_active=True)
    added = Agent.supervised_units.through.objects.filter(agent__in=supervisors)
    return Unit.objects.filter(Q(pk__in=supervisors.values("unit")) | Q(pk__in=added.values("unit")))


def _on_call(user: Any, now: datetime) -> Any:
    """Return the on-call duties of this supervisor that run now. (Managers have no types.)"""
    rows: Any = OnCall.objects
    return rows.running(now).filter(supervisor__user=user) if user.is_supervisor else rows.none()


# --- openings ---------------------------------------------------------------------------------------------------------


def exchanges_of(user: Any) -> ConversationQuerySet:
    """Return the exchanges whose disclosure this account may ask for and hold (`access.in_hands_of`)."""
    return access.in_hands_of(user)


def answers_now(user: Any, request: OpeningRequest) -> bool:
    """Return whether this account answers the exchange of a request, which has not ended."""
    return exchanges_of(user).active().filter(report=request.report_id).exists()


def openings_of(user: Any, now: datetime) -> Q:
    """Return the condition for requests of their units, or of a unit for which they are on call.

    Requests of somebody who named them on call are excluded (`_concerned`), and so are those about an exchange that
    they passed on because they know somebody concerned (`_recusals`).
    """
    standby = _on_call(user, now).filter(unit=OuterRef("asked_by__agent__unit"))
    for name in ("asked_by", "passed_to", "claimed_by"):
        # The last two may be NULL. Compared with NULL, every duty would be excluded.
        standby = standby.exclude(named_by=Coalesce(OuterRef(name), OuterRef("asked_by")))
    theirs = Q(asked_by__agent__unit__in=own_units(user).values("pk")) | Q(Exists(standby))
    recusals = _recusals(from_agent__user=user, conversation__report=OuterRef("report"))
    return theirs & ~Q(Exists(recusals))


def _recusals(**fields: Any) -> HandoverQuerySet:
    """Return these recusals. Whoever made one decides about no disclosure of that exchange (`access.is_recused`)."""
    return Handover.objects.recusals().filter(**fields).order_by()


def _concerned(request: OpeningRequest) -> list[int]:
    """Return the accounts that asked for it, hold it, or ask to take it over.

    Whoever one of them named on call does not decide about it, because nobody may choose who countersigns.
    """
    accounts = (request.asked_by_id, request.passed_to_id, request.claimed_by_id)
    return [account for account in accounts if account is not None]


def askers_of(user: Any, now: datetime) -> Sequence[int]:
    """Return the accounts of the agents of their units, and of the units for which they are on call."""
    units = Q(unit__in=own_units(user).values("pk")) | Q(unit__in=_on_call(user, now).values("unit"))
    return list(Agent.objects.filter(units).values_list("user_id", flat=True))


def title_for_opening(user: Any, request: OpeningRequest, now: datetime) -> Title | None:
    """Return the right by which this account decides about a request (own unit or on call); None if it may not."""
    if _recusals(from_agent__user=user, conversation__report=request.report_id).exists():
        return None
    unit = Agent.objects.filter(user=request.asked_by_id).values("unit")
    if own_units(user).filter(pk__in=unit).exists():
        return Title()
    standby = _on_call(user, now).filter(unit__in=unit).exclude(named_by__in=_concerned(request))
    return _title(standby)


def standby_for_opening(request: OpeningRequest, now: datetime) -> Sequence[Standby]:
    """Return the supervisors on call for the unit of the agent who asked, without those whom `_concerned` named.

    Nor those who know somebody concerned (`_recusals`).
    """
    unit = Agent.objects.filter(user=request.asked_by_id).values("unit")
    rows: Any = OnCall.objects
    duties = rows.running(now).filter(unit__in=unit).exclude(named_by__in=_concerned(request))
    recused = _recusals(conversation__report=request.report_id).values("from_agent")
    return standby(duties.exclude(supervisor__in=recused))


# --- what is kept -----------------------------------------------------------------------------------------------------


def with_unit(reports: "QuerySet[Report]") -> "QuerySet[Any]":
    """Annotate reports with `answering_unit` and `lot`. (Annotations have no types.)

    `answering_unit` is the unit of the conversation's present or last agent; None when nobody ever answered. `lot` is
    the number by which a unit is then drawn. `UNIT_OF` and `LOT` are the same in SQL.
    """
    given = ConversationEvent.objects.filter(conversation__report=OuterRef("pk"), kind=EventKind.ASSIGNED)
    last = given.filter(by__agent__isnull=False).order_by("-pk").values("by__agent__unit")[:1]
    unit = Coalesce(F("conversation__assigned_to__unit"), Subquery(last), output_field=BigIntegerField())
    lot = Func(F("public_id"), template=LOT.format("%(expressions)s"), output_field=BigIntegerField())
    return reports.annotate(answering_unit=unit, lot=lot)


# The lot of a report is 32 bits of its random identifier, which nobody can choose.
LOT = "('x' || left(({})::text, 8))::bit(32)::bigint"

# The unit of a conversation c, as in `with_unit`. Parameter: `assigned`.
UNIT_OF = """
COALESCE(
  (SELECT a.unit_id FROM chat_agent a WHERE a.id = c.assigned_to_id),
  (SELECT a.unit_id FROM chat_conversationevent e JOIN chat_agent a ON a.user_id = e.by_id
   WHERE e.conversation_id = c.id AND e.kind = %(assigned)s ORDER BY e.id DESC LIMIT 1)
)
"""
# The units for which a supervisor decides. Parameters: `agent` (the supervisor's key) and `now`.
UNITS = """
SELECT unit_id FROM chat_agent WHERE id = %(agent)s
UNION SELECT unit_id FROM chat_agent_supervised_units WHERE agent_id = %(agent)s
UNION SELECT unit_id FROM chat_oncall
  WHERE supervisor_id = %(agent)s AND starts_at <= %(now)s AND ends_at > %(now)s AND ended_at IS NULL
"""
# For each force, the units that can be drawn, each with its place and their number: those with a supervisor, in the
# order of their keys. For no force (''), the units of both.
DRAWN = """
SELECT f.force, u.id, row_number() OVER (PARTITION BY f.force ORDER BY u.id) - 1 AS place,
       count(*) OVER (PARTITION BY f.force) AS total
FROM (SELECT DISTINCT force FROM chat_unit UNION SELECT '') AS f JOIN chat_unit u ON f.force IN ('', u.force)
WHERE u.id IN (
  SELECT a.unit_id FROM accounts_user p JOIN chat_agent a ON a.user_id = p.id
  WHERE p.role = 'supervisor' AND p.is_active
  UNION
  SELECT s.unit_id FROM accounts_user p JOIN chat_agent a ON a.user_id = p.id
  JOIN chat_agent_supervised_units s ON s.agent_id = a.id WHERE p.role = 'supervisor' AND p.is_active
)
"""
# The force by which a unit is drawn for a report n: '' when no unit of its own force has a supervisor.
FORCE = "CASE WHEN n.force IN (SELECT force FROM drawn) THEN n.force ELSE '' END"
# Of the reports for which a unit is drawn, those of the supervisor whose units are `reach`: the ones of this force
# whose lot modulo `total` is `place`. These are two parts of a WITH that has `reach`.
LOTS = f"""
drawn AS MATERIALIZED ({DRAWN}),
lots AS MATERIALIZED (SELECT force, place, total FROM drawn WHERE id IN (SELECT unit_id FROM reach))
"""  # noqa: S608  of our own texts
LOTS_OF = f"""
WITH reach AS ({UNITS}), {LOTS}
SELECT force, place, total, ARRAY(SELECT DISTINCT force FROM drawn WHERE force <> '') FROM lots
"""  # noqa: S608
DRAWN_UNIT = f"""
WITH drawn AS ({DRAWN}), n AS (SELECT force, {LOT.format("public_id")} AS lot FROM reports_report WHERE id = %(report)s)
SELECT drawn.id FROM n JOIN drawn ON drawn.force = {FORCE} AND drawn.place = n.lot %% drawn.total
"""  # noqa: S608


def decided(report: str) -> str:
    """Return the SQL condition that a supervisor decides about a report and its conversation c, which may be NULL.

    report: how the key of the report is called there. In a statement with `reach` and `LOTS`; takes `assigned`. A unit
    is drawn for a report whose own unit is none, or has no supervisor.

    First `OFFSET 0`: the unit is read once for each report. Second: the report is found by its key, each time. Without
    it PostgreSQL may draw a unit for every report there is, and look each one up among these.
    """
    return f"""(
  SELECT COALESCE(own.unit IN (SELECT unit_id FROM reach), false)
    OR COALESCE(own.unit NOT IN (SELECT id FROM drawn), true) AND EXISTS (
      SELECT FROM reports_report n JOIN lots l ON l.force = {FORCE} AND l.place = {LOT.format("n.public_id")} %% l.total
      WHERE n.id = {report} OFFSET 0
    )
  FROM (SELECT {UNIT_OF} AS unit OFFSET 0) AS own
)"""  # noqa: S608  of our own texts


def _drawn_for(user: Any, now: datetime) -> Q:
    """Return the condition, for rows of `with_unit`, that a unit of this supervisor is drawn for a report.

    One query for their agent, another one for the lots.
    """
    condition = Q(pk__in=[])
    agent = Agent.objects.filter(user=user).values_list("pk", flat=True).first()
    for force, place, total, forces in fetch_rows(LOTS_OF, {"agent": agent, "now": now}):
        is_of_force = Q(force=force) if force else ~Q(force__in=forces)
        condition |= is_of_force & Q(Exact(F("lot") % total, place))
    return condition


def decided_by(user: Any, now: datetime) -> Q:
    """Return the condition, for rows of `with_unit`, that this supervisor decides about a report. Two queries.

    It is checked for each row that all other conditions leave, because a list of all such reports would grow over the
    years.
    """
    units = Q(answering_unit__in=own_units(user).values("pk")) | Q(
        answering_unit__in=_on_call(user, now).values("unit")
    )
    nobodys = Q(answering_unit__isnull=True) | ~Q(answering_unit__in=_supervised_units().values("pk"))
    return units | nobodys & _drawn_for(user, now)


def reports_of(user: Any, reports: "QuerySet[Report]", now: datetime) -> "QuerySet[Any]":
    """Return those of these reports about which this supervisor decides."""
    return with_unit(reports).filter(decided_by(user, now))


@dataclass(frozen=True, slots=True)
class Deciding:
    """These are the units whose supervisors, and whoever is on call for them, decide about a report.

    answered: that of its present or last agent; None when nobody ever answered. drawn: the one that was drawn, because
    `answered` is None or has no supervisor; None otherwise, and when no unit has a supervisor.
    """

    answered: int | None
    drawn: int | None

    @property
    def units(self) -> list[int]:
        """Return the keys of these units, none to two."""
        return [unit for unit in (self.answered, self.drawn) if unit is not None]


def _read_deciding(report_id: int) -> Deciding:
    """Return the units that decide about a report; none when it is gone. Two queries, or three."""
    answered = with_unit(Report.objects.filter(pk=report_id)).values_list("answering_unit", flat=True).first()
    if answered is not None and _supervised_units().filter(pk=answered).exists():
        return Deciding(answered, None)
    return Deciding(answered, next((pk for (pk,) in fetch_rows(DRAWN_UNIT, {"report": report_id})), None))


@dataclass(frozen=True, slots=True)
class Drawn:
    """It is the unit that was drawn for a report, for display. instead_of: the unit that answered, which has no
    supervisor; "" when nobody answered.
    """

    unit: str
    instead_of: str


def drawn_unit(report_id: int) -> Drawn | None:
    """Return the unit that was drawn for a report; None when none was. One query more than the units themselves."""
    deciding = _read_deciding(report_id)
    if deciding.drawn is None:
        return None
    names = dict(Unit.objects.filter(pk__in=deciding.units).values_list("pk", "name"))
    return Drawn(names[deciding.drawn], "" if deciding.answered is None else names[deciding.answered])


def title_for_report(user: Any, report_id: int, now: datetime) -> Title | None:
    """Return the right by which this account decides about a report; None when it may not."""
    if not user.is_supervisor:
        return None
    units = _read_deciding(report_id).units
    if own_units(user).filter(pk__in=units).exists():
        return Title()
    return _title(_on_call(user, now).filter(unit__in=units))


def standby_for_report(report_id: int, now: datetime) -> Sequence[Standby]:
    """Return the supervisors who may decide about this report now because they are on call."""
    rows: Any = OnCall.objects
    return standby(rows.running(now).filter(unit__in=_read_deciding(report_id).units))


# --- both -------------------------------------------------------------------------------------------------------------


def _title(on_call: Any) -> Title | None:
    key = on_call.order_by("pk").values_list("pk", flat=True).first()
    return None if key is None else Title(on_call=key)


def standby(on_call: Any) -> list[Standby]:
    """Return these on-call duties for display, but not those of an account that is closed or no longer supervises."""
    decides = on_call.filter(supervisor__user__is_active=True, supervisor__user__role="supervisor")
    rows = decides.select_related("supervisor", "unit").order_by("ends_at", "pk")
    return [Standby(plain_text.plain(row.supervisor.public_name), row.unit.name, row.ends_at) for row in rows]
