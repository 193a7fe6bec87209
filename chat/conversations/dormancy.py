"""Puts exchanges to rest whose person is away: they stay with their agent and fill no place until the person is back.

Nobody who may come back is ended or given to somebody else for it. What is bounded is what an agent may be owed: the
places that dormant exchanges free with one agent (`definitions.DORMANT_MOST`). Should all of their people come back at
once, the agent holds so many places more than their capacity, and is given nobody until places are free again
(docs/adr/0086).

An exchange is dormant while `dormant_since` is the person's last sign (`Conversation.is_dormant`). So whatever shows
the person again, a beat, a message or a code, in a process of this version or of the one before, ends it in the same
statement, under the lock of the row; nothing has to be undone, and nothing can be forgotten.
"""

import logging
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery, Sum

from chat import pubsub
from chat.conversations.waits import with_waits
from chat.messages.writing import say_line
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Hold, Message
from chat.models.agent import places_filled
from chat.models.casework import Emergency
from chat.models.transfer import Handover
from chat.rules.lifecycle import Author
from chat.texts import thread as thread_texts
from common import clock
from common.service_settings import definitions, values
from common.sql import array_text, fetch_rows

logger = logging.getLogger(__name__)

AGENTS_AT_ONCE, PEOPLE_AT_ONCE = 100, 500
# An agent who typed or wrote there so lately is at work there. Typing is written once a round of the sockets, every
# two seconds (`chat.realtime.broadcaster.ROUND_SECONDS`).
AT_WORK = timedelta(minutes=2)
# Whoever was seen so lately cannot be put to rest soon: that their agent types is not worth a write.
UNSEEN = timedelta(minutes=1)

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
TYPED_EVERY = timedelta(seconds=15)


def agents_typed(*, conversation_ids: Collection[int]) -> None:
    """Keep that their agents are typing in these conversations, of people who are not there.

    One statement; one write each TYPED_EVERY for a conversation at most, and none while its person is there.
    """
    fetch_rows(
        AGENTS_TYPED,
        {
            "ids": array_text(conversation_ids),
            "unseen": UNSEEN.total_seconds(),
            "every": TYPED_EVERY.total_seconds(),
        },
    )


def _may_rest(now: datetime) -> Any:
    """Conversations that may be put to rest: the person was not seen for `definitions.DORMANT`, the agent has had them
    for as long, has answered all that they wrote and is not at work there.

    Not while anything is owed: an open emergency, a promise to be back, a passage to a colleague.
    """
    since = now - values.get_duration(definitions.DORMANT)
    spoken = Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT).order_by("-seq")
    mine = {"conversation": OuterRef("pk")}
    # A promise ends with the agent's next words, too (`chat.models.Hold`).
    promised = Hold.objects.filter(**mine, agent=OuterRef("assigned_to"), ended_at__isnull=True).filter(
        seq__gt=OuterRef("spoken_seq")
    )
    rows = Conversation.objects.active().filter(reporter_seen_at__lt=since, assigned_at__lt=since)
    return (
        with_waits(rows.exclude(dormant_since__gte=F("reporter_seen_at")))
        .annotate(spoken_at=Subquery(spoken.values("sent_at")[:1]))
        .filter(spoken_at__lt=now - AT_WORK, unanswered_at__isnull=True)
        .exclude(agent_typed_at__gte=now - AT_WORK)
        .exclude(Exists(Emergency.objects.filter(**mine, ended_at__isnull=True)))
        .exclude(Exists(promised))
        .exclude(Exists(Handover.objects.live(now).filter(**mine)))
    )


def _freed(agent_ids: Collection[int]) -> dict[int, int]:
    """Return the places that dormant conversations free with each of these agents; no key for none."""
    rows = Conversation.objects.dormant().filter(assigned_to__in=agent_ids).values_list("assigned_to")
    return dict(rows.annotate(places=Sum("weight")))


def within(room: int, people: Iterable[tuple[int, int]]) -> list[int]:
    """Choose of these people (key, places), in this order, those who free at most so many places together. Pure."""
    chosen = []
    for key, weight in people:
        if weight <= room:
            chosen.append(key)
            room -= weight
    return chosen


def put_to_rest(now: datetime | None = None) -> int:
    """Put to rest what may rest (`_may_rest`), who was seen the longest ago first, within `definitions.DORMANT_MOST` of
    each agent; how many were. At most AGENTS_AT_ONCE agents in one pass: two queries when there is nobody."""
    most = values.get(definitions.DORMANT_MOST)
    if not most:
        return 0
    now = now or clock.now()
    found = list(_may_rest(now).order_by("pk").values_list("assigned_to", "weight"))
    if not found:
        return 0
    freed = _freed({agent for agent, _weight in found})
    agents = sorted({agent for agent, weight in found if freed.get(agent, 0) + weight <= most})
    return sum(_rest(agent, now, most) for agent in agents[:AGENTS_AT_ONCE])


@transaction.atomic
def _rest(agent_id: int, now: datetime, most: int) -> int:
    """Put one agent's to rest. Locks the agent, so that two workers keep the bound together, then the conversations."""
    if Agent.objects.filter(pk=agent_id).select_for_update(no_key=True).first() is None:
        return 0
    room = most - _freed([agent_id]).get(agent_id, 0)
    mine = _may_rest(now).filter(assigned_to=agent_id)
    chosen = within(room, mine.order_by("reporter_seen_at", "pk").values_list("pk", "weight"))
    rows = Conversation.objects.active().filter(pk__in=chosen, assigned_to=agent_id).select_related("report")
    locked = list(rows.order_by("pk").select_for_update(of=("self",), no_key=True))
    # Asked again under the locks: who came back, wrote or was handed on meanwhile is not put to rest.
    still = set(mine.filter(pk__in=[row.pk for row in locked]).values_list("pk", flat=True))
    resting = [row for row in locked if row.pk in still]
    if not resting:
        return 0
    Conversation.objects.filter(pk__in=still).update(dormant_since=F("reporter_seen_at"))
    minutes = values.get(definitions.DORMANT)
    for conversation in resting:
        say_line(conversation, thread_texts.DORMANT, now=now, minutes=minutes)
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        logger.info("conversation dormant %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.DORMANT, at=now) for conversation in resting)
    pubsub.agent_changed(agent_id)
    pubsub.queue_changed()  # a place is free
    return len(resting)


@transaction.atomic
def tell_returns(now: datetime | None = None) -> int:
    """Say in the thread that a person is back, who answers them, and that it may take a while when their agent has more
    people than places; how many came back. At most PEOPLE_AT_ONCE in one pass: one query when there is nobody.

    The exchange has filled its places again since the person's first sign. Locks the conversations alone.
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
    for conversation in returned:
        agent = conversation.assigned_to_id
        is_busy = agent is not None and loads[agent] > capacities[agent]
        say_line(conversation, thread_texts.AWAKE_BUSY if is_busy else thread_texts.AWAKE, now=now)
        pubsub.message_posted(conversation.public_id, conversation.last_seq)
        logger.info("conversation awake %s", conversation.public_id)
    ConversationEvent.objects.bulk_create(conversation.new_event(EventKind.AWAKE, at=now) for conversation in returned)
    for agent in agents:
        pubsub.agent_changed(agent)
    pubsub.queue_changed()
    return len(returned)
