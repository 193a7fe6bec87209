"""This module puts exchanges at rest whose person is away: they stay with their agent, and fill no place until the
person is back. For somebody in great danger it lets silent people fill none either.

No exchange is closed or given to another agent for this reason. One agent may have resting exchanges worth
`definitions.DORMANT_MOST` places at most. If all of those people come back at once, the agent is that many places above
their capacity, and is given nobody until places are free again (docs/adr/0086).

An exchange rests while `dormant_since` equals the person's last sign of life (`Conversation.is_dormant`). A beat, a
message or a code changes that last sign, and so ends the rest in the same statement, under the lock of the row. No
other code has to undo anything.

Places are filled by whoever the queue gave, also by people who say nothing: a raid, or a page that was left open.
Somebody in great danger for whom no agent has a place does not wait for an end of these. Within the bound of exchanges
at rest, the places of people who are silent count as free for such a person (`give_over_capacity`; docs/adr/0145).
Nobody is put to rest or ended for this, and nobody else is given to that agent before places are free again.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum

from chat import pubsub
from chat.conversations import dispatcher
from chat.conversations.waits import with_waits
from chat.messages.writing import Line, say_lines
from chat.models import Agent, Conversation, ConversationEvent, ConversationQuerySet, EventKind, Hold, Message
from chat.models.agent import places_filled
from chat.models.casework import Emergency
from chat.models.transfer import Direction, Handover
from chat.rules.lifecycle import OVER_CAPACITY, Author
from chat.texts import thread as thread_texts
from common import clock
from common.service_settings import definitions, values
from common.sql import array_text, fetch_rows
from triage.rules import Urgency

logger = logging.getLogger(__name__)

AGENTS_AT_ONCE, PEOPLE_AT_ONCE = 100, 500
# An agent who typed or wrote in a conversation within this time is at work there. Typing is stored once a round of the
# sockets, every two seconds (`chat.realtime.broadcaster.ROUND_SECONDS`).
AT_WORK = timedelta(minutes=2)
# While a person was seen within this time, their exchange cannot rest soon, so the agent's typing need not be stored.
UNSEEN = timedelta(minutes=1)

# A person is silent when their agent wrote last, this long ago or longer. LivePerson lets an exchange leave its agent's
# capacity after two to four minutes without a word of the person (by its documentation, read on 1 December 2026).
SILENT = timedelta(minutes=3)
IN_DANGER_AT_ONCE = 10

AGENTS_TYPED = """
WITH moment AS MATERIALIZED (SELECT clock_timestamp() AS now), late AS (
    SELECT c.id, moment.now FROM chat_conversation c, moment
    WHERE c.id = ANY(%(ids)s::bigint[]) AND c.status = 'active'
      AND c.reporter_seen_at < moment.now - %(unseen)s * interval '1 s'
      AND (c.agent_typed_at IS NULL OR c.agent_typed_at < moment.now - %(every)s * interval '1 s')
    ORDER BY c.id FOR NO KEY UPDATE OF c
)
UPDATE chat_conversation c SET agent_typed_at = late.now FROM late WHERE c.id = late.id RETURNING c.id
"""
TYPED_EVERY = timedelta(seconds=15)  # the agent's typing is stored at most this often


def agents_typed(*, conversation_ids: Collection[int]) -> None:
    """Store that the agents of these conversations are typing, where the person is away.

    One statement. A conversation is written at most once in TYPED_EVERY, and not at all while its person is there.
    """
    fetch_rows(
        AGENTS_TYPED,
        {
            "ids": array_text(conversation_ids),
            "unseen": UNSEEN.total_seconds(),
            "every": TYPED_EVERY.total_seconds(),
        },
    )


def _away_for_long(now: datetime) -> ConversationQuerySet:
    """Return the conversations whose person was not seen for `definitions.DORMANT`, and that do not rest already."""
    since = now - values.get_duration(definitions.DORMANT)
    rows = Conversation.objects.active().filter(reporter_seen_at__lt=since, assigned_at__lt=since)
    return rows.exclude(dormant_since__gte=F("reporter_seen_at"))


def nothing_owed(rows: ConversationQuerySet, now: datetime) -> Any:
    """Return those of these active conversations in which everybody waits for the person, with `spoken_at`.

    spoken_at: when their agent wrote last. The agent has answered everything that the person wrote, and is not at work
    there. Nothing is owed: no open emergency, no promise to be back, no passage to a colleague under way. It costs a
    few looks into an index for each row.
    """
    spoken = Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT).order_by("-seq")
    mine = {"conversation": OuterRef("pk")}
    promised = Hold.objects.unanswered().filter(**mine, agent=OuterRef("assigned_to"), ended_at__isnull=True)
    return (
        with_waits(rows)
        .annotate(spoken_at=Subquery(spoken.values("sent_at")[:1]))
        .filter(spoken_at__lt=now - AT_WORK, unanswered_at__isnull=True)
        .exclude(agent_typed_at__gte=now - AT_WORK)
        .exclude(Exists(Emergency.objects.filter(**mine, ended_at__isnull=True)))
        .exclude(Exists(promised))
        .exclude(Exists(Handover.objects.live(now).filter(**mine)))
    )


def _may_rest(now: datetime) -> Any:
    """Return the conversations that may be put at rest.

    The person was not seen for `definitions.DORMANT`, the agent has had the conversation for as long, and nothing is
    owed there (`nothing_owed`).
    """
    return nothing_owed(_away_for_long(now), now)


def freed(agent_ids: Collection[int]) -> dict[int, int]:
    """Return how many places resting conversations free for each of these agents; agents without any have no key."""
    rows = Conversation.objects.dormant().filter(assigned_to__in=agent_ids).values_list("assigned_to")
    return dict(rows.annotate(places=Sum("weight")))


def within(room: int, people: Iterable[tuple[int, int]]) -> list[int]:
    """Choose from these people (key, places), in this order, those whose places together fit into `room`. Pure."""
    chosen = []
    for key, weight in people:
        if weight <= room:
            chosen.append(key)
            room -= weight
    return chosen


def put_to_rest(now: datetime | None = None) -> int:
    """Put conversations that may rest (`_may_rest`) at rest, and return how many. The worker calls it on each tick.

    The person who was seen longest ago comes first, within `definitions.DORMANT_MOST` places for each agent. At most
    AGENTS_AT_ONCE agents in one pass. Two queries when there is nobody: nearly always nobody has been away for that
    long, and then the long statement of `_may_rest` is not even written.
    """
    most = values.get(definitions.DORMANT_MOST)
    if not most:
        return 0
    now = now or clock.now()
    if not _away_for_long(now).exists():
        return 0
    found = list(_may_rest(now).order_by("pk").values_list("assigned_to", "weight"))
    if not found:
        return 0
    places = freed({agent for agent, _weight in found})
    agents = sorted({agent for agent, weight in found if places.get(agent, 0) + weight <= most})
    return sum(_rest(agent, now, most) for agent in agents[:AGENTS_AT_ONCE])


@transaction.atomic
def _rest(agent_id: int, now: datetime, most: int) -> int:
    """Put conversations of one agent at rest, and return how many.

    Locks the agent, so that two workers together keep the bound, then the conversations.
    """
    if Agent.objects.filter(pk=agent_id).select_for_update(no_key=True).first() is None:
        return 0
    room = most - freed([agent_id]).get(agent_id, 0)
    mine = _may_rest(now).filter(assigned_to=agent_id)
    chosen = within(room, mine.order_by("reporter_seen_at", "pk").values_list("pk", "weight"))
    rows = Conversation.objects.active().filter(pk__in=chosen, assigned_to=agent_id).select_related("report")
    locked = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))
    # Checked again under the locks: people who came back, wrote or were handed on meanwhile are left out.
    still = set(mine.filter(pk__in=[row.pk for row in locked]).values_list("pk", flat=True))
    resting = [row for row in locked if row.pk in still]
    if not resting:
        return 0
    Conversation.objects.filter(pk__in=still).update(dormant_since=F("reporter_seen_at"))
    minutes = values.get(definitions.DORMANT)
    say_lines([Line(conversation, thread_texts.DORMANT, {"minutes": minutes}) for conversation in resting], now=now)
    for conversation in resting:
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        logger.info("conversation dormant %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.DORMANT, at=now) for conversation in resting)
    pubsub.agent_changed(agent_id)
    pubsub.queue_changed()  # a place is free
    return len(resting)


@transaction.atomic
def tell_returns(now: datetime | None = None) -> int:
    """Say in the thread of a resting exchange that the person is back, and return for how many it was said.

    The line says that an answer may take a while if the agent now has more people than places. The exchange has filled
    its places again since the person's first sign of life. At most PEOPLE_AT_ONCE in one pass; one query when there is
    nobody. Locks the conversations only.
    """
    back = Conversation.objects.active().filter(dormant_since__lt=F("reporter_seen_at"))
    rows = back.select_related("report").order_by("pk")
    returned = list(rows.select_for_update(of=("self",), no_key=True)[:PEOPLE_AT_ONCE])
    if not returned:
        return 0
    now = now or clock.now()
    agents = {row.assigned_to_id for row in returned if row.assigned_to_id is not None}
    active = Conversation.objects.active().filter(assigned_to__in=agents).values_list("assigned_to")
    loads = dict(active.annotate(load=Sum(places_filled())))
    capacities = dict(Agent.objects.filter(pk__in=agents).values_list("pk", "capacity"))
    Conversation.objects.filter(pk__in=[row.pk for row in returned]).update(dormant_since=None)
    busy = {agent for agent in agents if loads[agent] > capacities[agent]}
    lines = [
        Line(row, thread_texts.AWAKE_BUSY if row.assigned_to_id in busy else thread_texts.AWAKE) for row in returned
    ]
    say_lines(lines, now=now)
    for conversation in returned:
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        logger.info("conversation awake %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.AWAKE, at=now) for conversation in returned)
    for agent in agents:
        pubsub.agent_changed(agent)
    pubsub.queue_changed()
    return len(returned)


# --- somebody in great danger, beyond the places ----------------------------------------------------------------------


def _in_danger(now: datetime) -> ConversationQuerySet:
    """Return the people who wait, are here, and are in great danger: by their report, an agent's word or a procedure.

    Words of danger that somebody wrote in the queue change nothing here, as they change nothing about a turn: a raid
    could write them.
    """
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    people = Conversation.objects.waiting().here(now).without_departed()
    return people.filter(Q(urgency__gte=Urgency.CRITICAL) | Exists(emergency))


def _countable_places(now: datetime, most: int, agent_ids: Any) -> dict[int, int]:
    """Return how many places of silent people count as free for somebody in great danger, by agent. Two queries.

    agent_ids: keys of agents, or a query of them; those without silent people have no key. With their exchanges at rest
    there are `most` at most.
    """
    since = now - SILENT
    rows = Conversation.objects.active().filter(assigned_to__in=agent_ids, assigned_at__lt=since)
    silent = nothing_owed(rows.exclude(dormant_since__gte=F("reporter_seen_at")), now)
    found = silent.filter(spoken_at__lt=since).order_by().values_list("assigned_to").annotate(places=Sum("weight"))
    places = dict(found)
    resting = freed(places) if places else {}
    return {agent: min(most - resting.get(agent, 0), number) for agent, number in places.items()}


def give_over_capacity(now: datetime | None = None) -> int:
    """Give people in great danger for whom no agent has a place to agents with silent people, and return how many.

    The worker calls it on each tick, after everybody's turn. At most IN_DANGER_AT_ONCE people in one pass, in the order
    of the queue; the silent look-alikes of a raid beyond their share are not among them. One query while nobody in
    danger waits, and one more when no agent has a silent person. Otherwise five, and seven for each person whom nobody
    can take, however many agents there are.
    """
    most = values.get(definitions.DORMANT_MOST)
    if not most:
        return 0
    now = now or clock.now()
    queue = _in_danger(now).values_list(*dispatcher.TURN_COLUMNS)
    if not queue.exists():
        return 0
    room = _countable_places(now, most, Agent.objects.on_duty(now).values("pk"))
    if not room:
        return 0
    next_ones = dispatcher.in_line(
        queue, now, key=dispatcher.turn_key_of_row, at_most=IN_DANGER_AT_ONCE, with_silent=False
    )
    given = 0
    for *_turn, key in list(next_ones):
        is_given = _give(key, room, now, most)
        if is_given is None:
            break
        given += is_given
    return given


@transaction.atomic
def _give(conversation_id: int, room: Mapping[int, int], now: datetime, most: int) -> bool | None:
    """Give this person to one of the agents with silent people; return whether somebody could take them.

    room: places that count as free, by agent (`_countable_places`), as read before. None, and nobody is given,
    while an agent who may take the person has a free place: the next pass comes first, and nobody behind them overtakes
    it. An agent of the person's force comes first, then one without an open procedure, then who has fewest people
    beyond their places, then who was given somebody longest ago. Only that agent is locked and asked again, because
    agents are locked in the order of their keys elsewhere; if they have no room any more, the next tick asks another.
    Locks the pass, the agent, the conversation.
    """
    dispatcher.lock_pass()
    person = Conversation.objects.select_related("report").get(pk=conversation_id)
    agents = _who_may(person, now)
    if any(one.load < one.capacity for one in agents):
        return None
    force = person.force
    chosen = min(
        (one for one in agents if one.load - room.get(one.pk, 0) < one.capacity),
        key=lambda one: (
            bool(force) and one.force != force,
            one.has_emergency,
            one.load - one.capacity,
            one.last_assigned_at.timestamp() if one.last_assigned_at else 0,
            one.pk,
        ),
        default=None,
    )
    if chosen is None or not _lock_if_room(chosen.pk, now, most):
        return False
    if not dispatcher.hand_to(conversation_id=conversation_id, agent=chosen, now=now, detail=OVER_CAPACITY):
        return False
    logger.info("conversation given over capacity %s", person.public_id)
    return True


def _who_may(person: Conversation, now: datetime) -> list[Any]:
    """Return the agents on duty to whom the queue may give this person, with `load` and `has_emergency`. Three queries.

    Somebody in danger may go to either force and any unit, and to nobody who passed them on (docs/adr/0038).
    """
    kept = set(Handover.objects.recusals().filter(conversation=person).order_by().values_list("from_agent", flat=True))
    for last, before in Direction.objects.filter(conversation=person, until__gt=now).values_list(
        "avoided", "avoided_before"
    ):
        kept.update([last, *before])
    emergency = Emergency.objects.filter(conversation__assigned_to=OuterRef("pk"), ended_at__isnull=True)
    agents = Agent.objects.on_duty(now).exclude(pk__in=kept).select_related("unit", "user").with_load()
    return list(agents.annotate(has_emergency=Exists(emergency)))


def _lock_if_room(agent_id: int, now: datetime, most: int) -> bool:
    """Lock this agent, and return whether they are on duty and may still be given somebody in danger."""
    locked = Agent.objects.on_duty(now).filter(pk=agent_id).select_for_update(no_key=True).first()
    if locked is None:
        return False
    (load,) = Agent.objects.filter(pk=agent_id).with_load().values_list("load", flat=True)
    return load - _countable_places(now, most, [agent_id]).get(agent_id, 0) < locked.capacity
