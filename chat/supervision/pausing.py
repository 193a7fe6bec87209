"""Lets a supervisor set an agent in pause, for example one whose page is open while nobody answers (docs/adr/0135)."""

from datetime import datetime
from typing import Any

from django.db import transaction

from chat import access, pubsub
from chat.models import Agent
from chat.rules.lifecycle import Availability, PauseOrder
from common import clock
from reports.audit import log as audit_log
from reports.models import AccessKind


class AgentOutOfReach(Exception):
    """This agent is of no unit in which the supervisor may step in, is the supervisor, or is not present."""


class NotAvailable(Exception):
    """This agent is in pause or away already: nobody is given to them."""


def may_be_paused(by: Agent, now: datetime) -> Any:
    """Return the agents whom this supervisor may set in pause: present and available, of their units or of those for
    which they are on call, never themself. Three queries at most."""
    rows = Agent.objects.on_duty(now).filter(unit__in=access.reach_of(by, now)).exclude(pk=by.pk)
    return rows.select_related("unit").order_by("public_name", "pk")


@transaction.atomic
def pause_agent(*, agent_id: int, by: Agent, reason: PauseOrder) -> Agent:
    """Set an agent in pause until they, or somebody else, ends it, and return them.

    Whoever was given to them stays theirs. Their lease is not renewed, because nobody has seen them. Writes a line of
    the register, and tells their open pages. Locks the agent. Raises AgentOutOfReach and NotAvailable.
    """
    now = clock.now()
    reach = access.reach_of(by, now)
    rows = Agent.objects.select_for_update(of=("self",), no_key=True).select_related("unit")
    agent = rows.filter(pk=agent_id, unit__in=reach).exclude(pk=by.pk).first()
    if agent is None or not agent.is_present(now):
        raise AgentOutOfReach
    if agent.availability != Availability.AVAILABLE:
        raise NotAvailable
    agent.availability, agent.pause_reason, agent.pause_until = Availability.PAUSE, str(reason.label), None
    agent.save(update_fields=["availability", "pause_reason", "pause_until"])
    pubsub.agent_changed(agent.pk)
    pubsub.aside_changed(agent.pk)
    pubsub.queue_changed()
    on_call = reach[agent.unit_id]
    audit_log.record(
        kind=AccessKind.AGENT_PAUSED,
        by=by.user,
        motive=reason.reason,
        subject=f"{Agent._meta.label} {agent.pk}",
        detail="pause" if on_call is None else f"pause, on call {on_call}",
    )
    return agent
