"""Computes when a report and its conversation are deleted, by which rule, and what the console shows of that."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from chat.decisions import deciders
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.retention.ending_without_agent import AT_MOST, DECIDED, IS_HELD, SHARE, fetch_with_keys
from chat.rules.lifecycle import Author, Status
from common.choices import label_of
from common.sql import array_text
from reports.models import ErasureRequest, Freeze, OpeningRequest, OpeningStep, Report
from reports.retention import deletion
from reports.rules import openings as opening_rules
from reports.rules.retention import DEFAULTS, Cause, Decision, Kind, Life, Rule, decide_retention

# The time for a supervisor to countersign a disclosure request before its report is deleted.
ASKED_HOLDS = timedelta(hours=48)
# Events that do not prolong the life of an exchange: what the queue does by itself when somebody is not seen, a
# handover without effect, and a supervisor who looks.
NO_ACT = {
    EventKind.RELEASED,
    EventKind.ASLEEP,
    EventKind.DORMANT,
    EventKind.AWAKE,
    EventKind.ABANDONED,
    EventKind.KEPT,
    EventKind.JOINED,
    EventKind.WATCH_LEFT,
    EventKind.WHISPERED,
}


# --- what is known of one report, without anything that was said ------------------------------------------------------


def _with_acts(reports: "QuerySet[Report]") -> "QuerySet[Any]":
    """Add the columns from which the end of a report is computed.

    spoken_at: the last message. acted_at: the last act in the history. opening_at: when the last disclosure request
    was made that a supervisor countersigned, and that was neither refused nor withdrawn. opening_asked_at: the same for
    one that waits for a supervisor, if it is its agent's first for this report. (The types do not know annotations.)
    """
    spoken = Message.objects.filter(conversation__report=OuterRef("pk")).exclude(author=Author.SYSTEM)
    acted = ConversationEvent.objects.filter(conversation__report=OuterRef("pk")).exclude(kind__in=NO_ACT)
    openings = OpeningRequest.objects.filter(report=OuterRef("pk")).order_by("-asked_at")
    # One that ended because nobody acted in time may never have been countersigned.
    signed = OpeningStep.objects.filter(request=OuterRef("pk"), act=opening_rules.Act.COUNTERSIGN)
    holding = openings.filter(
        Q(state__in=opening_rules.HOLDING) | (Q(state=opening_rules.State.EXPIRED) & Q(Exists(signed)))
    )
    before = OpeningRequest.objects.filter(
        report=OuterRef("report"), asked_by=OuterRef("asked_by"), asked_at__lt=OuterRef("asked_at")
    )
    asked = openings.filter(~Exists(before), state=opening_rules.State.ASKED)
    return reports.annotate(
        opening_at=Subquery(holding.values("asked_at")[:1]),
        opening_asked_at=Subquery(asked.values("asked_at")[:1]),
        spoken_at=Subquery(spoken.order_by().values("conversation").annotate(last=Max("sent_at")).values("last")),
        acted_at=Subquery(acted.order_by().values("conversation").annotate(last=Max("at")).values("last")),
    ).select_related("conversation__assigned_to__unit", "freeze", "erasure")


def _part(report: Report, name: str) -> Any:
    """Return the conversation, freeze or erasure of a report; None if it has none."""
    return getattr(report, name, None)


def kind_of(report: Report) -> Kind:
    """Return which retention rule applies to a report: that of exchanges as soon as it has one."""
    return Kind.EXCHANGE if _part(report, "conversation") else Kind.REPORT


def _life(report: Any) -> Life:
    """Return when something last happened to a report, and when its person was last seen.

    report: read through `_with_acts`. `chat.visitor.page_state` reads the same for one conversation.
    """
    conversation: Conversation | None = _part(report, "conversation")
    acts = [report.filed_at, report.spoken_at, report.acted_at]
    if conversation is None:
        return Life(report.filed_at)
    acts += [conversation.opened_at, conversation.assigned_at, conversation.closed_at]
    return Life(max(act for act in acts if act is not None), conversation.reporter_seen_at)


def _decide(report: Any, rules: dict[str, Rule], now: datetime, *, told: bool = False) -> Decision:
    """Decide when a report is deleted. report: read through `_with_acts`.

    told: as the console shows it. Disclosure requests are then left out, because only those whom one concerns may know
    of it.
    """
    freeze: Freeze | None = _part(report, "freeze")
    request: ErasureRequest | None = _part(report, "erasure")
    # A report is not deleted while custodians may open what the prosecutor may have authorised, nor within the hour
    # after the agent has read it. However the request went on, the hold ends on the same day.
    holds = [freeze.frozen_until] if freeze else []
    if report.opening_at is not None and not told:
        holds.append(report.opening_at + opening_rules.TERM)
    # One agent alone cannot delay the deletion for long: a supervisor has two days to countersign, once.
    asked_at = None if told else report.opening_asked_at
    return decide_retention(
        life=_life(report),
        rule=rules[kind_of(report)],
        now=now,
        frozen_until=max(holds, default=None),
        held_until=None if asked_at is None else asked_at + ASKED_HOLDS,
        granted_at=request.granted_at if request else None,
        erasure=rules[Kind.ERASURE],
    )


def _rule_applied(report: Report, decision: Decision, rules: dict[str, Rule]) -> Rule:
    return rules[Kind.ERASURE if decision.cause is Cause.ERASURE else kind_of(report)]


def _may_end(rules: dict[str, Rule], now: datetime, *, told: bool) -> Q:
    """Return the condition that a report may be due, by cheap columns only; the decision itself reads the rest.

    told: also reports that are near enough to their end to be shown.
    """

    def limit(kind: Kind) -> datetime:
        rule = rules[kind]
        return now - timedelta(days=max(rule.days - rule.digest_days, 0) if told else rule.total_days)

    exchange, report = limit(Kind.EXCHANGE), limit(Kind.REPORT)
    # These are two lists of keys, each found by an index, so that no row is read of the others, which are nearly all.
    old = Report.objects.filter(filed_at__lt=max(exchange, report)).values("pk")
    granted = ErasureRequest.objects.filter(is_granted=True).values("report")
    return Q(pk__in=old.union(granted, all=True)) & (
        Q(filed_at__lt=exchange, conversation__reporter_seen_at__lt=exchange)
        | Q(filed_at__lt=report, conversation__isnull=True)
        | Q(erasure__is_granted=True)
    )


def ending_as_told(
    life: Life, *, granted_at: datetime | None, exchange: Rule, erasure: Rule, now: datetime
) -> tuple[Decision, Rule]:
    """Return when an exchange is deleted if nothing is added, as the person may know it, and by which rule.

    granted_at: when an erasure was granted. exchange, erasure: the rules in force. A freeze is left out, because it is
    not ours to say whether the person may know of it (docs/adr/0033). So that a date in the past does not reveal one,
    the date is never before now. For `chat.visitor.page_state`.
    """
    decision = decide_retention(life=life, rule=exchange, now=now, granted_at=granted_at, erasure=erasure)
    rule = erasure if decision.cause is Cause.ERASURE else exchange
    return replace(decision, due_at=max(decision.due_at, now)), rule


# --- for those who answer ---------------------------------------------------------------------------------------------

SHOWN = AT_MOST  # the most exchanges on one page


@dataclass(frozen=True, slots=True)
class Ending:
    """It is an exchange as people decide about its end: dates and status, but nothing that was said and no place.

    conversation: its public id. is_own: the agent who looks has it. is_decided: whether the supervisor who looks may
    decide about it. freeze: one that is asked for or running, else None. asked: the request for erasure, if any.
    """

    report_id: int
    conversation: UUID
    opened_at: datetime
    status: str
    unit: str
    is_own: bool
    is_decided: bool
    decision: Decision
    rule: Rule
    freeze: Freeze | None
    asked: ErasureRequest | None

    @property
    def is_pending(self) -> bool:
        """Return whether the person waits for an answer to their request for erasure."""
        return self.asked is not None and self.asked.answered_at is None


def _reach(agent: Agent) -> "QuerySet[Report]":
    """Return the reports of which this agent may see the end.

    These are those that they answer or answered; for a supervisor also those of the units for which they decide
    (`deciders`).
    """
    reports = Report.objects.filter(conversation__isnull=False)
    own = Q(conversation__assigned_to=agent)
    if not agent.user.is_supervisor:
        return reports.filter(own)
    return deciders.with_unit(reports).filter(own | deciders.decided_by(agent.user, timezone.now()))


def _ending(report: Any, agent: Agent, rules: dict[str, Rule], now: datetime) -> Ending:
    conversation: Conversation = report.conversation
    decision = _decide(report, rules, now, told=True)
    freeze: Freeze | None = _part(report, "freeze")
    return Ending(
        report_id=report.pk,
        conversation=conversation.public_id,
        opened_at=conversation.opened_at,
        status=label_of(Status, conversation.status),
        unit=conversation.assigned_to.unit.name if conversation.assigned_to else "",
        is_own=conversation.assigned_to_id == agent.pk,
        # A supervisor reaches what they decide about; their own conversation is of their own unit.
        is_decided=agent.user.is_supervisor,
        decision=decision,
        rule=_rule_applied(report, decision, rules),
        freeze=freeze if freeze is not None and (freeze.is_waiting(now) or freeze.is_running(now)) else None,
        asked=_part(report, "erasure"),
    )


def endings(agent: Agent, now: datetime) -> list[Ending]:
    """Return the exchanges that are frozen, then those that end soon, the first to go first; at most SHOWN of each.

    Exchanges that are past their date are left out, so that nobody can see whether a disclosure request keeps one.
    """
    rules = deletion.rules()
    held = _with_acts(_reach(agent).filter(_held(now))).order_by("freeze__asked_at")[:SHOWN]
    return [
        *(_ending(report, agent, rules, now) for report in held),
        *sorted(_near(agent, rules, now), key=lambda one: one.decision.due_at),
    ]


def _held(now: datetime) -> Q:
    """Return the condition that a report is frozen, or that a freeze is asked for."""
    return Q(freeze__lifted_at__isnull=True, freeze__until__gt=now)


@dataclass(frozen=True, slots=True)
class Notice:
    """It is what « Fin de conservation » shows an agent.

    to_decide: number of requests and freezes that wait for a supervisor. soon: number of exchanges that end soon, at
    most SHOWN.
    """

    to_decide: int
    soon: int


# `_with_acts` and `_life` in one column, of a report r and its conversation c; takes `system` and `no_act`.
ADDED_AT = """
GREATEST(
  r.filed_at, c.opened_at, c.assigned_at, c.closed_at,
  (SELECT max(m.sent_at) FROM chat_message m WHERE m.conversation_id = c.id AND m.author <> %(system)s),
  (SELECT max(e.at) FROM chat_conversationevent e
   WHERE e.conversation_id = c.id AND e.kind <> ALL (%(no_act)s::text[]))
)
"""
ACTS = {"system": Author.SYSTEM.value, "no_act": array_text(kind.value for kind in NO_ACT)}

# Whether r, its conversation c, its freeze f and its request q are near their end by cheap columns, as `_may_end` says,
# and nothing holds them.
IS_NEAR = """
((r.filed_at < bound.at AND c.reporter_seen_at < bound.at) OR q.is_granted)
AND NOT COALESCE(f.lifted_at IS NULL AND f.until > %(now)s, false)
"""
# The same of a conversation c that is old. Nobody is seen before they filed, and before it was opened.
IS_OLD = f"""
c.opened_at < bound.at AND c.reporter_seen_at < bound.at
AND NOT EXISTS (SELECT FROM reports_freeze h WHERE {IS_HELD})
"""
# The conversations c, and their reports r, among which those are that this agent may see the end of (`_reach`) and that
# are near it: found by their agents and their age, or by the request for erasure that was granted, however many others
# there are. Of each kind as many as are shown. Those without an agent are found by the keys that are remembered of
# them (`chat.retention.ending_without_agent`).
# An exchange whose agent is of a unit without a supervisor is not found for the unit that is drawn for it, unless its
# erasure was granted: nobody has to decide that its time ends, and those of all such units would be looked at.
# (`OFFSET 0`: each row is found by its key. PostgreSQL knows neither the bound nor how many rows there are when it
# plans, and would read all reports.)
CANDIDATES = f"""
LATERAL (
  (SELECT c.* FROM chat_agent a CROSS JOIN LATERAL (
     SELECT * FROM chat_conversation c WHERE c.assigned_to_id = a.id AND c.opened_at < bound.at OFFSET 0
   ) c
   WHERE (a.id = %(agent)s OR (%(decides)s AND a.unit_id IN (SELECT unit_id FROM reach))) AND {IS_OLD}
   ORDER BY c.reporter_seen_at LIMIT %(shown)s)
  UNION ALL
  (SELECT c.* FROM unnest(%(without_agent)s::bigint[]) AS one (id) CROSS JOIN LATERAL (
     SELECT * FROM chat_conversation c WHERE c.id = one.id OFFSET 0
   ) c
   WHERE c.assigned_to_id IS NULL AND {IS_OLD} AND {DECIDED}
   ORDER BY c.opened_at LIMIT %(shown)s)
  UNION ALL
  SELECT c.* FROM reports_erasurerequest q JOIN chat_conversation c ON c.report_id = q.report_id
  WHERE q.is_granted AND c.reporter_seen_at >= bound.at
    AND (c.assigned_to_id = %(agent)s OR (%(decides)s AND {DECIDED}))
) c CROSS JOIN LATERAL (SELECT * FROM reports_report r WHERE r.id = c.report_id OFFSET 0) r
"""  # noqa: S608  of our own texts

# One row at least, with the share, the counts and the rules; one for each exchange that is near its end by cheap
# columns, as `_may_end` and `_reach` say, with what `_decide` reads of it. Every page of the console asks.
NOTICE = f"""
WITH rule AS (
  SELECT
    COALESCE(x.days, %(days)s::int) AS days, COALESCE(x.grace_days, %(grace)s::int) AS grace,
    COALESCE(x.digest_days, %(digest)s::int) AS digest, x.in_force_at AS since,
    x.former_days, x.former_grace_days,
    COALESCE(e.days, %(e_days)s::int) AS e_days, COALESCE(e.grace_days, %(e_grace)s::int) AS e_grace,
    COALESCE(e.digest_days, %(e_digest)s::int) AS e_digest, e.in_force_at AS e_since,
    e.former_days AS e_former_days, e.former_grace_days AS e_former_grace_days
  FROM (SELECT) AS one
  LEFT JOIN reports_retentionrule x ON x.kind = %(exchange)s
  LEFT JOIN reports_retentionrule e ON e.kind = %(erasure)s
), reach AS ({deciders.UNITS}
), {deciders.LOTS}, bound AS (
  SELECT %(now)s - make_interval(days => GREATEST(days - digest, 0)) AS at FROM rule
)
SELECT
  CASE WHEN %(decides)s THEN {SHARE} END,
  CASE WHEN %(decides)s THEN
    (SELECT count(*) FROM reports_freeze f LEFT JOIN chat_conversation c ON c.report_id = f.report_id
     WHERE f.set_at IS NULL AND f.lifted_at IS NULL AND f.until > %(now)s AND {deciders.decided("f.report_id")})
    + (SELECT count(*) FROM reports_erasurerequest q LEFT JOIN chat_conversation c ON c.report_id = q.report_id
       WHERE q.answered_at IS NULL AND {deciders.decided("q.report_id")})
  ELSE 0 END,
  rule.*, near.*
