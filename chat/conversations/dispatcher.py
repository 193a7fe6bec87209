"""Gives people who wait to agents who answer. The queue is a query: nothing is kept beside the rows.

What keeps two agents from one person, and an agent from more than they can hold, are the locks of the rows: the
agents first, then the conversations, each in the order of their keys, then the conditions are read again. `SKIP LOCKED`
would pass over the person who is typing most, because posting locks the same row. The locks are `FOR NO KEY UPDATE`:
an agent's message refers to the agent, and must not wait for them.

What keeps the order, and a crowd of callers from doing the same work, is that passes take turns (`_take_turn`).
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, islice
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import BigIntegerField, Case, Exists, F, FloatField, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Greatest
from django.utils import translation

from chat import pubsub
from chat.conversations import web_heartbeat
from chat.messages.writing import Line, say_line, say_lines
from chat.models import Agent, Conversation, ConversationEvent, ConversationQuerySet, EventKind
from chat.models.agent import places_filled
from chat.models.casework import Emergency
from chat.models.transfer import Direction
from chat.rules.assignment import (
    AT_ONCE,
    IN_TURN,
    ROUNDS,
    Room,
    TurnKey,
    Waiting,
    estimate_wait,
    share_of,
    share_out,
    turn_key,
    with_share,
)
from chat.rules.lifecycle import LIGHT, Availability, Status  # fmt: skip
from chat.texts import thread as thread_texts
from common import clock, metrics, tracing
from common.service_settings import definitions, values
from locations.models import Force
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# What a row of the queue begins with: the values that `turn_key` compares.
TURN_COLUMNS = ("urgency", "queued_at", "pk")
# Of one pass over agents whose lease is over, and over people who have left.
AGENTS_AT_ONCE, PEOPLE_AT_ONCE = 100, 500
# Keys of PostgreSQL's advisory locks: the pass under way, and the one seat for whoever comes next.
PASS, SEAT = 0x504E4156_01, 0x504E4156_02
# Steps of a pass, in a trace: waiting for its turn, who may take somebody, who gets whom, the handing over.
TURN, ROOM, SHARE, HAND_OVER = map(tracing.known_kind, ("turn", "room", "share", "hand_over"))
# A pass that stands still (a frozen process) is cut off; whoever waits for a pass does not wait longer.
PATIENCE = "3s"


@dataclass(frozen=True)
class Board:
    """The queue at one moment: `order` holds the public ids of who waits, next first; places there are, and free;
    how long a conversation is, by the house's rule."""

    order: tuple[UUID, ...]
    slots: int
    free: int
    average_minutes: int

    @cached_property
    def _places(self) -> dict[UUID, int]:
        return {conversation: place for place, conversation in enumerate(self.order, start=1)}

    def position(self, conversation: UUID) -> int | None:
        """Return the place of a person in the queue: 1 for the next one, None for somebody who does not wait."""
        return self._places.get(conversation)

    def wait_minutes(self, position: int | None) -> tuple[int, int] | None:
        """Return the range of the wait at this place, in minutes; None without a place or without a claim."""
        if position is None:
            return None
        return estimate_wait(
            position=position,
            slots=self.slots,
            free=self.free,
            average_minutes=self.average_minutes,
        )


