"""The only ways to obtain a conversation: as its reporter, as the agent it is assigned to, or as a supervisor.

Each returns the object, or None as if it did not exist. No view and no consumer looks a conversation up by itself.
The first two are parties, and leave no line in the register. A way for anybody else calls `reports.audit.log.record`:
a supervisor who joins does (`chat.supervision.intervention.join`), and reads nothing before. A colleague who was
offered a conversation has the offer alone, until they accept it.
(`chat.retention.schedule.Ending` is no conversation: dates and status, by which a supervisor decides what is kept.)
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, LiteralString
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

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
from chat.models.notes import Aside, AsideQuerySet
from chat.models.replies import OwnReply
from chat.models.transfer import Direction, Handover, HandoverQuerySet, Watch, WatchQuerySet
from chat.rules.lifecycle import HEAVY, Status
from chat.rules.referral import RECEIVED
from chat.rules.transfer import HandoverState
from chat.rules.workload import WEEKS, Interval
from common import clock
from common.sql import array_text, build_objects, columns_of, fetch_rows
from reports.models import ErasureRequest, Report
from reports.session import GENERATION
from reports.session import KEY as REPORT_KEY

SESSION_KEY = "reports.suites"  # of what a visit forgets with its report


# With each of these a conversation leaves the agent who had it.
HANDS_CHANGE = (
    EventKind.ASSIGNED,
    EventKind.RELEASED,
    EventKind.ASLEEP,
    EventKind.TRANSFERRED,
    EventKind.CLOSED,
)


def as_reporter(session: Mapping[str, Any]) -> Conversation | None:
    """The conversation of this visit. The session is the only key: no number from outside is looked up."""
    report = session.get(REPORT_KEY)
    if report is None:
        return None
    # A code de reprise used elsewhere since then ends what this visit may see.
    rows = fetch_rows(_visit_statement(), [report, session.get(GENERATION, 0)])
    if not rows:
        return None
    conversation, report, agent, unit = build_objects([Conversation, Report, Agent, Unit], rows[0])
    if agent is not None:
        agent.unit = unit
    conversation.report, conversation.assigned_to = report, agent
    return conversation


VISIT = """
SELECT COALESCE(c.status, '') FROM reports_report r LEFT JOIN chat_conversation c ON c.report_id = r.id
WHERE r.public_id = %s AND r.visit_generation = %s
"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a visit that filed a report stands.

    is_left_behind: its report is no longer its own, for a code de reprise was used elsewhere, or it was removed.
    has_open_exchange: an exchange waits for it, goes on, or is opened when its page is asked for.
    """

    is_left_behind: bool = False
    has_open_exchange: bool = False


def read_visit(session: Mapping[str, Any]) -> Visit:
    """Where this visit stands, in one statement; none for a visit that filed nothing."""
    report = session.get(REPORT_KEY)
    if report is None:
        return Visit()
    rows = fetch_rows(VISIT, [report, session.get(GENERATION, 0)])
    return Visit(is_left_behind=not rows, has_open_exchange=bool(rows) and rows[0][0] != Status.CLOSED)


@cache
def _visit_statement() -> LiteralString:
    """Every page of the exchange asks for this; the first column is the key of each object."""
    parts = (Conversation, "c"), (Report, "r"), (Agent, "a"), (Unit, "u")
    return f"""
    SELECT {", ".join([columns_of(model, alias) for model, alias in parts])}
    FROM reports_report r JOIN chat_conversation c ON c.report_id = r.id
    LEFT JOIN chat_agent a ON a.id = c.assigned_to_id LEFT JOIN chat_unit u ON u.id = a.unit_id
    WHERE r.public_id = %s AND r.visit_generation = %s
    """  # noqa: S608  the names of our own columns


def erasure_of(conversation: Conversation) -> ErasureRequest | None:
    """Return the reporter's request for erasure, with its report; None when they asked nothing."""
    return ErasureRequest.objects.select_related("report").filter(report=conversation.report_id).first()


