"""The dispatcher gives waiting people to agents. The queue is a query; nothing is stored beside the rows.

Row locks ensure that no two agents get the same person, and that no agent gets more than their capacity. A pass locks
the agents first, then the conversations, each in the order of their keys, and reads its conditions again after that.
`SKIP LOCKED` is not used: posting locks the same row, so that it would pass over whoever is typing most. The locks are
`FOR NO KEY UPDATE`, because an agent's message refers to the agent's row and must not wait for such a lock.

Passes take turns (`_take_turn`). That keeps the order of the queue, and keeps many callers from doing the same work.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, islice
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import (
    BigIntegerField,
    Case,
    Exists,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, NullIf
from django.db.models.lookups import Exact
from django.utils import translation

from chat import pubsub
from chat.conversations import web_heartbeat
from chat.messages.writing import Line, say_lines
from chat.models import Agent, Conversation, ConversationEvent, ConversationQuerySet, DangerMark, EventKind, Message
from chat.models.agent import places_filled
from chat.models.casework import Emergency
from chat.models.transfer import Direction, Handover
from chat.rules.assignment import (
    AT_ONCE,
    IN_TURN,
    ROUNDS,
    AgentOnDuty,
    TurnKey,
    Waiting,
    estimate_wait,
    share_of,
    share_out,
    spare_of,
    turn_key,
    with_share,
)
from chat.rules.lifecycle import LIGHT, NO_SIGN, Author, Availability, Status  # fmt: skip
from chat.texts import thread as thread_texts
from common import clock, metrics, tracing
from common.service_settings import definitions, values
from common.texts.catalogue import Sentence
from locations.models import Force
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# The first columns of a row of the queue: the values that `turn_key` compares.
TURN_COLUMNS = ("urgency", "queued_at", "pk")
# The events of a person whom somebody gave to an agent, and not the queue. Each has the time of that assignment.
BY_SOMEBODY = (EventKind.HANDED_OVER, EventKind.REASSIGNED, EventKind.GIVEN)
# Most agents whose lease is over, and most people who have left, in one pass over them.
AGENTS_AT_ONCE, PEOPLE_AT_ONCE = 100, 500
# Keys of PostgreSQL's advisory locks: one for the pass under way, one for the single caller who waits for the next one.
PASS, SEAT = 0x504E4156_01, 0x504E4156_02
# Names of the steps of a pass in a trace: waiting for its turn, finding agents with room, choosing pairs, assigning.
TURN, ROOM, SHARE, HAND_OVER = map(tracing.known_kind, ("turn", "room", "share", "hand_over"))
# A pass that stands still for this long (a frozen process) is cut off, and whoever waits for a pass waits no longer.
PATIENCE = "3s"


@dataclass(frozen=True)
class Board:
    """It is the queue at one moment.

    order: the public ids of the people who wait, the next one first. slots: places of all agents on duty; free: those
    of them that are free. average_minutes: length of a conversation by the setting of the service. kept_away: the
    slots and free places, by the public id of a person who waits, that the queue does not give to that person now:
    those of agents who passed them on because they know somebody concerned, or who gave them back of late, and the
    spare places that silent look-alikes beyond the share leave.
    """

    order: tuple[UUID, ...]
    slots: int
    free: int
    average_minutes: int
    kept_away: Mapping[UUID, tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def _places(self) -> dict[UUID, int]:
        return {conversation: place for place, conversation in enumerate(self.order, start=1)}

    def position(self, conversation: UUID) -> int | None:
        """Return the position in the queue: 1 for the next person, None for a conversation that does not wait."""
        return self._places.get(conversation)

    def wait_minutes(self, position: int | None, conversation: UUID | None = None) -> tuple[int, int] | None:
        """Return the range of the wait at this position, in minutes (from, to).

        conversation: whose it is; agents who must not get it have no places for it. None without a position, or when
        nothing can be said of the wait (`estimate_wait`).
        """
        if position is None:
            return None
        slots, free = self.kept_away.get(conversation, (0, 0)) if conversation is not None else (0, 0)
        return estimate_wait(
            position=position,
            slots=self.slots - slots,
            free=self.free - free,
            average_minutes=self.average_minutes,
        )

    def place(self, conversation: UUID) -> tuple[int | None, tuple[int, int] | None]:
        """Return the position of a conversation and the range of its wait, as `position` and `wait_minutes` do."""
        position = self.position(conversation)
        return position, self.wait_minutes(position, conversation)


def in_line(
    people: QuerySet[Conversation, Any],
    now: datetime,
    *,
    key: Callable[[Any], Any],
    at_most: int | None = None,
    with_silent: bool = True,
) -> Iterator[Any]:
    """Return these waiting people in the order of the queue, as the query gives them: rows or conversations.

    key: returns the turn key of one of them. at_most: how many are wanted; None for all of them, which are then read in
    pieces and only as far as needed. with_silent: whether those of a group of look-alikes who have said nothing are
    among those beyond the share. Two queries, and two more when somebody comes from a crowded network, or three without
    the silent ones.
    """
    ordered = people.order_by(*IN_TURN)
    crowded, free = ordered.filter(is_crowded=True), ordered.filter(is_crowded=False)
    if at_most is not None:
        some: Iterator[Any] = iter(crowded[:at_most])
        others: Iterator[Any] = iter(free[:at_most])
    else:
        some, others = crowded.iterator(chunk_size=10 * AT_ONCE), free.iterator(chunk_size=10 * AT_ONCE)
    one = next(some, None)
    if one is None:
        return others
    room = crowd_room(now)
    if not with_silent:
        some = _without_silent(crowded, chain([one], some), room=room, key=key, at_most=at_most)
        return islice(with_share(others, some, room=room, key=key), at_most)
    return islice(with_share(others, chain([one], some), room=room, key=key), at_most)


def _without_silent(
    crowded: QuerySet[Conversation, Any],
    some: Iterator[Any],
    *,
    room: int,
    key: Callable[[Any], Any],
    at_most: int | None,
) -> Iterator[Any]:
    """Yield the first `room` of the crowded people (`some`), then those of the others who are in no group of
    look-alikes. What a raid adds to the queue is not read: one query, beside that of the first ones.
    """
    first = list(islice(some, room))
    yield from first
    last = key(first[-1]) if first else None
    rest = crowded.filter(lookalike_group__isnull=True)
    rows = rest.iterator(chunk_size=10 * AT_ONCE) if at_most is None else iter(rest[: at_most + len(first)])
    yield from (one for one in rows if last is None or key(one) > last)


def turn_key_of_row(row: tuple[Any, ...]) -> TurnKey:
    """Return the turn key of a row that begins with TURN_COLUMNS."""
    return turn_key(urgency=row[0], queued_at=row[1], key=row[2])


def crowd_room(now: datetime) -> int:
    """Return how many more people of crowded networks may have their ordinary place (docs/adr/0053). Two queries."""
    slots = Agent.objects.on_duty(now).aggregate(slots=Sum("capacity", default=0))["slots"]
    return max(0, share_of(slots) - Conversation.objects.taking_the_share(now).count())


def read_board(now: datetime | None = None) -> Board:
    """Read the queue as it stands, in three queries; one more when somebody comes from a crowded network."""
    now = now or clock.now()
    people = list(Conversation.objects.waiting().here(now).values_list("public_id", "is_crowded", "lookalike_group"))
    on_duty = Agent.objects.on_duty(now).with_load().values_list("pk", "capacity", "load")
    places = {agent: (capacity, max(capacity - load, 0)) for agent, capacity, load in on_duty}
    slots, free = _sum_places(places.values())
    order = tuple(public_id for public_id, _is_crowded, _group in people)
    spare: dict[UUID, int] = {}
    if any(is_crowded for _public_id, is_crowded, _group in people):
        share = max(0, share_of(slots) - Conversation.objects.taking_the_share(now).count())
        # They are in the order of turns already; those beyond the share are put last.
        last = {public_id: group for public_id, is_crowded, group in people if is_crowded}
        last = dict(islice(last.items(), share, None))
        order = (*(public_id for public_id in order if public_id not in last), *last)
        spare = {public_id: min(free, spare_of(slots)) for public_id, group in last.items() if group is not None}
    kept_away: dict[UUID, set[int]] = defaultdict(set)
    for public_id, agent in _kept_away(now):
        kept_away[public_id].add(agent)
    return Board(
        order=order,
        slots=slots,
        free=free,
        average_minutes=values.get(definitions.AVERAGE_LENGTH),
        kept_away={
            public_id: _kept_places(places, kept_away[public_id], spare.get(public_id, 0))
            for public_id in (*kept_away, *(one for one in spare if one not in kept_away))
        },
    )


def _kept_away(now: datetime) -> QuerySet[Any, Any]:
    """Return pairs of a person who waits, by their public id, and an agent to whom the queue does not give them now.

    They are the agents in `Waiting.avoided` (`_people`). One statement, of one row for each passage of somebody who
    waits.
    """
    recusals = Handover.objects.recusals().filter(conversation__status=Status.WAITING).order_by()
    directed = Direction.objects.filter(until__gt=now, conversation__status=Status.WAITING)
    before = directed.annotate(one=Func(F("avoided_before"), function="unnest", output_field=BigIntegerField()))
    pairs = recusals.values_list("conversation__public_id", "from_agent").union(
        directed.values_list("conversation__public_id", "avoided"),
        before.values_list("conversation__public_id", "one"),
        all=True,
    )
    return pairs.order_by()


def _kept_places(places: Mapping[int, tuple[int, int]], agents: Iterable[int], spare: int) -> tuple[int, int]:
    """Return the slots and the free places that the queue keeps from somebody: of these agents, and `spare` free ones.

    No more are kept than are free.
    """
    slots, free = _sum_places(places[agent] for agent in agents if agent in places)
    return slots, min(free + spare, sum(one_free for _slots, one_free in places.values()))


def _sum_places(places: Iterable[tuple[int, int]]) -> tuple[int, int]:
    slots, free = 0, 0
    for one_slots, one_free in places:
        slots, free = slots + one_slots, free + one_free
    return slots, free


# --- assigning --------------------------------------------------------------------------------------------------------


def dispatch(now: datetime | None = None) -> int:
    """Assign waiting conversations to agents with free places, and return how many this call assigned.

    The most urgent person comes first, then the one who has waited longest, with those of crowded networks within their
    share (`in_line`). An agent of the force of the person's zone is preferred. The other force takes over after a delay
    that is a setting of the service, or at once when the person is urgent or nobody of that force is on duty
    (`assignment.share_out`; docs/adr/0009).
    Call it after the commit of every change of capacity, and on each tick of the worker. However many call at once, one
    pass runs and one waits for its turn. The others return at once, because the one that waits will see what they
    committed. Raises the errors of django.db.
    """
    began_at = time.perf_counter()
    if not Conversation.objects.waiting().here(now or clock.now()).exists():
        return 0
    overflow_after = values.get_duration(definitions.OVERFLOW)  # before the locks, because this may need a query
    asleep = values.get_duration(definitions.ASLEEP)
    if not _take_turn():
        return 0
    given = 0
    for _round in range(ROUNDS):
        some = _give_some(now or clock.now(), overflow_after, asleep)
        if some is None:
            break
        given += some
    if given:
        metrics.DISPATCHES.observe(time.perf_counter() - began_at)
    return given


def _take_turn() -> bool:
    """Wait until the pass under way ends; return False when another caller waits for that already.

    Both locks end with this one statement. So whoever finds the waiting caller's lock (SEAT) taken knows that its
    holder has not begun to read, and will read what is committed by now. If the holder dies first, the next tick of the
    worker makes up for it. Returns False too when the pass under way takes longer than PATIENCE.
    """
    try:
        with _step(TURN), transaction.atomic(), connection.cursor() as cursor:
            _limit(cursor, "lock_timeout")
            cursor.execute(
                "SELECT CASE WHEN pg_try_advisory_xact_lock(%s) THEN pg_advisory_xact_lock(%s)::text END IS NOT NULL",
                [SEAT, PASS],
            )
            (is_ours,) = cursor.fetchone()
            return bool(is_ours)
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        logger.warning("dispatch: the pass before takes long; left to the next tick")
        return False


def _limit(cursor: CursorWrapper, setting: str) -> None:
    """Set this time limit to PATIENCE for the transaction, unless it is part of a larger one."""
    if not connection.savepoint_ids:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, PATIENCE])


def lock_pass() -> None:
    """Wait until no other pass is under way, and keep all others out until the end of this transaction."""
    with connection.cursor() as cursor:
        _limit(cursor, "idle_in_transaction_session_timeout")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)::text", [PASS])


@transaction.atomic
def _give_some(now: datetime, overflow_after: timedelta, asleep: timedelta) -> int | None:
    """Assign at most AT_ONCE conversations; None when there are none to assign. Locks the pass, agents, conversations.

    Returns 0 when an agent who had room has left meanwhile, so that another round may find others.
    """
    lock_pass()
    queue = Conversation.objects.waiting().here(now, asleep).without_departed()
    with _step(ROOM):
        places = _places(now)
        beyond_spare = places.free - spare_of(places.slots)
        next_ones = in_line(
            queue.values_list(*TURN_COLUMNS, "weight"),
            now,
            key=turn_key_of_row,
            at_most=AT_ONCE,
            with_silent=beyond_spare > 0,
        )
        keys = _with_room(places.with_room, now, [weight for *_turn, weight in next_ones])
        if not keys:
            return None
        agents = {agent.pk: (agent, load) for agent, load in _lock_agents(keys, now)}
    on_duty = [
        AgentOnDuty(agent.pk, agent.force, load, agent.capacity, agent.last_assigned_at, agent.unit_id)
        for agent, load in agents.values()
    ]
    with _step(SHARE):
        pairs = share_out(
            _people(queue, now, with_silent=beyond_spare > 0),
            on_duty,
            now=now,
            overflow_after=overflow_after,
            forces_on_duty=_forces_on_duty(now, {agent.force for agent in on_duty}),
            at_most=AT_ONCE,
            beyond_spare=beyond_spare,
        )
    if not pairs:
        # When fewer agents were locked than chosen, one has left meanwhile, and others may have room.
        return None if len(agents) == len(keys) else 0
    with _step(HAND_OVER, len(pairs)):
        return _hand_over([(conversation_id, agents[agent_id][0]) for conversation_id, agent_id in pairs], now)


@contextmanager
def _step(kind: str, items: int | None = None) -> Iterator[None]:
    """Record one step of a pass in the trace. items: how many people it concerns."""
    with tracing.begin_span(tracing.STEP) as span:
        span.set(tracing.KIND, kind)
        if items is not None:
            span.set(tracing.ITEMS, items)
        yield


@dataclass(frozen=True, slots=True)
class _Places:
    """These are the places of the agents on duty. slots: all of them; free: those that are free.

    with_room: key, force, unit and free places of each agent who has one, the next one first.
    """

    slots: int
    free: int
    with_room: list[tuple[int, str, int, int]]


def _places(now: datetime) -> _Places:
    """Read the places of all agents on duty, in one statement of one row for each of them."""
    in_turn = (
        Agent.objects.on_duty(now)
        .with_load()
        .order_by(
            Cast("load", FloatField()) / NullIf(Cast("capacity", FloatField()), Value(0.0)),
            F("last_assigned_at").asc(nulls_first=True),
            "pk",
        )
    )
    slots, with_room = 0, []
    for agent, force, unit, capacity, load in in_turn.values_list("pk", "unit__force", "unit", "capacity", "load"):
        slots += capacity
        if load < capacity:
            with_room.append((agent, force, unit, capacity - load))
    return _Places(slots, sum(room for *_agent, room in with_room), with_room)


def _with_room(agents: Sequence[tuple[int, str, int, int]], now: datetime, weights: Sequence[int]) -> list[int]:
    """Return the keys of the agents among whom the next people are shared out, so that only these need to be locked.

    agents: those with room, as in `_Places`. weights: places that each of the next people fills.
    No agent outside the result can have a turn before all of these.
    Of each force it takes as many of the least loaded agents as there are people. If somebody fills more than one
    place, it also takes as many of those with so many free places, because they come before less loaded agents who
    lack the room. For people who were passed on it takes as many of the unit they go to, and one more for each agent
    who must not get them.
    """
    directed = Direction.objects.filter(until__gt=now, conversation__status=Status.WAITING)
    directions = list(directed.values_list("unit", "avoided", "avoided_before"))
    units = sorted({unit for unit, _avoided, _before in directions if unit is not None})
    avoided = {agent for _unit, last, before in directions for agent in (last, *before)}
    recusals = Handover.objects.recusals().filter(conversation__status=Status.WAITING)
    avoided.update(recusals.order_by().values_list("from_agent", flat=True))
    wanted = len(weights) + len(avoided)
    heaviest = max(weights, default=LIGHT)
    lists: dict[Any, list[int]] = {key: [] for key in (*Force.values, *units)}
    roomy: dict[Any, list[int]] = {key: [] for key in lists}
    for agent, force, unit, room in agents:
        for key in (force, unit):
            if key in lists:
                lists[key].append(agent)
                if room >= heaviest:
                    roomy[key].append(agent)
    keys: set[int] = set()
    for key in lists:
        keys.update(lists[key][:wanted])
        if heaviest > LIGHT:
            keys.update(roomy[key][:wanted])
    return sorted(keys)


def _lock_agents(keys: Sequence[int], now: datetime) -> list[tuple[Agent, int]]:
    """Lock those of these agents who are on duty, and return them, each with their load.

    Under this lock a load can only become less, except when people come back to a dormant exchange, whose number is
    bounded (`chat.conversations.dormancy`).
    """
    agents = list(
        Agent.objects.on_duty(now)
        .filter(pk__in=keys)
        .select_related("unit", "user")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    active = Conversation.objects.active().filter(assigned_to__in=agents)
    loads = dict(active.values_list("assigned_to").annotate(load=Sum(places_filled())))
    return [(agent, loads.get(agent.pk, 0)) for agent in agents]


def _people(queue: ConversationQuerySet, now: datetime, *, with_silent: bool) -> Iterator[Waiting]:
    """Yield the people of this queue in its order, in the statements of `in_line`.

    Somebody of a group of look-alikes who comes beyond the share of the crowded leaves spare places
    (`assignment.spare_of`). With such a group it makes two statements more.

    An open emergency procedure holds nobody to a unit or a force, as urgency does. An agent opens it, so no raid can.
    It changes nobody's place.
    """
    direction = [f"direction__{name}" for name in ("unit", "avoided", "avoided_before", "at", "until")]
    recusals = Handover.objects.recusals().filter(conversation=OuterRef("pk")).order_by()
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    of_group = ("is_crowded", "lookalike_group")
    more = ("force", "weight", ArraySubquery(recusals.values("from_agent")), Exists(emergency))
    rows = queue.values_list(*TURN_COLUMNS, *of_group, *more, *direction)
    share: int | None = None
    crowded = 0
    for row in in_line(rows, now, key=turn_key_of_row, with_silent=with_silent):
        urgency, queued_at, pk, is_crowded, group = row[: len(TURN_COLUMNS) + len(of_group)]
        force, weight, recused, has_emergency, unit, last, before, at, until = row[len(TURN_COLUMNS) + len(of_group) :]
        leaves_spare = False
        crowded += is_crowded
        if is_crowded and group is not None:
            share = crowd_room(now) if share is None else share
            leaves_spare = crowded > share
        is_urgent = has_emergency or urgency > Urgency.NORMAL
        if until is not None and until > now:
            avoided = frozenset((*recused, last, *before))
            yield Waiting(pk, force, is_urgent, at, weight, unit or 0, avoided, leaves_spare=leaves_spare)
        else:
            yield Waiting(
                pk, force, is_urgent, queued_at, weight, avoided=frozenset(recused), leaves_spare=leaves_spare
            )


def _forces_on_duty(now: datetime, known: set[str]) -> set[str]:
    unknown = [force for force in Force.values if force not in known]
    return known | {force for force in unknown if Agent.objects.on_duty(now).filter(unit__force=force).exists()}


def _lock_waiting(keys: Sequence[int]) -> dict[int, Conversation]:
    """Lock those of these conversations that still wait, and return them by key."""
    conversations = Conversation.objects.filter(status=Status.WAITING, pk__in=keys).select_related("report")
    return {row.pk: row for row in conversations.order_by("pk").select_for_update(of=("self",), no_key=True)}


def _hand_over(pairs: Sequence[tuple[int, Agent]], now: datetime, *, detail: str = "") -> int:
    """Assign these conversations to these agents, who are locked, and return how many of them still waited.

    detail: that of the event (`ConversationEvent.detail`).
    """
    waiting = _lock_waiting([pk for pk, _agent in pairs])
    given = [(waiting[pk], agent) for pk, agent in pairs if pk in waiting]
    if not given:
        return 0
    Conversation.objects.filter(pk__in=waiting).update(
        status=Status.ACTIVE,
        assigned_to=Case(
            *(When(pk=conversation.pk, then=Value(agent.pk)) for conversation, agent in given),
            output_field=BigIntegerField(),
        ),
        assigned_at=now,
        agent_read_seq=_still_read(given),
        dormant_since=None,
    )
    Agent.objects.filter(pk__in={agent.pk for _conversation, agent in given}).update(last_assigned_at=now)
    say_lines([Line(one[0], thread_texts.ARRIVED, {"name": _said_name(*one)}) for one in given], now=now)
    for conversation, _agent in given:
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        pubsub.state_changed(conversation.public_id)
        logger.info("conversation assigned %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(
        conversation.new_event(EventKind.ASSIGNED, at=now, by=agent.user, detail=detail)
        for conversation, agent in given
    )
    for agent_id in {agent.pk for _conversation, agent in given}:
        pubsub.agent_changed(agent_id)
    return len(given)


def _still_read(given: Sequence[tuple[Conversation, Agent]]) -> Case:
    """Return the expression for what the agent to whom each conversation is given has read of it already.

    Whoever gets the same person back, after a lost lease or a page that slept, has read what they had read before, as
    long as nobody had the person since. Anybody else has read nothing yet. Costs one look at the events of each of
    these conversations, and none for those of which nobody has read anything.
    """
    assigned = ConversationEvent.objects.filter(conversation=OuterRef("pk"), kind=EventKind.ASSIGNED)
    receivers = (When(pk=conversation.pk, then=Value(agent.user_id)) for conversation, agent in given)
    was_theirs = Exact(
        Subquery(assigned.order_by("-pk").values("by")[:1]), Case(*receivers, output_field=BigIntegerField())
    )
    read = When(was_theirs, then=F("agent_read_seq"))
    return Case(When(agent_read_seq=0, then=0), read, default=0, output_field=BigIntegerField())


def _said_name(conversation: Conversation, agent: Agent) -> str:
    """Return the name of who answers, as the person reads it.

    Somebody else may see the screen of a discreet visit, so there it does not name the force.
    """
    if conversation.report.discreet:
        return agent.public_name
    with translation.override(conversation.report.language):
        return agent.interlocutor


@transaction.atomic
def claim_conversation(*, conversation_id: int, agent_id: int, now: datetime) -> bool:
    """Assign this waiting conversation to this agent. Locks the agent, then the conversation.

    Returns False when the agent is not on duty or has no free place, or when the conversation no longer waits.
    """
    for agent, load in _lock_agents([agent_id], now):
        if load < agent.capacity:
            return _hand_over([(conversation_id, agent)], now) == 1
    return False


def hand_to(*, conversation_id: int, agent: Agent, now: datetime, detail: str = "") -> bool:
    """Assign this waiting conversation to this agent, full or not, in the caller's transaction.

    detail: that of the event. The caller holds the agent's lock. Locks the conversation. Returns False when it no
    longer waits.
    """
    return _hand_over([(conversation_id, agent)], now, detail=detail) == 1


# --- taking back ------------------------------------------------------------------------------------------------------


def release_stale(now: datetime | None = None) -> int:
    """Put the conversations of agents whose lease is over back in the queue, at their old place; return how many.

    These agents become absent. When they come back they are not available at once: they say so themselves, once they
    know what they lost. At most AGENTS_AT_ONCE agents with conversations are handled in one pass.
    """
    now = now or clock.now()
    gone = Agent.objects.gone(now)
    busy = gone.filter(Exists(Conversation.objects.active().filter(assigned_to=OuterRef("pk"))))
    keys = list(busy.order_by("pk").values_list("pk", flat=True)[:AGENTS_AT_ONCE])
    released = sum(_release(agent_id, now) for agent_id in keys)
    with transaction.atomic():
        # Locked in the order of their keys: agents who come back at this moment are locked in it too.
        rest = gone.exclude(availability=Availability.AWAY).order_by("pk").select_for_update(no_key=True)
        if keys := list(rest.values_list("pk", flat=True)):
            Agent.objects.filter(pk__in=keys).update(availability=Availability.AWAY, pause_reason="", pause_until=None)
            pubsub.queue_changed()
    return released


def release_long_gone(*, agent_id: int, now: datetime | None = None) -> int:
    """Do what `release_stale` does for one agent, without waiting for the worker; return how many were released.

    It is for a person who comes back while their agent is gone. It does something only when the agent's lease has been
    over for as long again, and when web processes were there to see the agent: after an interruption of the service,
    every lease is over for a moment (docs/adr/0014, 0074).
    """
    now = now or clock.now()
    if web_heartbeat.was_web_away(now):
        return 0
    if not Agent.objects.gone(now - timedelta(seconds=settings.LEASE_SECONDS)).filter(pk=agent_id).exists():
        return 0
    return _release(agent_id, now)


@transaction.atomic
def _release(agent_id: int, now: datetime) -> int:
    locked = Agent.objects.gone(now).filter(pk=agent_id).select_for_update(no_key=True).first()
    if locked is None:  # the agent came back meanwhile
        return 0
    locked.availability = Availability.AWAY
    locked.pause_reason = ""
    locked.pause_until = None
    locked.save(update_fields=["availability", "pause_reason", "pause_until"])
    conversations = list(
        Conversation.objects.active()
        .filter(assigned_to=locked)
        .select_related("report")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    _put_back(conversations, thread_texts.LOST_AGENT, now)
    pubsub.agent_changed(agent_id)
    return len(conversations)


def _put_back(conversations: Sequence[Conversation], told: Sentence, now: datetime, *, detail: str = "") -> None:
    """Put these conversations, which are locked, back in the queue at their old place. told: what their thread says."""
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in conversations]).update(
        status=Status.WAITING, assigned_to=None, assigned_at=None
    )
    say_lines([Line(conversation, told) for conversation in conversations], now=now)
    for conversation in conversations:
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        pubsub.state_changed(conversation.public_id)
        logger.warning("conversation released %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(
        conversation.new_event(EventKind.RELEASED, at=now, detail=detail) for conversation in conversations
    )


def _given_by_somebody() -> Exists:
    """Return the condition that a colleague or a supervisor gave a conversation to its agent, and not the queue."""
    events = ConversationEvent.objects.filter(conversation=OuterRef("pk"), at=OuterRef("assigned_at"))
    return Exists(events.filter(kind__in=BY_SOMEBODY))


def release_unopened(agent: Agent, *, since: datetime, now: datetime) -> int:
    """Put back in the queue whom the queue gave to this agent since then, unless somebody has written to them.

    They come to their old place; returns how many there were. since: when the agent, who is locked and no longer
    available, gave their last sign of life, so that nobody has looked at these conversations. Whom a colleague or a
    supervisor gave stays, and so does whom a supervisor who has joined has written to. Locks the conversations.
    """
    locked = list(
        Conversation.objects.active()
        .filter(~_given_by_somebody(), assigned_to=agent, assigned_at__gte=since)
        .select_related("report")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    # A statement of its own, after the locks: it sees what was written while this transaction waited for them.
    written = Message.objects.filter(
        conversation__in=locked, author=Author.AGENT, sent_at__gte=F("conversation__assigned_at")
    ).values_list("conversation", flat=True)
    spoken = set(written)
    unopened = [conversation for conversation in locked if conversation.pk not in spoken]
    _put_back(unopened, thread_texts.IDLE_AGENT, now, detail=NO_SIGN)
    return len(unopened)


def _slept_through(now: datetime) -> ConversationQuerySet:
    """Return active conversations whose person's turn came while their page slept, and who did not wake.

    « Did not wake » means not seen since they were assigned, for longer than `definitions.WOKEN`. Conversations with an
    open emergency are left out, because their agent decides, and so are those that a colleague or a supervisor gave:
    whoever has them knows of the page that sleeps, and keeps them.
    """
    given = Q(assigned_at__lt=now - values.get_duration(definitions.WOKEN), reporter_seen_at__lt=F("assigned_at"))
    absent = Q(reporter_is_hidden=True, reporter_seen_at__lt=now - timedelta(seconds=settings.ABSENT_SECONDS))
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    return Conversation.objects.active().filter(given & absent).exclude(Exists(emergency) | _given_by_somebody())


@transaction.atomic
def release_asleep(now: datetime | None = None) -> int:
    """Put people whose turn came while their page slept, and who did not wake, back in the queue; return how many.

    They keep their old place. So no agent waits longer than `definitions.WOKEN` for a telephone that does not come
    back. These people are passed over until they are seen again, and their place then brings them first. At most
    PEOPLE_AT_ONCE in one pass. It locks their conversations only, because it makes an agent's load only less.
    """
    now = now or clock.now()
    rows = _slept_through(now).select_related("report").order_by("pk")
    # The condition is checked again under the lock: whoever woke meanwhile stays with their agent.
    asleep = list(rows.select_for_update(of=("self",), no_key=True)[:PEOPLE_AT_ONCE])
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in asleep]).update(
        status=Status.WAITING, assigned_to=None, assigned_at=None, reporter_is_hidden=False
    )
    say_lines([Line(conversation, thread_texts.SLEPT) for conversation in asleep], now=now)
    for conversation in asleep:
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        pubsub.state_changed(conversation.public_id)
        logger.info("conversation of a page that sleeps released %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.ASLEEP, at=now) for conversation in asleep)
    for agent_id in {conversation.assigned_to_id for conversation in asleep if conversation.assigned_to_id}:
        pubsub.agent_changed(agent_id)
    return len(asleep)


@transaction.atomic
def abandon_absent(now: datetime | None = None) -> int:
    """Take people who have not been seen for `definitions.ABANDONED` out of the queue, and return how many.

    Nobody is taken out before `definitions.PLACE_KEPT`, whatever other settings say, because pages promise that time.
    A page that sleeps is not taken out before `definitions.ASLEEP`, nor a person with a resume code before
    `definitions.PLACE_WITH_CODE`. Whoever comes back later still gets the same place again
    (`resume.revive_conversation`). At most PEOPLE_AT_ONCE in one pass.
    """
    now = now or clock.now()
    after = max(values.get_duration(definitions.ABANDONED), values.get_duration(definitions.PLACE_KEPT))
    asleep = max(after, values.get_duration(definitions.ASLEEP))
    with_code = max(after, values.get_duration(definitions.PLACE_WITH_CODE))
    is_kept = Q(reporter_is_hidden=True, reporter_seen_at__gte=now - asleep)
    is_kept |= Q(resume_until__gt=now, reporter_seen_at__gte=now - with_code)
    gone = list(
        Conversation.objects.filter(status=Status.WAITING, reporter_seen_at__lt=now - after)
        .exclude(is_kept)
        .order_by("pk")
        # Whoever is writing has a locked row, and is skipped.
        .select_for_update(no_key=True, skip_locked=True)[:PEOPLE_AT_ONCE]
    )
    if gone:
        written = (conversation for conversation in gone if conversation.characters)
        DangerMark.objects.leave({conversation.pk: now for conversation in written})
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in gone]).update(status=Status.ABANDONED)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.ABANDONED, at=now) for conversation in gone)
    for conversation in gone:
        pubsub.state_changed(conversation.public_id)
    return len(gone)
