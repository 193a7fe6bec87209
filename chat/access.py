"""These are the only functions through which a conversation is obtained: by its reporter, its agent or a supervisor.

Each returns the object, or None as if it did not exist. No view and no consumer looks a conversation up by itself.
The reporter and the agent are parties, so their access leaves no line in the audit log. Access by anybody else calls
`reports.audit.log.record`: a supervisor who joins does (`chat.supervision.intervention.join`), and reads nothing before
that. A colleague to whom a conversation is offered gets the offer only, until they accept it.
(`chat.retention.schedule.Ending` is no conversation, but the dates and the status by which a supervisor decides how
long it is kept.)
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, LiteralString
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.lookups import Exact

from chat.models import (
    Agent,
    Conversation,
    ConversationEvent,
    ConversationQuerySet,
    EventKind,
    FollowUp,
    OnCall,
    Proposal,
    RemovalRequest,
    Transmission,
    Unit,
    UnitAccount,
)
from chat.models.notes import Aside, AsidePart, AsideQuerySet
from chat.models.replies import OwnReply
from chat.models.transfer import Direction, Handover, HandoverQuerySet, Watch, WatchQuerySet
from chat.rules.lifecycle import HEAVY, Status
from chat.rules.referral import RECEIVED
from chat.rules.transfer import HandoverState
from chat.rules.workload import WEEKS, Interval
from common import clock
from common.sql import array_text, build_objects, columns_of, fetch_rows
from reports.form_of_address import VOICE_FIELDS
from reports.models import ErasureRequest, Report
from reports.session import GENERATION
from reports.session import KEY as REPORT_KEY

SESSION_KEY = "reports.suites"  # the prefix makes it one of the keys that a visit forgets together with its report


# Events with which a conversation leaves the agent who had it.
HANDS_CHANGE = (
    EventKind.ASSIGNED,
    EventKind.RELEASED,
    EventKind.ASLEEP,
    EventKind.TRANSFERRED,
    EventKind.CLOSED,
)


def as_reporter(session: Mapping[str, Any]) -> Conversation | None:
    """Return the conversation of this visit, with its report, agent and unit; None if it has none. One statement.

    It is found by the session alone: nothing from an address or a form is looked up.
    """
    report = session.get(REPORT_KEY)
    if report is None:
        return None
    # The statement compares the generation: a resume code that was used elsewhere ends what this visit may see.
    rows = fetch_rows(_visit_statement(), [report, session.get(GENERATION, 0)])
    if not rows:
        return None
    conversation, report, agent, unit = build_objects([Conversation, Report, Agent, Unit], rows[0])
    if agent is not None:
        agent.unit = unit
    conversation.report, conversation.assigned_to = report, agent
    return conversation


@cache
def _standing_statement() -> LiteralString:
    """Return the SQL of `read_visit`, with the columns of the report that tell how to speak to the person."""
    columns = ", ".join([f'r."{field.column}"' for field in Report._meta.concrete_fields if field.name in VOICE_FIELDS])
    return f"""
    SELECT COALESCE(c.status, ''), {columns}
    FROM reports_report r LEFT JOIN chat_conversation c ON c.report_id = r.id
    WHERE r.public_id = %s AND r.visit_generation = %s
    """  # noqa: S608  the names of our own columns


@dataclass(frozen=True, slots=True)
class Visit:
    """It is the state of a visit that filed a report.

    is_left_behind: the report is no longer this visit's, because a resume code was used elsewhere, or it was deleted.
    has_open_exchange: it has a conversation that is not closed, or one will be opened when its page is asked for.
    waits: it has a place in the queue, or had one and gets it back when its page is asked for.
    report: with the fields that tell how to speak to the person at least (`VOICE_FIELDS`); None if it has none.
    """

    is_left_behind: bool = False
    has_open_exchange: bool = False
    waits: bool = False
    report: Report | None = field(default=None, compare=False)


def read_visit(session: Mapping[str, Any]) -> Visit:
    """Return the state of this visit. One statement; none for a visit that filed nothing."""
    report = session.get(REPORT_KEY)
    if report is None:
        return Visit()
    rows = fetch_rows(_standing_statement(), [report, session.get(GENERATION, 0)])
    if not rows:
        return Visit(is_left_behind=True)
    status, *voice = rows[0]
    return _standing(status, Report.from_db(DEFAULT_DB_ALIAS, VOICE_FIELDS, voice))


def read_exchange(session: Mapping[str, Any]) -> tuple[Visit, Conversation | None]:
    """Return the state of this visit and its conversation. One statement; two for a report without a conversation."""
    conversation = as_reporter(session)
    if conversation is None:
        return read_visit(session), None
    return _standing(conversation.status, conversation.report), conversation


def _standing(status: str, report: Report) -> Visit:
    """Return the state of a visit with this report whose conversation has this status; "": it has none yet."""
    return Visit(
        has_open_exchange=status != Status.CLOSED,
        waits=status in {Status.WAITING, Status.ABANDONED},
        report=report,
    )


@cache
def _visit_statement() -> LiteralString:
    """Return the SQL of `as_reporter`, which every page of the exchange runs. Each object begins with its key."""
    parts = (Conversation, "c"), (Report, "r"), (Agent, "a"), (Unit, "u")
    return f"""
    SELECT {", ".join([columns_of(model, alias) for model, alias in parts])}
    FROM reports_report r JOIN chat_conversation c ON c.report_id = r.id
    LEFT JOIN chat_agent a ON a.id = c.assigned_to_id LEFT JOIN chat_unit u ON u.id = a.unit_id
    WHERE r.public_id = %s AND r.visit_generation = %s
    """  # noqa: S608  the names of our own columns


def erasure_of(conversation: Conversation) -> ErasureRequest | None:
    """Return the reporter's request for erasure, with its report; None when they made none."""
    return ErasureRequest.objects.select_related("report").filter(report=conversation.report_id).first()


