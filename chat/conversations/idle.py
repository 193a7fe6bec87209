"""Sets an agent in pause whose pages have seen no sign of anybody, while somebody needs them (docs/adr/0134).

A page knows when it was touched last, and the server knows who waits. A page that was not touched for
`definitions.NO_SIGN` asks here whether somebody needs its agent (`is_needed`). If so, it asks the agent, and after
ANSWER without a sign it calls `pause_idle`, which looks again under the lock.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import pubsub
from chat.conversations import dispatcher, losses
from chat.conversations.waits import agent_owes_since, waits_since, with_waits
from chat.models import Agent, Conversation, Hold, Message
from chat.rules.lifecycle import Author, Availability, idle_reason
from common import clock
from common.service_settings import definitions, values
from reports.audit import log as audit_log
from reports.models import AccessKind

# For how long the question stands before a page sets the agent in pause.
ANSWER = timedelta(minutes=2)
# A person who was not seen for this long does not count: nobody is called for somebody who is not there.
UNSEEN = timedelta(minutes=1)


class NotIdle(Exception):
    """The agent is not available, has just written, or is needed by nobody."""


def is_needed(agent: Agent) -> bool:
    """Return whether somebody needs this agent, who is available, now.

    That is a person who is there and has had no word of the agent yet, or waits for their words for
    `definitions.NO_SIGN`. Not counted is whoever was promised that the agent comes back later, until then, and an
    exchange at rest. One query, with a few looks into indexes for each of the agent's conversations.
    """
    if agent.availability != Availability.AVAILABLE:
        return False
    now, limit = clock.now(), values.get_duration(definitions.NO_SIGN)
    return any(_needs(row, now, limit) for row in _held(agent, now))


def _held(agent: Agent, now: datetime) -> Any:
    """Return the agent's conversations under way, with `spoken_at`, when this agent last wrote, and `is_promised`."""
    spoken = Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT, agent=agent).order_by("-seq")
    promised = Hold.objects.filter(conversation=OuterRef("pk"), agent=agent, ended_at__isnull=True, until__gt=now)
    return with_waits(Conversation.objects.active().filter(assigned_to=agent)).annotate(
        spoken_at=Subquery(spoken.values("sent_at")[:1]), is_promised=Exists(promised.unanswered())
    )


def _needs(row: Any, now: datetime, limit: timedelta) -> bool:
    if row.is_dormant or row.is_promised or now - row.reporter_seen_at > UNSEEN:
        return False
    if row.spoken_at is None or row.spoken_at < row.assigned_at:
        return True
    since = waits_since(row)
    return since is not None and now - agent_owes_since(row, since) >= limit


@transaction.atomic
def pause_idle(*, agent_id: int, unseen: timedelta) -> int:
    """Set an agent in pause of whom their pages have seen no sign, and return how many people went back to the queue.

    unseen: for how long there has been no sign, as the page says. Whoever was given before the last sign stays theirs.
    Whom the queue gave after it, and to whom the agent has written nothing, nobody has looked at: they go back to their
    old place (`dispatcher.release_unopened`), and the agent reads it on return. Writes a line of the register. Locks
    the agent, then these conversations. Raises NotIdle.
    """
    limit = values.get_duration(definitions.NO_SIGN)  # before the lock, because this may need a query
    now = clock.now()
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=agent_id)
    if agent.availability != Availability.AVAILABLE:
        raise NotIdle
    held = list(_held(agent, now))
    # Who writes on another device is there, whatever a page says that was left open.
    last_sign = now - unseen
    has_written = any(row.spoken_at is not None and row.spoken_at >= last_sign for row in held)
    if has_written or not any(_needs(row, now, limit) for row in held):
        raise NotIdle
    agent.availability, agent.pause_until = Availability.PAUSE, None
    agent.pause_reason = idle_reason(timezone.localtime(now).strftime("%H:%M"))
    agent.save(update_fields=["availability", "pause_reason", "pause_until"])
    released = dispatcher.release_unopened(agent, since=last_sign, now=now)
    if released:
        losses.record_losses(returns=[(agent.pk, last_sign, now)])
        transaction.on_commit(lambda: dispatcher.dispatch(), robust=True)
    pubsub.agent_changed(agent.pk)
    pubsub.aside_changed(agent.pk)
    pubsub.queue_changed()
    audit_log.record(
        kind=AccessKind.AGENT_IDLE,
        by=agent.user,
        motive=str(_("Pas de signe, quelqu'un avait besoin de l'agent")),
        subject=f"{Agent._meta.label} {agent.pk}",
        detail="pause",
    )
    return released
