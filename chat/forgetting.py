"""The end of reports and exchanges: which are on their way, and the deletion of those that are due (docs/adr/0033).

The term counts from the last act of either side. Acts are: what a person or an agent wrote or did, a report filed, a
code used, and that the person was here, for nobody loses what they still look at. What Pnav does by itself is none, and
neither is that an agent looks: reading does not keep a thing alive.
"""

import logging
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from chat import deciding, doorbell, on_call, resume
from chat.lifecycle import Author, Status
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from reports import erased, forgetting, opening_rules, openings, register
from reports.models import ErasureRequest, Freeze, Motive, OpeningRequest, Report
from reports.retention import DEFAULTS, Cause, Decision, Item, Kind, Life, Rule, State, decide
from reports.statements import array, execute

logger = logging.getLogger(__name__)

ASKED_HOLDS = timedelta(hours=48)  # for a supervisor to countersign an opening before its report goes
BATCH = 100  # reports a transaction: their rows are locked meanwhile
# What the queue does by itself when somebody is not seen; a passage without effect; that a supervisor looks.
NO_ACT = {
    EventKind.RELEASED,
    EventKind.ABANDONED,
    EventKind.KEPT,
    EventKind.JOINED,
    EventKind.LEFT,
    EventKind.WHISPERED,
}


# --- what is known of one report, without anything that was said ------------------------------------------------------


def _with_acts(reports: "QuerySet[Report]") -> "QuerySet[Any]":
    """Adds `spoken_at` and `acted_at`: last message, last act of the history; `opening_at`: when the last request to
    open the seal that a supervisor countersigned, and that still goes on, was made; `opening_asked_at`: the same of one
    that waits for a supervisor, if it is its agent's first of this report. (Annotations escape the types.)
    """
    spoken = Message.objects.filter(conversation__report=OuterRef("pk")).exclude(author=Author.SYSTEM)
    acted = ConversationEvent.objects.filter(conversation__report=OuterRef("pk")).exclude(kind__in=NO_ACT)
    openings = OpeningRequest.objects.filter(report=OuterRef("pk")).order_by("-asked_at")
    countersigned = openings.filter(state__in=opening_rules.OPEN - {opening_rules.State.ASKED})
    before = OpeningRequest.objects.filter(
        report=OuterRef("report"), asked_by=OuterRef("asked_by"), asked_at__lt=OuterRef("asked_at")
    )
    asked = openings.filter(~Exists(before), state=opening_rules.State.ASKED)
    return reports.annotate(
        opening_at=Subquery(countersigned.values("asked_at")[:1]),
        opening_asked_at=Subquery(asked.values("asked_at")[:1]),
        spoken_at=Subquery(spoken.order_by().values("conversation").annotate(last=Max("sent_at")).values("last")),
        acted_at=Subquery(acted.order_by().values("conversation").annotate(last=Max("at")).values("last")),
    ).select_related("conversation__assigned_to__unit", "freeze", "erasure")


def _part(report: Report, name: str) -> Any:
    """The conversation, freeze or erasure of a report, or None."""
    return getattr(report, name, None)


def kind_of(report: Report) -> Kind:
    return Kind.EXCHANGE if _part(report, "conversation") else Kind.REPORT


def _life(report: Any) -> Life:
    """report: read through `_with_acts`. `chat.beside_thread` reads the same of one conversation."""
    conversation: Conversation | None = _part(report, "conversation")
    acts = [report.filed_at, report.spoken_at, report.acted_at]
    if conversation is None:
        return Life(report.filed_at)
    acts += [conversation.opened_at, conversation.assigned_at, conversation.closed_at]
    return Life(max(act for act in acts if act is not None), conversation.reporter_seen_at)