def erasure_by_digest(digest: bytes) -> ErasureRequest | None:
    """Return the request for erasure whose code has this slow hash, with its report. Whoever typed the code may read
    the answer."""
    return ErasureRequest.objects.select_related("report").filter(code_digest=digest.hex()).first()


REPORTERS = """
SELECT r.public_id::text, r.visit_generation, c.id, c.public_id, c.last_seq
FROM reports_report r JOIN chat_conversation c ON c.report_id = r.id WHERE r.public_id = ANY(%s::uuid[])
"""


def reporters(visits: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, UUID, int]]:
    """Find the conversations of many visits, each (report, generation): key, public id and last number. One query.

    A visit whose generation has ended is simply not in the result, because the result has the present generations.
    """
    rows = fetch_rows(REPORTERS, [array_text({report for report, _generation in visits})])
    return {(report, generation): (pk, public_id, seq) for report, generation, pk, public_id, seq in rows}


def may_answer(user: Any) -> bool:
    """Return whether this account may answer people: active, an agent's or a supervisor's, without a temporary
    password."""
    return user.is_authenticated and user.is_active and user.is_agent and not user.password_is_temporary


def able_to_answer(agent_ids: Collection[int]) -> set[int]:
    """Return those of these agents who may answer people (`may_answer`). One query."""
    agents = Agent.objects.filter(pk__in=agent_ids).select_related("user")
    return {agent.pk for agent in agents if may_answer(agent.user)}


def as_agent(user: Any) -> Agent | None:
    """Return the agent of a signed-in account that may answer people; None for any other account."""
    if user is None or not user.is_authenticated or not may_answer(user):
        return None
    return Agent.objects.select_related("unit", "user").filter(user=user).first()


def agents_of(user_ids: Collection[int]) -> dict[int, int]:
    """Return the agents of these accounts, account → agent, whether they may answer people or not. One query."""
    return dict(
        fetch_rows("SELECT user_id, id FROM chat_agent WHERE user_id = ANY(%s::bigint[])", [array_text(user_ids)])
    )


def assigned_to(agent: Agent) -> ConversationQuerySet:
    """Return the conversations that this agent answers now."""
    return Conversation.objects.active().filter(assigned_to=agent)


def ended_by(agent: Agent, since: datetime) -> ConversationQuerySet:
    """Return the conversations that this agent had when they were closed, at `since` or later."""
    return Conversation.objects.filter(assigned_to=agent, status=Status.CLOSED, closed_at__gte=since)