def erasure_by_digest(digest: bytes) -> ErasureRequest | None:
    """The request for erasure whose words have this slow hash: whoever typed them may read its answer."""
    return ErasureRequest.objects.filter(code_digest=digest.hex()).first()


REPORTERS = """
SELECT r.public_id::text, r.visit_generation, c.id, c.public_id, c.last_seq
FROM reports_report r JOIN chat_conversation c ON c.report_id = r.id WHERE r.public_id = ANY(%s::uuid[])
"""


def reporters(visits: Collection[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, UUID, int]]:
    """Find the conversations of many visits, (report, generation) each: key, public id and last number."""
    rows = fetch_rows(REPORTERS, [array_text({report for report, _generation in visits})])
    return {(report, generation): (pk, public_id, seq) for report, generation, pk, public_id, seq in rows}


def may_answer(user: Any) -> bool:
    """Whether this account may answer people: open, an agent's or a supervisor's, with its own password."""
    return user.is_authenticated and user.is_active and user.is_agent and not user.password_is_temporary


def able_to_answer(agent_ids: Collection[int]) -> set[int]:
    """Choose of these agents those who may answer people: `may_answer`, for many."""
    agents = Agent.objects.filter(pk__in=agent_ids).select_related("user")
    return {agent.pk for agent in agents if may_answer(agent.user)}


def as_agent(user: Any) -> Agent | None:
    """The agent behind a signed-in account, or None: an administrator or a custodian is none."""
    if user is None or not user.is_authenticated or not may_answer(user):
        return None
    return Agent.objects.select_related("unit", "user").filter(user=user).first()


def agents_of(user_ids: Collection[int]) -> dict[int, int]:
    """The agents behind these accounts, whatever they may do now: account to agent."""
    return dict(
        fetch_rows("SELECT user_id, id FROM chat_agent WHERE user_id = ANY(%s::bigint[])", [array_text(user_ids)])
    )


def assigned_to(agent: Agent) -> ConversationQuerySet:
    """The conversations that this agent answers now."""
    return Conversation.objects.active().filter(assigned_to=agent)


def ended_by(agent: Agent, since: datetime) -> ConversationQuerySet:
    """The conversations that this agent answered to their end, closed after `since`."""
    return Conversation.objects.filter(assigned_to=agent, status=Status.CLOSED, closed_at__gte=since)


def units_of(agent: Agent) -> frozenset[int]:
    """The units whose agents this supervisor sees by name, and whose conversations they may step into.

    Their own, and those that an administrator added. None for whoever is no supervisor.
    """
    if not agent.user.is_supervisor:
        return frozenset()
    return frozenset({agent.unit_id, *agent.supervised_units.values_list("pk", flat=True)})


def reach_of(agent: Agent, now: datetime) -> dict[int, int | None]:
    """The units in whose conversations this supervisor may step in now: their own, and those that they are on call for.

    The value is the key of the on-call duty, None for their own. Empty for whoever is no supervisor.
    """
    own = units_of(agent)
    if not own:
        return {}
    duties: Any = OnCall.objects  # (managers escape the types)
    on_call = duties.running(now).filter(supervisor=agent).order_by("-pk")
    return {**dict(on_call.values_list("unit", "pk")), **dict.fromkeys(own)}


def spells_of(agent: Agent, now: datetime) -> list[Interval]:
    """When this agent answered, of the last weeks, for that agent alone: times, and whether it was grave.

    By the history: what they passed on, or lost, was theirs until then.
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
    """The conversations that this agent answers, or answered to their end: nobody else's."""
    return Conversation.objects.filter(assigned_to=agent)


def with_file_number(rows: ConversationQuerySet, number: str) -> ConversationQuerySet:
    """Find, among conversations that were obtained before, the one whose appointment or summary has this number."""
    appointed = Proposal.objects.filter(file_number=number).values("conversation")
    transmitted = Transmission.objects.filter(file_number=number).values("conversation")
    return rows.filter(Q(pk__in=appointed) | Q(pk__in=transmitted))