def in_line(
    people: QuerySet[Conversation, Any], now: datetime, *, key: Callable[[Any], Any], at_most: int | None = None
) -> Iterator[Any]:
    """Return these people, who wait, in the order of the queue, as the query says them: rows or conversations.

    key: of one of them, the order of turns. at_most: how many are wanted; None: however many there are, read by pieces
    and no further than needed. Two queries, and two more when somebody is crowded.
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
    return islice(with_share(others, chain([one], some), room=crowd_room(now), key=key), at_most)


def _turn_key_of_row(row: tuple[Any, ...]) -> TurnKey:
    return turn_key(urgency=row[0], queued_at=row[1], key=row[2])


def crowd_room(now: datetime) -> int:
    """Return how many more people of crowded networks have their ordinary place now. Two queries."""
    slots = Agent.objects.on_duty(now).aggregate(slots=Sum("capacity", default=0))["slots"]
    return max(0, share_of(slots) - Conversation.objects.taking_the_share(now).count())


def read_board(now: datetime | None = None) -> Board:
    """Read the queue as it stands, in two queries; one more when somebody comes from a crowded network."""
    now = now or clock.now()
    people = list(Conversation.objects.waiting().here(now).values_list("public_id", "is_crowded"))
    room = (
        Agent.objects.on_duty(now)
        .with_load()
        .aggregate(
            slots=Sum("capacity", default=0),
            free=Sum(Greatest(F("capacity") - F("load"), 0), default=0),
        )
    )
    order = tuple(public_id for public_id, _is_crowded in people)
    if any(is_crowded for _public_id, is_crowded in people):
        share = max(0, share_of(room["slots"]) - Conversation.objects.taking_the_share(now).count())
        # In the order of turns already: those beyond the share are put last.
        last = [public_id for public_id, is_crowded in people if is_crowded][share:]
        beyond = set(last)
        order = (*(public_id for public_id in order if public_id not in beyond), *last)
    return Board(order=order, average_minutes=values.get(definitions.AVERAGE_LENGTH), **room)


# --- giving -----------------------------------------------------------------------------------------------------------


def dispatch(now: datetime | None = None) -> int:
    """Give waiting conversations to agents who have room, and return how many this call gave.

    The most urgent first, then the oldest, those of crowded networks within their share (`in_line`); the force of the
    person's zone is preferred, the other one takes over after the house's delay, or at once when it is urgent or nobody
    of that force is on duty (`assignment.share_out`).
    Call it after the commit of every change of capacity, and on a tick. However many call at once, one pass runs and
    one waits for its turn; the others return at once, for the one that waits will see what they committed.
    """
    began_at = time.perf_counter()
    if not Conversation.objects.waiting().here(now or clock.now()).exists():
        return 0
    overflow_after = values.get_duration(definitions.OVERFLOW)  # before the locks of the passes: it may have to be read
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
    """Wait until the pass under way ends; False when somebody waits for that already.

    One statement, and both locks end with it: whoever finds the seat taken knows that its holder has not begun to
    read, and will read what is committed by now. Should its holder die first, the next tick makes up for it.
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
    """PATIENCE for this transaction; none for a larger one that this is a part of."""
    if not connection.savepoint_ids:
        cursor.execute("SELECT set_config(%s, %s, true)", [setting, PATIENCE])


@transaction.atomic
def _give_some(now: datetime, overflow_after: timedelta, asleep: timedelta) -> int | None:
    """Give at most AT_ONCE conversations; None when there is nothing to give. Locks the pass, agents, conversations."""
    with connection.cursor() as cursor:
        _limit(cursor, "idle_in_transaction_session_timeout")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)::text", [PASS])
    queue = Conversation.objects.waiting().here(now, asleep)
    with _step(ROOM):
        next_ones = in_line(queue.values_list(*TURN_COLUMNS, "weight"), now, key=_turn_key_of_row, at_most=AT_ONCE)
        keys = _with_room(now, [weight for *_turn, weight in next_ones])
        if not keys:
            return None
        agents = {agent.pk: (agent, load) for agent, load in _lock_agents(keys, now)}
    rooms = [
        Room(agent.pk, agent.force, load, agent.capacity, agent.last_assigned_at, agent.unit_id)
        for agent, load in agents.values()
    ]
    with _step(SHARE):
        pairs = share_out(
            _people(queue, now),
            rooms,
            now=now,
            overflow_after=overflow_after,
            forces_on_duty=_forces_on_duty(now, {room.force for room in rooms}),
            at_most=AT_ONCE,
        )
    if not pairs:
        # Somebody who had room has left meanwhile: others may have some.
        return None if len(agents) == len(keys) else 0
    with _step(HAND_OVER, len(pairs)):
        return _hand_over([(conversation_id, agents[agent_id][0]) for conversation_id, agent_id in pairs], now)


@contextmanager
def _step(kind: str, items: int | None = None) -> Iterator[None]:
    """One step of a pass, as a trace tells it. items: how many people it is for."""
    with tracing.begin_span(tracing.STEP) as span:
        span.set(tracing.KIND, kind)
        if items is not None:
            span.set(tracing.ITEMS, items)
        yield