def units_of(agent: Agent) -> frozenset[int]:
    """Return the units whose agents this supervisor sees by name, and whose conversations they may step into.

    These are their own unit, and those that an administrator added. Empty for anybody who is no supervisor.
    """
    if not agent.user.is_supervisor:
        return frozenset()
    return frozenset({agent.unit_id, *agent.supervised_units.values_list("pk", flat=True)})


def reach_of(agent: Agent, now: datetime) -> dict[int, int | None]:
    """Return the units into whose conversations this supervisor may step now.

    These are the units of `units_of`, with the value None, and those for which they are on call, with the key of that
    duty as the value. Empty for anybody who is no supervisor.
    """
    own = units_of(agent)
    if not own:
        return {}
    duties: Any = OnCall.objects  # (managers escape the types)
    on_call = duties.running(now).filter(supervisor=agent).order_by("-pk")
    return {**dict(on_call.values_list("unit", "pk")), **dict.fromkeys(own)}


def spells_of(agent: Agent, now: datetime) -> list[Interval]:
    """Return the times at which this agent had conversations in the last WEEKS weeks. Only that agent sees them.

    They come from the history: a conversation that the agent passed on or lost was theirs until then.
    """
    given = ConversationEvent.objects.filter(kind=EventKind.ASSIGNED, by=agent.user_id)
    after = ConversationEvent.objects.filter(conversation=OuterRef("conversation"), pk__gt=OuterRef("pk"))
    ended = after.filter(kind__in=HANDS_CHANGE).order_by("pk").values("at")[:1]
    rows = given.filter(at__gte=now - timedelta(weeks=WEEKS + 1)).annotate(until=Subquery(ended))
    return [
        Interval(start, end or now, weight >= HEAVY)
        for start, end, weight in rows.values_list("at", "until", "conversation__weight")
    ]


def answered_by(agent: Agent) -> ConversationQuerySet:
    """Return the conversations that this agent answers, or answered until they ended."""
    return Conversation.objects.filter(assigned_to=agent)


def in_hands_of(user: Any) -> ConversationQuerySet:
    """Return the conversations whose disclosure this account may ask for and hold. Nothing that was said is read.

    These are what it answers, or answered until it ended. When nobody has a conversation, because its agent was lost
    or the person left the queue, the last agent it had may, because they have read what the person wrote. Whoever
    passed it on because they know somebody concerned is not that agent (docs/adr/0038). None for an account that is
    closed.
    """
    if not (user.is_active and user.is_agent):
        return Conversation.objects.none()
    given = ConversationEvent.objects.filter(conversation=OuterRef("pk"), kind=EventKind.ASSIGNED)
    was_last = Exact(Subquery(given.order_by("-pk").values("by")[:1]), user.pk)
    recusals = Handover.objects.recusals().filter(conversation=OuterRef("pk"), from_agent__user=user)
    left = Q(was_last, ~Exists(recusals), assigned_to__isnull=True)
    return Conversation.objects.filter(Q(assigned_to__user=user) | left)


def for_opening(agent: Agent, public_id: UUID) -> Conversation | None:
    """Return one of `in_hands_of`, with its report, to ask for a disclosure; or None."""
    return in_hands_of(agent.user).select_related("report").filter(public_id=public_id).first()


def asker_of(conversation: Conversation) -> Agent | None:
    """Return the agent whose conversation it is (`in_hands_of`), with their unit; None when it is nobody's.

    A supervisor who may know of the conversation is told whom to call. Two queries.
    """
    given = ConversationEvent.objects.filter(conversation=conversation, kind=EventKind.ASSIGNED)
    last = Q(user=given.order_by("-pk").values("by")[:1])
    whose = last if conversation.assigned_to_id is None else Q(pk=conversation.assigned_to_id)
    agent = Agent.objects.select_related("user", "unit").filter(whose).first()
    return agent if agent is not None and in_hands_of(agent.user).filter(pk=conversation.pk).exists() else None