FROM rule LEFT JOIN LATERAL (
  SELECT
    {ADDED_AT} AS added_at,
    c.reporter_seen_at,
    CASE WHEN f.set_at IS NULL THEN COALESCE(f.held_before, f.asked_at) ELSE LEAST(f.until, f.lifted_at) END,
    CASE WHEN q.is_granted THEN q.answered_at END
  FROM bound, {CANDIDATES}
  LEFT JOIN reports_freeze f ON f.report_id = r.id LEFT JOIN reports_erasurerequest q ON q.report_id = r.id
  WHERE {IS_NEAR}
  ORDER BY c.reporter_seen_at LIMIT %(shown)s
) AS near ON true
"""  # noqa: S608  of our own texts


# One row: the share, and the keys of the first reports that are near their end, the first to go first.
NEAR = f"""
WITH reach AS ({deciders.UNITS}
), {deciders.LOTS}, bound AS (SELECT %(bound)s::timestamptz AS at)
SELECT CASE WHEN %(decides)s THEN {SHARE} END, ARRAY(
  SELECT r.id FROM bound, {CANDIDATES}
  LEFT JOIN reports_freeze f ON f.report_id = r.id LEFT JOIN reports_erasurerequest q ON q.report_id = r.id
  WHERE {IS_NEAR}
  ORDER BY c.reporter_seen_at LIMIT %(shown)s
)
"""  # noqa: S608  of our own texts


def _asks(agent: Agent, now: datetime) -> dict[str, Any]:
    """Return the values that the statements about an agent's exchanges need."""
    return {
        "now": now,
        "agent": agent.pk,
        "decides": agent.user.is_supervisor,
        "assigned": EventKind.ASSIGNED.value,
        "shown": SHOWN,
    }