def _with_room(now: datetime, weights: Sequence[int]) -> list[int]:
    """Return the agents who come first for the next people, of these weights: no other can have a turn before one of
    them.

    For as many people, as many of the least loaded of each force; and if somebody fills more than one place, as many of
    those who have so many, for they come before the less loaded who have not. For those who were passed on: as many
    of the unit they go to, and one more for each agent who is not for them.
    """
    directed = Direction.objects.filter(until__gt=now, conversation__status=Status.WAITING)
    directions = list(directed.values_list("unit", "avoided", "avoided_before"))
    units = sorted({unit for unit, _avoided, _before in directions if unit is not None})
    wanted = len(weights) + len({agent for _unit, avoided, before in directions for agent in (avoided, *before)})
    heaviest = max(weights, default=LIGHT)
    with_room = Agent.objects.on_duty(now).with_load().filter(load__lt=F("capacity"))
    in_turn = with_room.order_by(
        Cast("load", FloatField()) / Cast("capacity", FloatField()), F("last_assigned_at").asc(nulls_first=True), "pk"
    )
    # One reading of the loads, which are the dear part of it, for all of these lists.
    lists: dict[Any, list[int]] = {key: [] for key in (*Force.values, *units)}
    roomy: dict[Any, list[int]] = {key: [] for key in lists}
    for agent, force, unit, room in in_turn.values_list("pk", "unit__force", "unit", F("capacity") - F("load")):
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
    """Return those of these agents who are on duty, locked, each with their load: nobody else can change it but to
    less, and but for people who come back to a dormant exchange (`chat.conversations.dormancy` says how many)."""
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


def _people(queue: ConversationQuerySet, now: datetime) -> Iterator[Waiting]:
    direction = [f"direction__{name}" for name in ("unit", "avoided", "avoided_before", "at", "until")]
    rows = queue.values_list(*TURN_COLUMNS, "force", "weight", *direction)
    for row in in_line(rows, now, key=_turn_key_of_row):
        urgency, queued_at, pk = row[: len(TURN_COLUMNS)]
        force, weight, unit, last, before, at, until = row[len(TURN_COLUMNS) :]
        if until is not None and until > now:
            yield Waiting(pk, force, urgency > Urgency.NORMAL, at, weight, unit or 0, frozenset((last, *before)))
        else:
            yield Waiting(pk, force, urgency > Urgency.NORMAL, queued_at, weight)


def _forces_on_duty(now: datetime, known: set[str]) -> set[str]:
    unknown = [force for force in Force.values if force not in known]
    return known | {force for force in unknown if Agent.objects.on_duty(now).filter(unit__force=force).exists()}


def _lock_waiting(keys: Sequence[int]) -> dict[int, Conversation]:
    """Return those of these conversations that still wait, locked, by key."""
    conversations = Conversation.objects.filter(status=Status.WAITING, pk__in=keys).select_related("report")
    return {row.pk: row for row in conversations.order_by("pk").select_for_update(of=("self",), no_key=True)}


def _hand_over(pairs: Sequence[tuple[int, Agent]], now: datetime) -> int:
    """Give these conversations, in this order, to these agents, who are locked; how many were still waiting."""
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
        agent_read_seq=0,  # whoever takes over has read nothing yet
        dormant_since=None,
    )
    Agent.objects.filter(pk__in={agent.pk for _conversation, agent in given}).update(last_assigned_at=now)
    say_lines([Line(one[0], thread_texts.ARRIVED, {"name": _said_name(*one)}) for one in given], now=now)
    for conversation, _agent in given:
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        pubsub.state_changed(conversation.public_id)
        logger.info("conversation assigned %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(
        conversation.new_event(EventKind.ASSIGNED, at=now, by=agent.user) for conversation, agent in given
    )
    for agent_id in {agent.pk for _conversation, agent in given}:
        pubsub.agent_changed(agent_id)
    return len(given)


def _said_name(conversation: Conversation, agent: Agent) -> str:
    """Who answers, as the person reads it. Somebody may see the screen of a discreet visit: it does not say who answers
    there."""
    if conversation.report.discreet:
        return agent.public_name
    with translation.override(conversation.report.language):
        return agent.interlocutor


@transaction.atomic
def claim_conversation(*, conversation_id: int, agent_id: int, now: datetime) -> bool:
    """Give this waiting conversation to this agent; False when either is no longer free. Locks agent, conversation."""
    for agent, load in _lock_agents([agent_id], now):
        if load < agent.capacity:
            return _hand_over([(conversation_id, agent)], now) == 1
    return False


# --- taking back ------------------------------------------------------------------------------------------------------