def with_file_number(rows: ConversationQuerySet, number: str) -> ConversationQuerySet:
    """Find, among conversations to which access is proven, those whose appointment or summary has this number."""
    appointed = Proposal.objects.filter(file_number=number).values("conversation")
    transmitted = Transmission.objects.filter(file_number=number).values("conversation")
    return rows.filter(Q(pk__in=appointed) | Q(pk__in=transmitted))


def as_assigned_agent(agent: Agent, public_id: UUID) -> Conversation | None:
    """Return a conversation that this agent answers, or answered until it ended; None for any other."""
    return (
        Conversation.objects.select_related("report__municipality", "report__reception_point", "assigned_to__unit")
        .filter(public_id=public_id, assigned_to=agent)
        .first()
    )


def left_by(agent: Agent, public_id: UUID) -> str | None:
    """Return the kind of the event by which a conversation left this agent, from its history.

    It is an `EventKind`, or a kind of a later version. None for a conversation that they never had, or still have. It
    does not say where the conversation is now.
    """
    rows = ConversationEvent.objects.filter(conversation__public_id=public_id)
    theirs = rows.filter(kind=EventKind.ASSIGNED, by=agent.user_id).order_by("pk").values_list("pk", flat=True).last()
    if theirs is None:
        return None
    after = rows.filter(pk__gt=theirs, kind__in=HANDS_CHANGE).order_by("pk")
    return after.values_list("kind", flat=True).first()


def taken_after(agent: Agent, public_id: UUID) -> Agent | None:
    """Return who was given a conversation next after it had left this agent, with their unit; None while nobody was.

    For a conversation that the agent had (`left_by`). It does not say where the conversation is now.
    """
    given = ConversationEvent.objects.filter(conversation__public_id=public_id, kind=EventKind.ASSIGNED).order_by("pk")
    theirs = given.filter(by=agent.user_id).values_list("pk", flat=True).last()
    if theirs is None:
        return None
    user_id = given.filter(pk__gt=theirs).values_list("by", flat=True).first()
    return Agent.objects.filter(user=user_id).select_related("unit").first() if user_id else None


def lost_by(agent: Agent, keys: Collection[int]) -> QuerySet[Conversation]:
    """Return those of these conversations that were given to this agent, with their place and their present agent.

    For what they lost (`chat.conversations.losses`), which is shown without any text of the conversation.
    """
    rows = Conversation.objects.filter(pk__in=keys, events__kind=EventKind.ASSIGNED, events__by=agent.user_id)
    return rows.select_related("report__municipality", "assigned_to__unit").distinct()


def assigned_head(agent_id: int, public_id: UUID) -> tuple[int, int] | None:
    """Return (key, last number) of a conversation that this agent answers, or answered until it ended; else None."""
    rows = Conversation.objects.filter(public_id=public_id, assigned_to=agent_id)
    return rows.values_list("pk", "last_seq").first()


# --- beside the thread ------------------------------------------------------------------------------------------------


def asides_of(agent: Agent) -> AsideQuerySet:
    """Return the running talks between colleagues (apartés) in which this agent takes part, without conversations.

    Whoever passed the conversation on because they know somebody concerned takes part in none about it, also not in
    one of before, which runs again when it comes back to the colleague who asked (docs/adr/0038). One that nobody else
    reads any more is over for who asked, too.
    """
    recusals = Handover.objects.recusals().order_by()
    own = recusals.filter(conversation=OuterRef("conversation"), from_agent=agent)
    theirs = recusals.filter(conversation=OuterRef("aside__conversation"), from_agent=OuterRef("agent"))
    readers = AsidePart.objects.filter(~Exists(theirs), aside=OuterRef("pk")).exclude(agent=OuterRef("asked_by"))
    return Aside.objects.running().filter(Q(asked_by=agent) | ~Exists(own), Exists(readers), parts__agent=agent)


def as_party_to_aside(agent: Agent, public_id: UUID) -> Aside | None:
    """Return one of `asides_of`, or None."""
    return asides_of(agent).filter(public_id=public_id).first()


def own_reply(agent: Agent, public_id: UUID) -> OwnReply | None:
    """Return a reply that this agent made for themselves; None for anybody else's."""
    return OwnReply.objects.filter(public_id=public_id, agent=agent).first()


# --- what went to a unit ----------------------------------------------------------------------------------------------


