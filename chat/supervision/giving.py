"""Lets a supervisor give somebody who waits to an agent of their choice, or to themself, out of turn (docs/adr/0138).

The queue goes on as before: whoever has a free place is given the next person. This is for a person whom the supervisor
does not leave waiting, although all places are filled or only the other force has one.
"""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from chat import access
from chat.conversations import dispatcher
from chat.models import Agent, Conversation, EventKind
from chat.models.conversation import ConversationQuerySet
from chat.models.transfer import Direction
from chat.rules.assignment import may_overflow
from chat.rules.lifecycle import Availability
from chat.supervision.intervention import say_to
from chat.transfer import actions as transfer_actions
from common import clock
from common.service_settings import definitions, values
from reports.audit import log as audit_log
from reports.models import AccessKind
from triage.rules import Urgency


class NotWaiting(Exception):
    """This person waits no longer, or is not there: their turn is passed over until they are seen again."""


class NotForThem(Exception):
    """This agent is not one of `find_receivers`, or is no longer."""


def _waiting(public_id: uuid.UUID, now: datetime) -> ConversationQuerySet:
    rows = Conversation.objects.waiting().here(now).without_departed().filter(public_id=public_id)
    return rows.select_related("report__municipality")


def find_waiting(public_id: uuid.UUID, now: datetime) -> Conversation | None:
    """Return the conversation of this person whose turn may come; None for anybody else. One query.

    What the queue shows of them to every agent is all that a supervisor may read of it.
    """
    return _waiting(public_id, now).first()


def find_receivers(conversation: Conversation, by: Agent, now: datetime) -> list[Agent]:
    """Return the agents to whom this supervisor may give a person who waits, with their `load`, full or not.

    The supervisor comes first, whatever their availability, then those with a free place. Others are available, and of
    the units in which the supervisor may step in. All are of the force of the person's zone, unless the other force may
    take the person by the rule of the queue (`may_overflow`). Nobody who passed the person on lately is among them, nor
    who ever did because they know somebody concerned. Empty for anybody who is no supervisor. Five queries at most.
    """
    reach = access.reach_of(by, now)
    if not reach:
        return []
    people: Any = Agent.objects.present(now).filter(
        Q(pk=by.pk) | Q(availability=Availability.AVAILABLE, unit__in=reach), user__is_active=True
    )
    force = conversation.force
    if force and not may_overflow(
        waited=now - conversation.queued_at,
        overflow_after=values.get_duration(definitions.OVERFLOW),
        is_urgent=conversation.urgency > Urgency.NORMAL,
        preferred_force_on_duty=Agent.objects.on_duty(now).filter(unit__force=force).exists(),
    ):
        people = people.filter(unit__force=force)
    directions = Direction.objects.filter(conversation=conversation, until__gt=now)
    for last, before in directions.values_list("avoided", "avoided_before"):
        people = people.exclude(pk__in=[last, *before])
    people = people.exclude(pk__in=transfer_actions.recused_agents(conversation))
    in_order = people.with_load().select_related("unit").order_by("unit__name", "public_name", "pk")
    found: list[Any] = sorted(in_order, key=lambda one: (one.pk != by.pk, one.load >= one.capacity))
    return found


@transaction.atomic
def give_person(*, public_id: uuid.UUID, agent_id: int, by: Agent, motive: str) -> Agent:
    """Give somebody who waits to this agent, even if they are full, and return the agent.

    motive: the reason, which the register keeps and the agent reads. Locks the agent, then the conversation, as the
    dispatcher does: whoever comes second finds that the person waits no longer. Raises NotWaiting and NotForThem.
    """
    now = clock.now()
    try:
        agent = transfer_actions.lock_receiver(agent_id, now, may_be_full=True)
    except transfer_actions.NoRoom:
        raise NotForThem from None
    conversation = _waiting(public_id, now).select_for_update(of=("self",), no_key=True).first()
    if conversation is None:
        raise NotWaiting
    if agent.pk not in {one.pk for one in find_receivers(conversation, by, now)}:
        raise NotForThem
    conversation.record_event(EventKind.GIVEN, at=now, by=by.user)
    dispatcher.hand_to(conversation_id=conversation.pk, agent=agent, now=now)
    if agent.pk != by.pk:
        say_to(agent, conversation, by, motive, now)
    on_call = access.reach_of(by, now).get(agent.unit_id)
    audit_log.record(
        kind=AccessKind.GIVEN,
        by=by.user,
        motive=motive,
        subject=str(conversation.public_id),
        detail="give" if on_call is None else f"give, on call {on_call}",
    )
    return agent