def as_assigned_agent(agent: Agent, public_id: UUID) -> Conversation | None:
    """A conversation that this agent answers, or answered to its end."""
    return (
        Conversation.objects.select_related("report__municipality", "report__reception_point", "assigned_to__unit")
        .filter(public_id=public_id, assigned_to=agent)
        .first()
    )


def left_by(agent: Agent, public_id: UUID) -> str | None:
    """How a conversation that this agent answered has left them, by its history: of `EventKind`, or of a later version.

    None for one that they never had. Nothing is said of where it is by now.
    """
    rows = ConversationEvent.objects.filter(conversation__public_id=public_id)
    theirs = rows.filter(kind=EventKind.ASSIGNED, by=agent.user_id).order_by("pk").values_list("pk", flat=True).last()
    if theirs is None:
        return None
    after = rows.filter(pk__gt=theirs, kind__in=HANDS_CHANGE).order_by("pk")
    return after.values_list("kind", flat=True).first()


def lost_by(agent: Agent, keys: Collection[int]) -> QuerySet[Conversation]:
    """Of these, which this agent was given and lost (`chat.conversations.losses`): where they are, and who has them. No
    text."""
    rows = Conversation.objects.filter(pk__in=keys, events__kind=EventKind.ASSIGNED, events__by=agent.user_id)
    return rows.select_related("report__municipality", "assigned_to__unit").distinct()


def assigned_head(agent_id: int, public_id: UUID) -> tuple[int, int] | None:
    """Key and last number of a conversation that this agent answers, or answered to its end."""
    rows = Conversation.objects.filter(public_id=public_id, assigned_to=agent_id)
    return rows.values_list("pk", "last_seq").first()


# --- beside the thread ------------------------------------------------------------------------------------------------


def asides_of(agent: Agent) -> AsideQuerySet:
    """The apartés that go on and in which this agent takes part: what was said there, and no conversation."""
    return Aside.objects.running().filter(parts__agent=agent)


def as_party_to_aside(agent: Agent, public_id: UUID) -> Aside | None:
    """One of them."""
    return asides_of(agent).filter(public_id=public_id).first()


def own_reply(agent: Agent, public_id: UUID) -> OwnReply | None:
    """A reply that this agent made for themselves; nobody else has it."""
    return OwnReply.objects.filter(public_id=public_id, agent=agent).first()


# --- what went to a unit ----------------------------------------------------------------------------------------------


def as_unit(user: Any) -> UnitAccount | None:
    """The account of a unit behind a signed-in one, with its point d'accueil; None for everybody else."""
    if user is None or not user.is_authenticated or not user.is_active or not user.is_unit:
        return None
    if user.password_is_temporary:
        return None
    return UnitAccount.objects.select_related("point").filter(user=user, point__isnull=False).first()


def received_by(account: UnitAccount) -> QuerySet[Transmission]:
    """Return the summaries that were sent to this account's own unit and not withdrawn."""
    return Transmission.objects.filter(point=account.point_id, point__isnull=False, state__in=RECEIVED)


def as_receiving_unit(account: UnitAccount, public_id: UUID) -> Transmission | None:
    """One of them."""
    rows = received_by(account).select_related("conversation__report", "point")
    return rows.filter(public_id=public_id).first()


def transmitted_by(agent: Agent) -> QuerySet[Transmission]:
    """Choose the transmissions of the conversations that this agent answers, or answered to their end."""
    return Transmission.objects.filter(conversation__assigned_to=agent)


def follow_up_by_digest(digest: bytes, now: datetime) -> FollowUp | None:
    """The code of suites that has this slow hash, while it works and there is something to follow."""
    rows = FollowUp.objects.select_related("conversation__report").filter(code_digest=digest.hex())
    rows = rows.filter(Q(until__isnull=True) | Q(until__gt=now))
    return rows.filter(_has_something_to_follow("conversation")).first()


def _has_something_to_follow(conversation: str) -> Q:
    """Selects by what « Suites » shows: a transmission, a request for removal, or the way to the person's copy.
    conversation: the name of the key."""
    key = OuterRef(conversation)
    return (
        Q(Exists(Transmission.objects.filter(conversation=key)))
        | Q(Exists(RemovalRequest.objects.filter(conversation=key)))
        | Q(**{f"{conversation}__copy_by_code": True})
    )


