"""An agent who telephones is asked nothing and given nobody for a while (docs/adr/0139).

It is a pause with an end and a reason of its own. Whoever was given before stays theirs, and the end is that of any
pause with an end (`chat.conversations.pauses.end_pauses`).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from chat import pubsub
from chat.models import Agent
from chat.rules.lifecycle import Availability, phone_reason
from common import clock

# How long a call is taken to last, from the last press. Another press begins these minutes again.
PHONE_CALL = timedelta(minutes=15)


class NotOnDuty(Exception):
    """The agent is away, or in another pause: nobody is given to them, and no page asks them anything."""


@transaction.atomic
def begin_phone_call(*, agent_id: int, now: datetime | None = None) -> Agent:
    """Give nobody new to this agent for PHONE_CALL from now, because they telephone. Return the agent.

    Said again while it runs, it begins anew. A pause that a page has set because it saw no sign of the agent becomes
    this one: the press may have come a moment after it. Locks the agent. Raises NotOnDuty.
    """
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).get(pk=agent_id)
    was_available = agent.availability == Availability.AVAILABLE
    if not (was_available or agent.is_on_the_phone or agent.is_paused_as_idle):
        raise NotOnDuty
    until = (now or clock.now()) + PHONE_CALL
    agent.availability, agent.pause_until = Availability.PAUSE, until
    agent.pause_reason = phone_reason(timezone.localtime(until).strftime("%H:%M"))
    agent.save(update_fields=["availability", "pause_reason", "pause_until"])
    pubsub.agent_changed(agent.pk)
    pubsub.aside_changed(agent.pk)  # their other pages read their own state again
    if was_available:
        pubsub.queue_changed()
    return agent
