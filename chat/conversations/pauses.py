"""Pauses that are offered after a grave exchange, taken or declined, and end by themselves (docs/adr/0040)."""

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

# What colleagues and supervisors read: the word of any rest, for why is nobody else's business.
REASON = _("Souffler")


class NoPause(Exception):
    """There is no pause of this kind to answer: it is over, or the agent said something else meanwhile."""


def pause_minutes() -> tuple[int, ...]:
    """Return the lengths that an agent may take, in minutes, the shortest first."""
    return tuple(values.get(rule) for rule in definitions.PAUSE_CHOICES)


def is_grave(conversation: Conversation) -> bool:
    """Return whether a pause is offered to whoever ends this exchange, or passes it on."""
    return conversation.weight >= HEAVY


def lock_agent(user_id: int) -> None:
    """Lock the agent behind this account until the end of the transaction; before any conversation."""
    list(Agent.objects.filter(user_id=user_id).select_for_update(of=("self",), no_key=True).values_list("pk"))


def lock_agents(*agent_ids: int) -> None:
    """Lock these agents, always in the same order: two who pass to each other wait, and neither for ever."""
    rows = Agent.objects.filter(pk__in=agent_ids).order_by("pk").select_for_update(of=("self",), no_key=True)
    list(rows.values_list("pk", flat=True))


def offer_pause(*, agent_id: int, now: datetime | None = None) -> bool:
    """Give nobody to this agent for `definitions.PAUSE_OFFERED`, in which they choose; whether they were available.

    In the transaction that ends the conversation or passes it on, whose caller holds the agent (`lock_agent`,
    `lock_agents`): nobody comes in between.
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
    """Begin a pause of so many minutes (of `pause_minutes`); taking again is more time. Raises NoPause, ValueError."""
    if minutes not in pause_minutes():
        raise ValueError("not a length of pause")
    agent = _locked(agent_id)
    agent.pause_until = (now or clock.now()) + timedelta(minutes=minutes)
    agent.save(update_fields=["pause_until"])
    pubsub.agent_changed(agent.pk)
    return agent


@transaction.atomic
def decline_pause(*, agent_id: int) -> Agent:
    """Make the agent available at once. Raises NoPause."""
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
    """Make available again those whose pause is over and whose console is open; return how many. Called on each tick.

    Whoever is gone becomes absent instead, as everybody (`dispatcher.release_stale`).
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
