"""Offers a pause to an agent after a grave exchange, lets them take or decline it, and ends it (docs/adr/0040)."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from chat import pubsub
from chat.conversations import dispatcher
from chat.models import Agent, Conversation
from chat.rules.lifecycle import HEAVY, Availability
from common import clock
from common.service_settings import definitions, values

logger = logging.getLogger(__name__)

# The reason that colleagues and supervisors read. It does not say why the agent rests, which is nobody else's business.
REASON = _("Souffler")


class NoPause(Exception):
    """No pause is offered or running: it is over, or the agent has changed their availability meanwhile."""


def pause_minutes() -> tuple[int, ...]:
    """Return the lengths that an agent may take, in minutes, the shortest first."""
    return tuple(values.get(rule) for rule in definitions.PAUSE_CHOICES)


def is_grave(conversation: Conversation) -> bool:
    """Return whether a pause is offered to the agent who closes this conversation or passes it on."""
    return conversation.weight >= HEAVY


def lock_agent(user_id: int) -> None:
    """Lock the agent of this account until the end of the transaction. Call it before any conversation is locked."""
    list(Agent.objects.filter(user_id=user_id).select_for_update(of=("self",), no_key=True).values_list("pk"))


def lock_agents(*agent_ids: int) -> None:
    """Lock these agents in the order of their keys, so that two who pass people to each other cannot deadlock."""
    rows = Agent.objects.filter(pk__in=agent_ids).order_by("pk").select_for_update(of=("self",), no_key=True)
    list(rows.values_list("pk", flat=True))


def offer_pause(*, agent_id: int, now: datetime | None = None) -> bool:
    """Offer a pause: give nobody to this agent for `definitions.PAUSE_OFFERED`, while they choose.

    Returns False, and changes nothing, when they were not available. Call it in the transaction that closes the
    conversation or passes it on, with the agent locked (`lock_agent`, `lock_agents`), so that nobody is given to them
    in between.
    """
    now = now or clock.now()
    offered = Agent.objects.filter(pk=agent_id, availability=Availability.AVAILABLE).update(
        availability=Availability.PAUSE,
        pause_reason=str(REASON),
        pause_until=now + values.get_duration(definitions.PAUSE_OFFERED),
    )
    if offered:
        pubsub.agent_changed(agent_id)
        pubsub.queue_changed()
    return bool(offered)


@transaction.atomic
def take_pause(*, agent_id: int, minutes: int, now: datetime | None = None) -> Agent:
    """Begin a pause of this many minutes, from now. Taking one again prolongs it. Locks the agent.

    Raises ValueError when the number is not one of `pause_minutes`, and NoPause.
    """
    if minutes not in pause_minutes():
        raise ValueError("not a length of pause")
    agent = _locked(agent_id)
    agent.pause_until = (now or clock.now()) + timedelta(minutes=minutes)
    agent.save(update_fields=["pause_until"])
    pubsub.agent_changed(agent.pk)
    return agent


@transaction.atomic
def decline_pause(*, agent_id: int) -> Agent:
    """Decline or end the pause: the agent is available at once. Raises NoPause. Locks the agent."""
    agent = _locked(agent_id)
    agent.availability, agent.pause_reason, agent.pause_until = Availability.AVAILABLE, "", None
    agent.save(update_fields=["availability", "pause_reason", "pause_until"])
    pubsub.agent_changed(agent.pk)
    pubsub.queue_changed()
    transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    return agent


def _locked(agent_id: int) -> Agent:
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).filter(pk=agent_id).first()
    if agent is None or agent.pause_until is None:
        raise NoPause
    return agent


def end_pauses(now: datetime | None = None) -> int:
    """Make agents whose pause is over available again, if they are present; return how many. Called on each tick.

    An agent who is gone becomes absent instead, as any other (`dispatcher.release_stale`).
    """
    now = now or clock.now()
    with transaction.atomic():
        over = Agent.objects.present(now).filter(availability=Availability.PAUSE, pause_until__lte=now)
        keys = list(over.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        if keys:
            Agent.objects.filter(pk__in=keys).update(
                availability=Availability.AVAILABLE, pause_reason="", pause_until=None
            )
            for key in keys:
                pubsub.agent_changed(key)
            pubsub.queue_changed()
            transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    return len(keys)