def _decide(report: Any, rules: dict[str, Rule], now: datetime, *, told: bool = False) -> Decision:
    """told: as the console shows it. An opening is left out there: that there is one is for those it concerns."""
    freeze: Freeze | None = _part(report, "freeze")
    request: ErasureRequest | None = _part(report, "erasure")
    # What the prosecutor may have authorised is not deleted under the custodians' hands.
    holds = [freeze.frozen_until] if freeze else []
    if report.opening_at is not None and not told:
        holds.append(report.opening_at + opening_rules.TERM)
    # One agent alone puts off nothing for long: a supervisor has two days to countersign, once.
    asked_at = None if told else report.opening_asked_at
    return decide(
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
    """Whoever may be due; told: or near enough to be told of. By cheap columns only: the decision reads the rest."""

    def limit(kind: Kind) -> datetime:
        rule = rules[kind]
        return now - timedelta(days=max(rule.days - rule.digest_days, 0) if told else rule.total_days)

    exchange = limit(Kind.EXCHANGE)
    return (
        Q(filed_at__lt=exchange, conversation__reporter_seen_at__lt=exchange)
        | Q(filed_at__lt=limit(Kind.REPORT), conversation__isnull=True)
        | Q(erasure__is_granted=True)
    )


def told(
    life: Life, *, granted_at: datetime | None, exchange: Rule, erasure: Rule, now: datetime
) -> tuple[Decision, Rule]:
    """When an exchange goes if nothing is added, as the person may know it; and the rule. For `chat.beside_thread`.

    granted_at: when an erasure was agreed to. exchange, erasure: the rules in force.
    A freeze is left out: whether it may be told is not ours to say (docs/adr/0033). Nor is it told by a date that has
    passed: what should be gone goes « today at the earliest ».
    """
    decision = decide(life=life, rule=exchange, now=now, granted_at=granted_at, erasure=erasure)
    rule = erasure if decision.cause is Cause.ERASURE else exchange
    return replace(decision, due_at=max(decision.due_at, now)), rule


# --- for those who answer ---------------------------------------------------------------------------------------------

SHOWN = 200  # of one page


@dataclass(frozen=True, slots=True)
class Ending:
    """An exchange as its end is decided about: dates and where it stands, not what was said or where somebody lives.

    conversation: its public id. is_decided: whether the supervisor who looks may decide about it. freeze: asked for or
    running, else None. asked: the request for erasure, if any.
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
        """Whether somebody waits for an answer to their request."""
        return self.asked is not None and self.asked.answered_at is None


def _reach(agent: Agent) -> "QuerySet[Report]":
    """Whose ends this agent may see: those they answer or answered, and a supervisor's those of the units that they
    decide for (`deciding`)."""
    reports = Report.objects.filter(conversation__isnull=False)
    own = reports.filter(conversation__assigned_to=agent)
    if not agent.user.is_supervisor:
        return own
    theirs = deciding.reports_of(agent.user, reports, timezone.now())
    return reports.filter(Q(pk__in=theirs.values("pk")) | Q(pk__in=own.values("pk")))


def _ending(report: Any, agent: Agent, rules: dict[str, Rule], now: datetime) -> Ending:
    conversation: Conversation = report.conversation
    decision = _decide(report, rules, now, told=True)
    freeze: Freeze | None = _part(report, "freeze")
    return Ending(
        report_id=report.pk,
        conversation=conversation.public_id,
        opened_at=conversation.opened_at,
        status=str(Status(conversation.status).label),
        unit=conversation.assigned_to.unit.name if conversation.assigned_to else "",
        is_own=conversation.assigned_to_id == agent.pk,
        # A supervisor reaches what they decide about; their own conversation is of their own unit.
        is_decided=agent.user.is_supervisor,
        decision=decision,
        rule=_rule_applied(report, decision, rules),
        freeze=freeze if freeze is not None and (freeze.is_asked or freeze.is_running(now)) else None,
        asked=_part(report, "erasure"),
    )


def endings(agent: Agent, now: datetime) -> list[Ending]:
    """What is frozen, then what ends soon, the first to go first; at most SHOWN of each.

    What is past its date is not among them, whether it went within the hour or an opening holds it.
    """
    rules = forgetting.rules()
    held = _with_acts(_reach(agent).filter(_held(now))).order_by("freeze__asked_at")[:SHOWN]
    return [
        *(_ending(report, agent, rules, now) for report in held),
        *sorted(_near(agent, rules, now), key=lambda one: one.decision.due_at),
    ]


def _held(now: datetime) -> Q:
    """Frozen, or a freeze is asked for."""
    return Q(freeze__lifted_at__isnull=True, freeze__until__gt=now)


def _near(agent: Agent, rules: dict[str, Rule], now: datetime) -> list[Ending]:
    """What ends soon and nothing holds, at most SHOWN."""
    near = _with_acts(_reach(agent).filter(_may_end(rules, now, told=True)).exclude(_held(now)))
    first = near.order_by("conversation__reporter_seen_at")[:SHOWN]
    ending = (_ending(report, agent, rules, now) for report in first)
    return [one for one in ending if one.decision.is_on_its_way and not one.decision.is_due]


@dataclass(frozen=True, slots=True)
class Notice:
    """What « Fin de conservation » has for an agent. to_decide: requests and freezes that wait for a supervisor; soon:
    exchanges that end soon, at most SHOWN.
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
ACTS = {"system": Author.SYSTEM.value, "no_act": array(kind.value for kind in NO_ACT)}

# Whether a conversation c is of a unit that the supervisor decides for, as `deciding.reports_of` says.
DECIDED = f"COALESCE({deciding.UNIT_OF} IN (SELECT unit_id FROM reach), true)"  # noqa: S608  of our own texts

# One row at least, with the counts and the rules; one for each exchange that is near its end by cheap columns, as
# `_may_end` and `_reach` say, with what `_decide` reads of it. Every page of the console asks.
NOTICE = f"""
WITH rule AS (
  SELECT
    COALESCE(x.days, %(days)s::int) AS days, COALESCE(x.grace_days, %(grace)s::int) AS grace,
    COALESCE(x.digest_days, %(digest)s::int) AS digest, x.in_force_at AS since,
    COALESCE(e.days, %(e_days)s::int) AS e_days, COALESCE(e.grace_days, %(e_grace)s::int) AS e_grace,
    COALESCE(e.digest_days, %(e_digest)s::int) AS e_digest, e.in_force_at AS e_since
  FROM (SELECT) AS one
  LEFT JOIN reports_retentionrule x ON x.kind = %(exchange)s
  LEFT JOIN reports_retentionrule e ON e.kind = %(erasure)s
), reach AS ({deciding.UNITS}
), bound AS (
  SELECT %(now)s - make_interval(days => GREATEST(days - digest, 0)) AS at FROM rule
)
SELECT
  CASE WHEN %(decides)s THEN
    (SELECT count(*) FROM reports_freeze f LEFT JOIN chat_conversation c ON c.report_id = f.report_id
     WHERE f.set_at IS NULL AND f.lifted_at IS NULL AND f.until > %(now)s AND {DECIDED})
    + (SELECT count(*) FROM reports_erasurerequest q LEFT JOIN chat_conversation c ON c.report_id = q.report_id
       WHERE q.answered_at IS NULL AND {DECIDED})
  ELSE 0 END,
  rule.*, near.*
FROM rule LEFT JOIN LATERAL (
  SELECT
    {ADDED_AT} AS added_at,
    c.reporter_seen_at,
    CASE WHEN f.set_at IS NULL THEN COALESCE(f.held_before, f.asked_at) ELSE LEAST(f.until, f.lifted_at) END,
    CASE WHEN q.is_granted THEN q.answered_at END
  FROM bound, reports_report r JOIN chat_conversation c ON c.report_id = r.id
  LEFT JOIN reports_freeze f ON f.report_id = r.id LEFT JOIN reports_erasurerequest q ON q.report_id = r.id
  WHERE (c.assigned_to_id = %(agent)s OR (%(decides)s AND {DECIDED}))
    AND ((r.filed_at < bound.at AND c.reporter_seen_at < bound.at) OR q.is_granted)
    AND NOT COALESCE(f.lifted_at IS NULL AND f.until > %(now)s, false)
  ORDER BY c.reporter_seen_at LIMIT %(shown)s
) AS near ON true
"""  # noqa: S608  of our own texts


def notice(agent: Agent, now: datetime) -> Notice:
    """Told on each page of the console: whoever may still need an exchange learns in time that it ends."""
    exchange, erasure = DEFAULTS[Kind.EXCHANGE], DEFAULTS[Kind.ERASURE]
    values = {
        "now": now,
        "agent": agent.pk,
        "decides": agent.user.is_supervisor,
        "assigned": EventKind.ASSIGNED.value,
        "shown": SHOWN,
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
    rows = execute(NOTICE, values)
    to_decide, exchange, erasure = rows[0][0], Rule(*rows[0][1:5]), Rule(*rows[0][5:9])
    near = [
        decide(
            life=Life(added_at, seen_at),
            rule=exchange,
            now=now,
            frozen_until=frozen_until,
            granted_at=granted_at,
            erasure=erasure,
        )
        for added_at, seen_at, frozen_until, granted_at in (row[9:] for row in rows)
        if added_at is not None
    ]
    return Notice(to_decide, sum(one.is_on_its_way and not one.is_due for one in near))


def requests(agent: Agent, now: datetime) -> list[tuple[Ending, ErasureRequest]]:
    """Who waits for an answer to their request for erasure, the first of them first; for supervisors."""
    rules = forgetting.rules()
    asked = _with_acts(_reach(agent).filter(erasure__isnull=False, erasure__answered_at__isnull=True))
    rows = asked.order_by("erasure__asked_at")[:SHOWN]
    return [(_ending(report, agent, rules, now), report.erasure) for report in rows]


def ending_of(agent: Agent, public_id: UUID, now: datetime) -> Ending | None:
    """One of them, whenever it ends; None as if it did not exist."""
    report = _with_acts(_reach(agent).filter(conversation__public_id=public_id)).first()
    return None if report is None else _ending(report, agent, forgetting.rules(), now)


def oldest_request(agent: Agent) -> tuple[int, datetime | None]:
    """How many people wait for this supervisor's answer to their request for erasure, and since when the first does."""
    waiting = ErasureRequest.objects.filter(answered_at__isnull=True, report__in=_reach(agent))
    told = waiting.aggregate(count=Count("pk"), oldest=Min("asked_at"))
    return told["count"], told["oldest"]


# --- forgetting -------------------------------------------------------------------------------------------------------


def plan(now: datetime) -> list[Item]:
    """Each report on its way, the first to go first. (A code de reprise carries its own end, and is in no plan.)"""
    rules = forgetting.rules()
    items = []
    for report in _with_acts(Report.objects.filter(_may_end(rules, now, told=True))).order_by("pk").iterator(BATCH):
        decision = _decide(report, rules, now)
        if decision.is_on_its_way:
            kind, rule = kind_of(report), _rule_applied(report, decision, rules)
            items.append(
                Item(kind, 1, decision.state, decision.cause, decision.due_at, rule, subject=str(report.public_id))
            )
    return sorted(items, key=lambda item: item.due_at)


@dataclass(frozen=True, slots=True)
class Gone:
    """What is still known of a report when it has gone, until `_tell`."""

    public_id: UUID
    kind: Kind
    rule: Rule
    cause: Cause


def _gone(report: Any, decision: Decision, rules: dict[str, Rule]) -> Gone:
    return Gone(report.public_id, kind_of(report), _rule_applied(report, decision, rules), decision.cause)


def forget(now: datetime) -> None:
    """Delete what is due, a batch a transaction: what was done stays done when it is stopped.

    A report that something else holds (a table that nobody named in `_delete`) keeps none of the others: the batch is
    done again one by one, and what cannot go is an error in the log at each run.

    What went is told at the end, in a transaction of its own (`_tell`): PostgreSQL keeps in each row which transaction
    wrote it, and that of a deletion also wrote in what outlives the report, beside its public id.
    """
    after, size = 0, BATCH
    told: list[Gone] = []
    _remember_granted(now)
    try:
        while True:
            try:
                last, gone = _forget_some(now, after, size)
                told += gone
            except IntegrityError:
                last = after if size > 1 else _pass_over(now, after)
                size = 1
            if last is None:
                break
            after = last
    finally:
        _tell(told, now)
    with transaction.atomic():
        register.record_removal(resume_codes=resume.forget_expired_codes(now=now), on_calls=on_call.forget(now))


def _pass_over(now: datetime, after: int) -> int | None:
    """The key of the next report, which cannot go; it is named in the log."""
    due = Report.objects.filter(_may_end(forgetting.rules(), now, told=False), pk__gt=after)
    report = due.order_by("pk").first()
    if report is None:
        return None
    logger.error("retention: this report is held by something and cannot go %s", report.public_id)
    return report.pk


def _remember_granted(now: datetime) -> None:
    """The digests of the erasures that are due, before any goes: were this run killed, a backup would not bring one
    back. What does not go after all goes later."""
    rules = forgetting.rules()
    granted = _with_acts(Report.objects.filter(erasure__is_granted=True)).iterator(BATCH)
    decided = ((report, _decide(report, rules, now)) for report in granted)
    due = [report.public_id for report, one in decided if one.is_due and one.cause is Cause.ERASURE]
    erased.remember(_shuffled(due), on=timezone.localdate(now))


def _tell(gone: Iterable[Gone], now: datetime) -> None:
    """A tombstone for each of these, and the digests of what was asked for: apart from their deletion, in no order."""
    gone = _shuffled(gone)
    with transaction.atomic():
        forgetting.leave(((one.kind, one.rule, one.cause) for one in gone), now=now)
        asked = [one.public_id for one in gone if one.cause is Cause.ERASURE]
        erased.remember(asked, on=timezone.localdate(now))


def _shuffled[T](things: Iterable[T]) -> list[T]:
    things = list(things)
    secrets.SystemRandom().shuffle(things)
    return things


@transaction.atomic
def _forget_some(now: datetime, after: int, size: int) -> tuple[int | None, list[Gone]]:
    """One batch of the reports beyond this key; the last key looked at, or None when there are no more; what went.

    Whoever is locked is alive: a message, a freeze or an act is being written. They are passed over, and nobody waits.
    What was committed before the lock is read after it.
    """
    if not forgetting.take_turn():
        return None, []
    rules = forgetting.rules()
    keys = _lock_reports(rules, now, after, size)
    if not keys:
        return None, []
    conversations = _lock_conversations(keys)
    gone: list[tuple[Any, Decision]] = []
    for report in _with_acts(Report.objects.filter(pk__in=keys)):
        conversation = _part(report, "conversation")
        if conversation is not None and conversation.pk not in conversations:
            continue
        decision = _decide(report, rules, now)
        if decision.is_due:
            gone.append((report, decision))
    _delete(gone)
    return keys[-1], [_gone(report, decision, rules) for report, decision in gone]


def _lock_reports(rules: dict[str, Rule], now: datetime, after: int, size: int) -> list[int]:
    due = Report.objects.filter(_may_end(rules, now, told=False), pk__gt=after).order_by("pk")
    return [report.pk for report in due.select_for_update(of=("self",), skip_locked=True)[:size]]


def _lock_conversations(report_ids: Sequence[int]) -> set[int]:
    rows = Conversation.objects.filter(report__in=report_ids).order_by("pk")
    return {row.pk for row in rows.select_for_update(of=("self",), skip_locked=True)}


def _delete(gone: Iterable[tuple[Any, Decision]]) -> None:
    """These go, whole, with a line of the register for each cause. They are locked; `_tell` follows."""
    gone = list(gone)
    if not gone:
        return
    keys = [report.pk for report, _decision in gone]
    openings.forget_grounds(keys)
    Freeze.objects.filter(report__in=keys).delete()  # over, all of them: a running one is never due
    Report.objects.filter(pk__in=keys).delete()
    for report, _decision in gone:
        conversation: Conversation | None = _part(report, "conversation")
        if conversation is not None and conversation.status == Status.ACTIVE and conversation.assigned_to_id:
            doorbell.agent_changed(conversation.assigned_to_id)
    logger.info("retention: %s reports deleted", len(keys))
    causes = Counter(decision.cause for _report, decision in gone)
    register.record_removal(reports=causes[Cause.TERM])
    register.record_removal(Motive.ERASURE, reports=causes[Cause.ERASURE])


def forget_again(digests: Collection[str], *, now: datetime) -> tuple[int, int]:
    """After a restore: delete what these digests of `reports.erased` name. How many went, how many stay, frozen."""
    gone, frozen = _forget_again(digests, now)
    _tell(gone, now)
    return len(gone), frozen


@transaction.atomic
def _forget_again(digests: Collection[str], now: datetime) -> tuple[list[Gone], int]:
    known = set(digests)
    keys = [
        pk for pk, public_id in Report.objects.values_list("pk", "public_id") if erased.digest_of(public_id) in known
    ]
    locked = [row.pk for row in Report.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))]
    rules = forgetting.rules()
    found = list(_with_acts(Report.objects.filter(pk__in=locked)))
    frozen = [
        report
        for report in found
        if ((freeze := _part(report, "freeze")) and freeze.is_running(now)) or report.opening_at is not None
    ]
    held = {report.pk for report in frozen}
    gone = [
        (report, replace(_decide(report, rules, now), state=State.DUE, cause=Cause.ERASURE))
        for report in found
        if report.pk not in held
    ]
    _delete(gone)
    return [_gone(report, decision, rules) for report, decision in gone], len(frozen)
