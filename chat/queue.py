"""Who waits and who answers. The queue is a query: nothing is kept beside the rows.

A conversation is given to the agent by a conditional update: one row changed means won. `SKIP LOCKED` would pass over
the person who is typing most, because posting locks the same row.
Locks: the agent, then the conversation; never two conversations.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from chat import doorbell
from chat.lifecycle import Availability, Status, estimate_wait, may_overflow
from chat.models import Agent, Conversation, ConversationEvent, EventKind
from chat.writing import say
from triage.rules import Urgency

logger = logging.getLogger(__name__)

# A pass gives out at most this many conversations, so that a crowd cannot hold a worker for long.
MAX_ASSIGNMENTS = 200


@dataclass(frozen=True, slots=True)
class Board:
    """The queue at one moment: `order` holds the public ids of who waits, next first."""

    order: tuple[UUID, ...]
    slots: int
    free: int

    def position(self, conversation: UUID) -> int | None:
        """1 for the next person; None for somebody who does not wait."""
        try:
            return self.order.index(conversation) + 1
        except ValueError:
            return None

    def wait_minutes(self, position: int | None) -> tuple[int, int] | None:
        if position is None:
            return None
        return estimate_wait(
            position=position,
            slots=self.slots,
            free=self.free,
            average_minutes=settings.AVERAGE_CONVERSATION_MINUTES,
        )


def read_board(now: datetime | None = None) -> Board:
    """The queue as it stands, in two queries."""
    now = now or timezone.now()
    order = tuple(Conversation.objects.waiting().here(now).values_list("public_id", flat=True))
    slots = free = 0
    for capacity, load in Agent.objects.on_duty(now).with_load().values_list("capacity", "load"):
        slots += capacity
        free += max(0, capacity - load)
    return Board(order=order, slots=slots, free=free)


def dispatch(now: datetime | None = None) -> int:
    """Give waiting conversations to agents who have room, and return how many were given.

    The most urgent first, then the oldest; the force of the person's zone is preferred, the other one takes over
    after OVERFLOW_SECONDS, or at once when it is urgent or nobody of that force is on duty. Among agents who have
    room: the least loaded, then the one who was given somebody longest ago.
    Run at every change of capacity and on a tick; several may run at once.
    """
    now = now or timezone.now()
    given = 0
    while given < MAX_ASSIGNMENTS:
        pair = _best_pair(now)
        if pair is None:
            break
        conversation_id, agent_id = pair
        if claim_conversation(conversation_id=conversation_id, agent_id=agent_id, now=now):
            given += 1
        elif not _is_still(conversation_id, agent_id, now):
            continue  # somebody was faster: look again
        else:
            break
    return given


def _best_pair(now: datetime) -> tuple[int, int] | None:
    """The next conversation that some agent may take, and that agent."""
    on_duty = list(Agent.objects.on_duty(now).with_load().select_related("unit"))
    with_room = [agent for agent in on_duty if agent.load < agent.capacity]
    if not with_room:
        return None
    with_room.sort(
        key=lambda agent: (
            agent.load / agent.capacity,
            agent.last_assigned_at or datetime.min.replace(tzinfo=now.tzinfo),
            agent.pk,
        )
    )
    forces_on_duty = {agent.force for agent in on_duty}
    rows = Conversation.objects.waiting().here(now).values_list("pk", "force", "urgency", "queued_at")
    for pk, force, urgency, queued_at in rows.iterator(chunk_size=500):
        preferred = [agent for agent in with_room if not force or agent.force == force]
        if preferred:
            return pk, preferred[0].pk
        if may_overflow(
            waited=now - queued_at,
            overflow_after=timedelta(seconds=settings.OVERFLOW_SECONDS),
            is_urgent=urgency > Urgency.NORMAL,
            preferred_force_on_duty=force in forces_on_duty,
        ):
            return pk, with_room[0].pk
    return None


def _is_still(conversation_id: int, agent_id: int, now: datetime) -> bool:
    """Whether the pair that was just refused would be chosen again: then going on would turn in circles."""
    return _best_pair(now) == (conversation_id, agent_id)


@transaction.atomic
def claim_conversation(*, conversation_id: int, agent_id: int, now: datetime) -> bool:
    """Give this waiting conversation to this agent; False when either is no longer free. Locks agent, conversation."""
    agent = Agent.objects.select_for_update(of=("self",)).select_related("unit", "user").get(pk=agent_id)
    if agent.availability != Availability.AVAILABLE or not agent.is_present(now):
        return False
    if Conversation.objects.active().filter(assigned_to=agent).count() >= agent.capacity:
        return False
    won = Conversation.objects.filter(pk=conversation_id, status=Status.WAITING).update(
        status=Status.ACTIVE,
        assigned_to=agent,
        assigned_at=now,
        agent_read_seq=0,  # whoever takes over has read nothing yet
    )
    if not won:
        return False
    agent.last_assigned_at = now
    agent.save(update_fields=["last_assigned_at"])
    conversation = Conversation.objects.select_for_update(of=("self",)).select_related("report").get(pk=conversation_id)
    # Somebody may see the screen of a discreet visit: it does not say who answers there.
    with translation.override(conversation.report.language):
        name = agent.public_name if conversation.report.discreet else agent.interlocutor
    say(conversation, _("%(name)s est là. L'échange peut commencer."), name=name, now=now)
    ConversationEvent.objects.create(conversation=conversation, kind=EventKind.ASSIGNED, at=now, by=agent.user)
    doorbell.message_posted(conversation.public_id, conversation.last_seq)
    doorbell.state_changed(conversation.public_id)
    doorbell.agent_changed(agent.pk)
    logger.info("conversation assigned %s", conversation.public_id)
    return True


def release_stale(now: datetime | None = None) -> int:
    """Put back in the queue, at their old place, the conversations of agents whose lease is over."""
    now = now or timezone.now()
    limit = now - timedelta(seconds=settings.LEASE_SECONDS)
    lost = Conversation.objects.active().exclude(assigned_to__seen_at__gte=limit).values_list("pk", "assigned_to_id")
    released = sum(_release(conversation_id=pk, agent_id=agent_id, now=now) for pk, agent_id in lost if agent_id)
    # Coming back is not being available again: the agent says so, knowing what was lost.
    gone = Agent.objects.exclude(availability=Availability.AWAY).exclude(seen_at__gte=limit)
    if gone.update(availability=Availability.AWAY, pause_reason=""):
        doorbell.queue_changed()
    return released


@transaction.atomic
def _release(*, conversation_id: int, agent_id: int, now: datetime) -> int:
    agent = Agent.objects.select_for_update(of=("self",)).get(pk=agent_id)
    if agent.is_present(now):  # came back meanwhile
        return 0
    won = Conversation.objects.filter(pk=conversation_id, status=Status.ACTIVE, assigned_to=agent).update(
        status=Status.WAITING, assigned_to=None, assigned_at=None
    )
    if not won:
        return 0
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    say(
        conversation,
        _(
            "La connexion avec votre interlocuteur est perdue. Ce n'est pas de votre fait. "
            "Vous gardez votre place et une autre personne va vous répondre ; elle pourra lire vos messages."
        ),
        now=now,
    )
    ConversationEvent.objects.create(conversation=conversation, kind=EventKind.RELEASED, at=now)
    doorbell.message_posted(conversation.public_id, conversation.last_seq)
    doorbell.state_changed(conversation.public_id)
    doorbell.agent_changed(agent.pk)
    logger.warning("conversation released %s", conversation.public_id)
    return 1


def abandon_absent(now: datetime | None = None) -> int:
    """Take out of the queue the people who have not been seen for ABANDON_SECONDS."""
    now = now or timezone.now()
    limit = now - timedelta(seconds=settings.ABANDON_SECONDS)
    count = 0
    for pk in Conversation.objects.waiting().filter(reporter_seen_at__lt=limit).values_list("pk", flat=True):
        with transaction.atomic():
            won = Conversation.objects.filter(pk=pk, status=Status.WAITING, reporter_seen_at__lt=limit).update(
                status=Status.ABANDONED
            )
            if not won:
                continue
            conversation = Conversation.objects.get(pk=pk)
            ConversationEvent.objects.create(conversation=conversation, kind=EventKind.ABANDONED, at=now)
            doorbell.state_changed(conversation.public_id)
            count += 1
    return count