def as_follower(session: Mapping[str, Any]) -> Conversation | None:
    """The conversation whose suites this visit may read, and nothing else of it: its code was typed in this visit."""
    known = session.get(SESSION_KEY)
    if known is None:
        return None
    pk, issued_at = known
    rows = FollowUp.objects.select_related("conversation__report", "conversation__assigned_to__unit")
    row = rows.filter(pk=pk, issued_at=datetime.fromisoformat(issued_at)).first()
    return None if row is None else row.conversation


def for_own_copy(session: Mapping[str, Any]) -> Conversation | None:
    """The conversation of which this visit may take a copy: its own; or one whose code was typed in it, when the person
    chose that a code opens the copy too."""
    own = as_reporter(session)
    if own is not None:
        return own
    followed = as_follower(session)
    return followed if followed is not None and followed.copy_by_code else None


# --- passing on -------------------------------------------------------------------------------------------------------


def summary_for(conversation: Conversation, now: datetime) -> Handover | None:
    """Return the summary that the reporter is asked to read now. `as_reporter` has proven access."""
    rows = Handover.objects.live(now).filter(conversation=conversation, state=HandoverState.READING)
    return (
        rows.select_related("from_agent__unit", "to_agent__unit", "to_unit").prefetch_related("texts__handover").first()
    )


def offers_to(agent: Agent, now: datetime) -> HandoverQuerySet:
    """Return the offers of colleagues to this agent, their unit or their force, without a word of any conversation."""
    theirs = Q(to_agent=agent) | Q(to_unit=agent.unit_id) | Q(to_force=agent.unit.force)
    rows = Handover.objects.live(now).filter(theirs, state=HandoverState.OFFERED).exclude(from_agent=agent)
    # Nor to whoever passed it on through the queue a moment ago (`Direction`): they had a reason.
    rows = rows.exclude(conversation__direction__in=Direction.objects.avoiding(agent.pk, now))
    return rows.select_related("from_agent__unit", "to_unit", "conversation__report__municipality")


def as_offered(agent: Agent, public_id: UUID, now: datetime) -> Handover | None:
    """The open offer of this conversation, when it is made to this agent."""
    return offers_to(agent, now).filter(conversation__public_id=public_id).first()


# --- supervisors ------------------------------------------------------------------------------------------------------


def supervised_by(agent: Agent) -> ConversationQuerySet:
    """The conversations under way in the units of a supervisor, on call or not, but their own: who and when, no text is
    asked for."""
    rows = Conversation.objects.active().filter(assigned_to__unit__in=reach_of(agent, clock.now()))
    return rows.exclude(assigned_to=agent)


def as_supervisor(agent: Agent, public_id: UUID) -> Conversation | None:
    """A conversation under way that this supervisor may step into. Its text is for who has joined: `has_joined`."""
    rows = supervised_by(agent).select_related("report__municipality", "assigned_to__unit", "assigned_to__user")
    return rows.filter(public_id=public_id).first()


def joined_before(agent: Agent, public_id: UUID) -> Conversation | None:
    """A conversation that this supervisor had joined, to say that they follow it no more: nothing of it is read."""
    rows = Conversation.objects.filter(public_id=public_id, watches__supervisor=agent).select_related("assigned_to")
    return rows.distinct().first()


def watches(now: datetime) -> WatchQuerySet:
    """Return the supervisors who read conversations now: they joined, did not leave, and kept their units, or are still
    on call for that one.

    By the history, in the order in which it was written: what left their units and came back, sooner than anybody
    looked, was somebody else's meanwhile.
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
    return Watch.objects.running(now).exclude(Exists(since.filter(elsewhere)))


def has_joined(agent: Agent, conversation: Conversation, now: datetime) -> bool:
    """Whether this supervisor reads the conversation now, with a line in the register and one in the thread."""
    return watches(now).filter(conversation=conversation, supervisor=agent).exists()