def release_stale(now: datetime | None = None) -> int:
    """Put back in the queue, at their old place, the conversations of agents whose lease is over.

    Coming back is not being available again: the agent says so, knowing what was lost. At most AGENTS_AT_ONCE agents
    with conversations in one pass.
    """
    now = now or clock.now()
    gone = Agent.objects.gone(now)
    busy = gone.filter(Exists(Conversation.objects.active().filter(assigned_to=OuterRef("pk"))))
    keys = list(busy.order_by("pk").values_list("pk", flat=True)[:AGENTS_AT_ONCE])
    released = sum(_release(agent_id, now) for agent_id in keys)
    with transaction.atomic():
        if gone.exclude(availability=Availability.AWAY).update(
            availability=Availability.AWAY, pause_reason="", pause_until=None
        ):
            pubsub.queue_changed()
    return released


def release_long_gone(*, agent_id: int, now: datetime | None = None) -> int:
    """Do the same for one agent, without waiting for the worker: for somebody who comes back and finds them absent.

    Only when their lease has been over for as long again, and web processes were there to see them: after an
    interruption of the service, everybody's is over for a moment (docs/adr/0014, 0074).
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
    if locked is None:  # came back meanwhile
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
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in conversations]).update(
        status=Status.WAITING, assigned_to=None, assigned_at=None
    )
    for conversation in conversations:
        say_line(
            conversation,
            thread_texts.LOST_AGENT,
            now=now,
        )
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        pubsub.state_changed(conversation.public_id)
        logger.warning("conversation released %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(
        conversation.new_event(EventKind.RELEASED, at=now) for conversation in conversations
    )
    pubsub.agent_changed(agent_id)
    return len(conversations)


def _slept_through(now: datetime) -> ConversationQuerySet:
    """Under way, whose turn came while their page slept, and who were not seen for `definitions.WOKEN` since.

    None for whom their agent has opened an emergency: it is for them to decide.
    """
    given = Q(assigned_at__lt=now - values.get_duration(definitions.WOKEN), reporter_seen_at__lt=F("assigned_at"))
    absent = Q(reporter_is_hidden=True, reporter_seen_at__lt=now - timedelta(seconds=settings.ABSENT_SECONDS))
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    return Conversation.objects.active().filter(given & absent).exclude(Exists(emergency))


@transaction.atomic
def release_asleep(now: datetime | None = None) -> int:
    """Put back in the queue, at their old place, people whose turn came while their page slept, and who did not wake.

    So nobody waits for a telephone that never comes back for longer than `definitions.WOKEN`: they are passed over
    until they are seen again, and then come first by their place. At most PEOPLE_AT_ONCE in one pass. Locks their
    conversations alone: an agent's load only becomes less.
    """
    now = now or clock.now()
    rows = _slept_through(now).select_related("report").order_by("pk")
    # Read again under the lock: whoever woke meanwhile stays with their agent.
    asleep = list(rows.select_for_update(of=("self",), no_key=True)[:PEOPLE_AT_ONCE])
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in asleep]).update(
        status=Status.WAITING, assigned_to=None, assigned_at=None, reporter_is_hidden=False
    )
    for conversation in asleep:
        say_line(conversation, thread_texts.SLEPT, now=now)
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        pubsub.state_changed(conversation.public_id)
        logger.info("conversation of a page that sleeps released %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.ASLEEP, at=now) for conversation in asleep)
    for agent_id in {conversation.assigned_to_id for conversation in asleep if conversation.assigned_to_id}:
        pubsub.agent_changed(agent_id)
    return len(asleep)


@transaction.atomic
def abandon_absent(now: datetime | None = None) -> int:
    """Take out of the queue the people who have not been seen for `definitions.ABANDONED`, PEOPLE_AT_ONCE a pass.

    Before `definitions.PLACE_KEPT` nobody is taken out, whatever the environment says: that is promised. Nor is a page
    that sleeps before `definitions.ASLEEP`, or who has a code de reprise before `definitions.PLACE_WITH_CODE`. A person
    who comes back later still finds the same place again (`actions.revive_conversation`).
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
        .select_for_update(no_key=True, skip_locked=True)[:PEOPLE_AT_ONCE]  # whoever writes at this moment is not gone
    )
    Conversation.objects.filter(pk__in=[conversation.pk for conversation in gone]).update(status=Status.ABANDONED)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.ABANDONED, at=now) for conversation in gone)
    for conversation in gone:
        pubsub.state_changed(conversation.public_id)
    return len(gone)