def as_unit(user: Any) -> UnitAccount | None:
    """Return the unit account of a signed-in account, with its point d'accueil; None for any other account.

    None too while its password is temporary.
    """
    if user is None or not user.is_authenticated or not user.is_active or not user.is_unit:
        return None
    if user.password_is_temporary:
        return None
    return UnitAccount.objects.select_related("point").filter(user=user, point__isnull=False).first()


def received_by(account: UnitAccount) -> QuerySet[Transmission]:
    """Return the transmissions that were sent to this account's unit and not withdrawn."""
    return Transmission.objects.filter(point=account.point_id, point__isnull=False, state__in=RECEIVED)


def as_receiving_unit(account: UnitAccount, public_id: UUID) -> Transmission | None:
    """Return one of `received_by`, with its conversation, report and point d'accueil; or None."""
    rows = received_by(account).select_related("conversation__report", "point")
    return rows.filter(public_id=public_id).first()


def transmitted_by(agent: Agent) -> QuerySet[Transmission]:
    """Return the transmissions of the conversations that this agent answers, or answered until they ended."""
    return Transmission.objects.filter(conversation__assigned_to=agent)


def follow_up_by_digest(digest: bytes, now: datetime) -> FollowUp | None:
    """Return the code of « Suites » with this slow hash, if it is valid; or None.

    One without an end was given for something to follow, and opens « Suites » as long as the conversation is kept, also
    once that is gone. One with an end, the resume code that it was, opens it only while there is something to follow.
    """
    rows = FollowUp.objects.select_related("conversation__report").filter(code_digest=digest.hex())
    return rows.filter(Q(_has_something_to_follow("conversation"), until__gt=now) | Q(until__isnull=True)).first()


def _has_something_to_follow(conversation: str) -> Q:
    """Return the condition that « Suites » has something to show for a conversation.

    That is a transmission, a request for removal, or the way to the person's copy. conversation: the name of the
    foreign key.
    """
    key = OuterRef(conversation)
    return (
        Q(Exists(Transmission.objects.filter(conversation=key)))
        | Q(Exists(RemovalRequest.objects.filter(conversation=key)))
        | Q(**{f"{conversation}__copy_by_code": True})
    )


def as_follower(session: Mapping[str, Any]) -> Conversation | None:
    """Return the conversation whose « Suites » this visit may read, because its code was typed in this visit; or None.

    It gives no right to anything else of the conversation.
    """
    known = session.get(SESSION_KEY)
    if known is None:
        return None
    pk, issued_at = known
    rows = FollowUp.objects.select_related("conversation__report", "conversation__assigned_to__unit")
    row = rows.filter(pk=pk, issued_at=datetime.fromisoformat(issued_at)).first()
    return None if row is None else row.conversation


def for_own_copy(session: Mapping[str, Any]) -> Conversation | None:
    """Return the conversation of which this visit may take a copy, or None.

    It is the visit's own; or one whose code was typed in this visit, if the person chose that a code opens the copy
    too.
    """
    own = as_reporter(session)
    if own is not None:
        return own
    followed = as_follower(session)
    return followed if followed is not None and followed.copy_by_code else None


# --- passing on -------------------------------------------------------------------------------------------------------


def summary_for(conversation: Conversation, now: datetime) -> Handover | None:
    """Return the handover whose summary the reporter is asked to read now, or None.

    The caller has obtained the conversation by `as_reporter`.
    """
    rows = Handover.objects.live(now).filter(conversation=conversation, state=HandoverState.READING)
    return (
        rows.select_related("from_agent__unit", "to_agent__unit", "to_unit").prefetch_related("texts__handover").first()
    )


def offers_to(agent: Agent, now: datetime) -> HandoverQuerySet:
    """Return the open offers of colleagues to this agent, their unit or their force, without any message."""
    theirs = Q(to_agent=agent) | Q(to_unit=agent.unit_id) | Q(to_force=agent.unit.force)
    rows = Handover.objects.live(now).filter(theirs, state=HandoverState.OFFERED).exclude(from_agent=agent)
    # It is not offered to an agent who has just passed it on through the queue (`Direction`), or who passed it on
    # because they know somebody concerned.
    rows = rows.exclude(conversation__direction__in=Direction.objects.avoiding(agent.pk, now))
    rows = rows.exclude(conversation__in=Handover.objects.recusals().filter(from_agent=agent).values("conversation"))
    return rows.select_related("from_agent__unit", "to_unit", "conversation__report__municipality")


