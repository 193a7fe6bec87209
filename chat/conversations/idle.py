"""Sets an agent in pause whose pages have seen no sign of anybody, while somebody needs them (docs/adr/0134).

A page knows when it was touched last, and the server knows who waits. A page that was not touched for
`definitions.NO_SIGN` asks here whether somebody needs its agent (`is_needed`). If so, it asks the agent, and after
ANSWER without a sign it calls `pause_idle`, which looks again under the lock.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from chat import pubsub
from chat.conversations import dispatcher, losses
from chat.conversations.waits import agent_owes_since, waits_since, with_waits
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Hold, Message, ReplyDraft
from chat.rules.lifecycle import Author, Availability, idle_reason
from common import clock
from common.service_settings import definitions, values
from reports.audit import log as audit_log
from reports.models import AccessKind

# For how long the question stands before a page sets the agent in pause.
ANSWER = timedelta(minutes=2)
# A person who was not seen for this long does not count: nobody is called for somebody who is not there.
UNSEEN = timedelta(minutes=1)
# How long after its last sign a page itself may still bring a message that was under way, or a draft or an end, which
# are tried again while the network is away. What comes later was done at another device.
LATE_MESSAGE, LATE_SAVE = timedelta(seconds=30), timedelta(minutes=2)

# How much later than it was a sign of the page itself may be stored, when its beat was long under way.
LATE_SIGN = timedelta(seconds=5)


class NotIdle(Exception):
    """The agent is not available, is at work at another device, or is needed by nobody."""


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
    promised = Hold.objects.filter(conversation=OuterRef("pk"), agent=agent, ended_at__isnull=True, until__gt=now)
    return with_waits(Conversation.objects.active().filter(assigned_to=agent)).annotate(
        spoken_at=_spoken_at(agent), is_promised=Exists(promised.unanswered())
    )


def _spoken_at(agent: Agent) -> Subquery:
    spoken = Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT, agent=agent).order_by("-seq")
    return Subquery(spoken.values("sent_at")[:1])


def _needs(row: Any, now: datetime, limit: timedelta) -> bool:
    if row.is_dormant or row.is_promised or now - row.reporter_seen_at > UNSEEN:
        return False
    if row.spoken_at is None or row.spoken_at < row.assigned_at:
        return True
    since = waits_since(row)
    return since is not None and now - agent_owes_since(row, since) >= limit


def _works_elsewhere(agent: Agent, held: Any, last_sign: datetime) -> bool:
    """Return whether this agent has written, drafted or ended something well after the last sign that a page has seen.

    held: rows of `_held`. Looked at too is what was given to the agent since `losses.GIVEN_FOR` before the sign, also
    if it ended or went to somebody else. One query, with a few looks into indexes for each of these conversations,
    about a hundred in the busiest shift.
    """
    if any(row.spoken_at is not None and row.spoken_at >= last_sign + LATE_MESSAGE for row in held):
        return True
    given = ConversationEvent.objects.filter(
        kind=EventKind.ASSIGNED, by=agent.user_id, at__gt=last_sign - losses.GIVEN_FOR
    )
    drafted = ReplyDraft.objects.filter(conversation=OuterRef("pk"), agent=agent, kept_at__gte=last_sign + LATE_SAVE)
    ended = Q(assigned_to=agent, closed_by=Author.AGENT, closed_at__gte=last_sign + LATE_SAVE)
    rows = Conversation.objects.filter(pk__in=given.values("conversation")).annotate(spoken_at=_spoken_at(agent))
    return rows.filter(ended | Q(spoken_at__gte=last_sign + LATE_MESSAGE) | Exists(drafted)).exists()


@transaction.atomic
def pause_idle(*, agent_id: int, unseen: timedelta) -> int:
    """Set an agent in pause of whom their pages have seen no sign, and return how many people went back to the queue.

    unseen: for how long there has been no sign, as the page says. Whoever was given before the last sign stays theirs.
    Whom the queue gave after it, and to whom nobody has written, nobody has looked at: they go back to their old
    place (`dispatcher.release_unopened`), and the agent reads it on return. Writes a line of the register. Locks the
    agent, then these conversations. Raises NotIdle.
    """
    limit = values.get_duration(definitions.NO_SIGN)  # before the lock, because this may need a query
    now = clock.now()
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=agent_id)
    if agent.availability != Availability.AVAILABLE:
        raise NotIdle
    last_sign = now - unseen
    held = list(_held(agent, now))
    if agent.sign_at is not None and agent.sign_at > last_sign + LATE_SIGN:
        raise NotIdle  # another device has seen one
    # Who works at another device is there, whatever a page says that was left open.
    if not any(_needs(row, now, limit) for row in held) or _works_elsewhere(agent, held, last_sign):
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