def _near(agent: Agent, rules: dict[str, Rule], now: datetime) -> list[Ending]:
    """Return the exchanges that end soon and are not frozen, at most SHOWN."""
    rule = rules[Kind.EXCHANGE]
    bound = now - timedelta(days=max(rule.days - rule.digest_days, 0))
    [(keys,)] = fetch_with_keys(NEAR, agent, _asks(agent, now) | {"bound": bound})
    first = _with_acts(Report.objects.filter(pk__in=keys)).order_by("conversation__reporter_seen_at")
    ending = (_ending(report, agent, rules, now) for report in first)
    return [one for one in ending if one.decision.is_on_its_way and not one.decision.is_due]


def notice(agent: Agent, now: datetime) -> Notice:
    """Return what each page of the console shows of ends, so that whoever still needs an exchange learns in time.

    One statement, and for a supervisor another one once in a minute.
    """
    exchange, erasure = DEFAULTS[Kind.EXCHANGE], DEFAULTS[Kind.ERASURE]
    values = {
        **_asks(agent, now),
        **ACTS,
        "exchange": Kind.EXCHANGE.value,
        "days": exchange.days,
        "grace": exchange.grace_days,
        "digest": exchange.digest_days,
        "erasure": Kind.ERASURE.value,
        "e_days": erasure.days,
        "e_grace": erasure.grace_days,
        "e_digest": erasure.digest_days,
    }
    rows = fetch_with_keys(NOTICE, agent, values)
    to_decide, exchange, erasure = rows[0][0], Rule(*rows[0][1:7]), Rule(*rows[0][7:13])
    near = [
        decide_retention(
            life=Life(added_at, seen_at),
            rule=exchange,
            now=now,
            frozen_until=frozen_until,
            granted_at=granted_at,
            erasure=erasure,
        )
        for added_at, seen_at, frozen_until, granted_at in (row[13:] for row in rows)
        if added_at is not None
    ]
    return Notice(to_decide, sum(one.is_on_its_way and not one.is_due for one in near))


def requests(agent: Agent, now: datetime) -> list[tuple[Ending, ErasureRequest]]:
    """Return the requests for erasure that wait for an answer, the oldest first, at most SHOWN; for supervisors."""
    rules = deletion.rules()
    asked = _with_acts(_reach(agent).filter(erasure__isnull=False, erasure__answered_at__isnull=True))
    rows = asked.order_by("erasure__asked_at")[:SHOWN]
    return [(_ending(report, agent, rules, now), report.erasure) for report in rows]


def ending_of(agent: Agent, public_id: UUID, now: datetime) -> Ending | None:
    """Return the end of one exchange that this agent may see, whenever it is; None as if it did not exist."""
    report = _with_acts(_reach(agent).filter(conversation__public_id=public_id)).first()
    return None if report is None else _ending(report, agent, deletion.rules(), now)


def oldest_request(agent: Agent) -> tuple[int, datetime | None]:
    """Return how many requests for erasure wait for this supervisor's answer, and since when the oldest does."""
    waiting = ErasureRequest.objects.filter(answered_at__isnull=True, report__in=_reach(agent))
    told = waiting.aggregate(count=Count("pk"), oldest=Min("asked_at"))
    return told["count"], told["oldest"]
