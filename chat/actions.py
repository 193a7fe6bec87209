"""Things that happen in a conversation. Access is already proven by `chat.access`."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chat import access, doorbell, queue, resume
from chat.lifecycle import Author, Availability, Outcome, Status, can_move
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.writing import append, say
from reports.models import Report

logger = logging.getLogger(__name__)

# Leases are renewed at each beat, every 20 s, but written at most this often.
SEEN_EVERY = timedelta(seconds=5)


class ConversationClosed(Exception):
    """Nothing can be added: the conversation is closed or was abandoned."""


class NotYours(Exception):
    """The conversation is no longer assigned to this agent."""


def _history(
    conversation: Conversation, kind: str, now: datetime, by: AbstractBaseUser | None = None, detail: str = ""
) -> None:
    by_id: int | None = by.pk if by is not None else None
    ConversationEvent.objects.create(conversation=conversation, kind=kind, at=now, by_id=by_id, detail=detail)


def _dispatch_after_commit() -> None:
    transaction.on_commit(lambda: queue.dispatch())


def _lock(conversation_id: int) -> Conversation:
    return Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)


@transaction.atomic
def open_conversation(*, report: Report) -> Conversation:
    """Open the conversation of a report, once: called again it returns the first one."""
    now = timezone.now()
    conversation, created = Conversation.objects.get_or_create(
        report=report,
        defaults={
            "urgency": report.urgency,
            "force": report.force,
            "opened_at": now,
            "queued_at": now,
            "reporter_seen_at": now,
        },
    )
    if created:
        _history(conversation, EventKind.OPENED, now)
        doorbell.state_changed(conversation.public_id)
        _dispatch_after_commit()
        logger.info("conversation opened %s", conversation.public_id)
    return conversation


@transaction.atomic
def post_message(
    *, conversation_id: int, client_id: UUID, body: str, author: str, agent: Agent | None = None
) -> Message:
    """Add a message to an open conversation, once, and announce it after commit.

    client_id: chosen by the browser, one a message; sending it again returns the first copy.
    body: plain text, already trimmed, 1 to MESSAGE_MAX_LENGTH characters (protocol.parse_body).
    A person who waits may write already: nothing has to be said twice.
    Raises ConversationClosed, NotYours. Locks the conversation row only.
    """
    conversation = _lock(conversation_id)
    if agent is not None and conversation.assigned_to_id != agent.pk:
        raise NotYours
    message = conversation.messages.filter(author=author, client_id=client_id).first()
    if message is None:
        if not conversation.is_open:
            raise ConversationClosed
        message = append(conversation, author=author, body=body, now=timezone.now(), client_id=client_id, agent=agent)
    message.conversation = conversation
    doorbell.message_posted(conversation.public_id, message.seq)  # for a repeat too: its first ring may have been lost
    return message


@transaction.atomic
def close_conversation(
    *, conversation_id: int, by_author: str, by: AbstractBaseUser | None = None, outcome: str = ""
) -> Conversation:
    """End a conversation, by either side. Closing a closed one changes nothing.

    by_author: Author.REPORTER or Author.AGENT; by: the agent's account. Raises NotYours when the conversation went
    to somebody else meanwhile. What is left to read stays readable.
    """
    now = timezone.now()
    conversation = _lock(conversation_id)
    if by_author == Author.AGENT:
        agent = conversation.assigned_to
        if agent is None or by is None or agent.user_id != by.pk:
            raise NotYours
    if not can_move(conversation.status, Status.CLOSED):
        return conversation
    if by_author == Author.REPORTER:
        body = _("Fin de l'échange, à la demande de la personne.")
        outcome = outcome or Outcome.LEFT
    else:
        body = _("Fin de l'échange. Les messages restent lisibles.")
    if conversation.is_open:
        say(conversation, body, now=now)
    conversation.status = Status.CLOSED
    conversation.closed_at = now
    conversation.closed_by = by_author
    conversation.outcome = outcome
    conversation.save(update_fields=["status", "closed_at", "closed_by", "outcome"])
    resume.void_code(conversation_id=conversation.pk)
    _history(conversation, EventKind.CLOSED, now, by=by, detail=outcome)
    doorbell.message_posted(conversation.public_id, conversation.last_seq)
    doorbell.state_changed(conversation.public_id)
    if conversation.assigned_to_id:
        doorbell.agent_changed(conversation.assigned_to_id)
    _dispatch_after_commit()
    logger.info("conversation closed %s", conversation.public_id)
    return conversation


@transaction.atomic
def set_urgency(*, conversation_id: int, urgency: int, by: AbstractBaseUser) -> Conversation:
    """The agent who answers says how urgent it is: it decides the place, should the conversation go back to the queue.

    The same degree again changes nothing. Raises NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation = _lock(conversation_id)
    agent = conversation.assigned_to
    if agent is None or agent.user_id != by.pk:
        raise NotYours
    if not conversation.is_open:
        raise ConversationClosed
    if conversation.urgency != urgency:
        before, conversation.urgency = conversation.urgency, urgency
        conversation.save(update_fields=["urgency"])
        _history(conversation, EventKind.URGENCY, timezone.now(), by=by, detail=f"{before} → {urgency}")
    return conversation


def mark_read(*, conversation_id: int, public_id: UUID, author: str, seq: int) -> None:
    """This side has had everything up to `seq` on screen. Going back is not possible, nor is reading the future."""
    field = "reporter_read_seq" if author == Author.REPORTER else "agent_read_seq"
    with transaction.atomic():
        changed = Conversation.objects.filter(pk=conversation_id, **{f"{field}__lt": Least(seq, F("last_seq"))}).update(
            **{field: Greatest(F(field), Least(seq, F("last_seq")))}
        )
        if changed:
            doorbell.read(public_id, author, seq)


def reporter_seen(*, conversation_id: int, now: datetime) -> None:
    """Renew the reporter's lease, written at most every SEEN_EVERY."""
    Conversation.objects.filter(pk=conversation_id, reporter_seen_at__lt=now - SEEN_EVERY).update(reporter_seen_at=now)


def agent_seen(*, agent_id: int, now: datetime) -> bool:
    """Renew an agent's lease; False when this account may no longer answer."""
    agent = Agent.objects.select_related("user").filter(pk=agent_id).first()
    if agent is None or not access.may_answer(agent.user):
        return False
    was_present = agent.is_present(now)
    if agent.seen_at is None or now - agent.seen_at > SEEN_EVERY:
        with transaction.atomic():
            Agent.objects.filter(pk=agent_id).update(seen_at=now)
            if not was_present:
                doorbell.queue_changed()
                _dispatch_after_commit()
    return True


@transaction.atomic
def set_availability(*, agent_id: int, availability: str, pause_reason: str = "", capacity: int | None = None) -> Agent:
    """An agent says whether new people may come. The conversations under way stay."""
    now = timezone.now()
    agent = Agent.objects.select_for_update(of=("self",)).select_related("unit").get(pk=agent_id)
    agent.availability = availability
    agent.pause_reason = pause_reason[:100] if availability == Availability.PAUSE else ""
    agent.seen_at = now
    if capacity is not None:
        agent.capacity = capacity
    agent.save(update_fields=["availability", "pause_reason", "seen_at", "capacity"])
    doorbell.agent_changed(agent.pk)
    doorbell.queue_changed()
    _dispatch_after_commit()
    return agent