def as_offered(agent: Agent, public_id: UUID, now: datetime) -> Handover | None:
    """Return the open offer of this conversation, if it is made to this agent; or None."""
    return offers_to(agent, now).filter(conversation__public_id=public_id).first()


# --- supervisors ------------------------------------------------------------------------------------------------------


def supervised_by(agent: Agent) -> ConversationQuerySet:
    """Return the conversations under way in the units of a supervisor (`reach_of`), except their own.

    They are for lists of who answers whom since when; no text is read through them.
    """
    rows = Conversation.objects.active().filter(assigned_to__unit__in=reach_of(agent, clock.now()))
    return rows.exclude(assigned_to=agent)


def as_supervisor(agent: Agent, public_id: UUID) -> Conversation | None:
    """Return a conversation under way that this supervisor may step into; or None.

    Only a supervisor who has joined may read its text (`has_joined`), and nobody may join who is recused
    (`is_recused`).
    """
    rows = supervised_by(agent).select_related("report__municipality", "assigned_to__unit", "assigned_to__user")
    return rows.filter(public_id=public_id).first()


def is_recused(agent: Agent, conversation: Conversation) -> bool:
    """Return whether this agent passed the conversation on because they know somebody concerned.

    They read nothing of it any more, nor decide who does, also as a supervisor (docs/adr/0038).
    """
    return Handover.objects.recusals().filter(conversation=conversation, from_agent=agent).exists()


def joined_before(agent: Agent, public_id: UUID) -> Conversation | None:
    """Return a conversation that this supervisor once joined, only to say that they no longer follow it; or None."""
    rows = Conversation.objects.filter(public_id=public_id, watches__supervisor=agent).select_related("assigned_to")
    return rows.distinct().first()


def watches(now: datetime) -> WatchQuerySet:
    """Return the supervisors who read a conversation now: they joined, did not leave, and still supervise its unit.

    Nor did they answer it since and pass it on because they know somebody concerned (`is_recused`).

    To supervise a unit means that it is theirs, or added by an administrator, or that they are on call for it. The
    history decides, in the order in which it was written: if the conversation has been outside their units since they
    joined, they read it no more, even if it came back.
    """
    joined = ConversationEvent.objects.filter(
        conversation=OuterRef(OuterRef("conversation")),
        kind=EventKind.JOINED,
        by=OuterRef(OuterRef("supervisor__user")),
        at=OuterRef(OuterRef("joined_at")),
    )
    since = ConversationEvent.objects.filter(
        conversation=OuterRef("conversation"), pk__gt=Subquery(joined.order_by("pk").values("pk")[:1])
    )
    added = Agent.supervised_units.through.objects.filter(agent=OuterRef(OuterRef(OuterRef("supervisor"))))
    duties: Any = OnCall.objects
    standby = duties.running(now).filter(supervisor=OuterRef(OuterRef(OuterRef("supervisor"))))
    unit = Q(unit=OuterRef(OuterRef("supervisor__unit"))) | Q(unit__in=added.values("unit"))
    unit |= Q(unit__in=standby.values("unit"))
    theirs = Exists(Agent.objects.filter(unit, user=OuterRef("by")))
    back = Q(kind__in=(EventKind.RELEASED, EventKind.ASLEEP, EventKind.TRANSFERRED))
    elsewhere = back | (Q(kind=EventKind.ASSIGNED) & ~theirs)
    recusals = Handover.objects.recusals()
    recused = recusals.filter(conversation=OuterRef("conversation"), from_agent=OuterRef("supervisor"))
    return Watch.objects.running(now).exclude(Exists(since.filter(elsewhere)) | Exists(recused))


def has_joined(agent: Agent, conversation: Conversation, now: datetime) -> bool:
    """Return whether this supervisor has joined the conversation and may read it now (`watches`)."""
    return watches(now).filter(conversation=conversation, supervisor=agent).exists()
