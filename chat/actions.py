"""Things that happen in a conversation. Access is already proven by `chat.access`."""

import logging
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from chat import access, doorbell, queue
from chat.lifecycle import Author, Availability, Outcome, Status, can_move
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Message
from chat.writing import append, say
from reports.models import Report

logger = logging.getLogger(__name__)

# Without letters and digits that are taken for one another (Crockford's base 32): 12 of them hold 60 bits.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12
# Leases are renewed at each beat, every 20 s, but written at most this often.
SEEN_EVERY = timedelta(seconds=5)
RESUME_GRACE = timedelta(seconds=10)


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


@transaction.atomic
def park_conversation(*, report: Report) -> None:
    """The person left in a hurry: tell the agent in plain words; the place and the messages are kept."""
    now = timezone.now()
    conversation = Conversation.objects.select_for_update(of=("self",)).filter(report=report).first()
    if conversation is None or not conversation.is_open:
        return
    say(conversation, _("Départ rapide du site. Un retour est possible avec le code de reprise."), now=now)
    _history(conversation, EventKind.PARKED, now)
    doorbell.message_posted(conversation.public_id, conversation.last_seq)
    doorbell.state_changed(conversation.public_id)


@transaction.atomic
def revive_conversation(*, conversation_id: int) -> Conversation:
    """The person is here again: an abandoned conversation takes its place in the queue again, others are unchanged."""
    now = timezone.now()
    conversation = _lock(conversation_id)
    conversation.reporter_seen_at = now
    conversation.save(update_fields=["reporter_seen_at"])
    if conversation.status == Status.ABANDONED:
        conversation.status = Status.WAITING
        conversation.save(update_fields=["status"])
        _history(conversation, EventKind.RESUMED, now)
        doorbell.state_changed(conversation.public_id)
        _dispatch_after_commit()
    return conversation


@transaction.atomic
def resume_conversation(*, conversation_id: int) -> Conversation:
    """Come back with the code: the visit that was there before ends, on whatever device it is.

    A second use within RESUME_GRACE is the same one (a double click). What happened is written in the history, and in
    the thread while it is open, for both sides.
    """
    now = timezone.now()
    conversation = revive_conversation(conversation_id=conversation_id)
    again = conversation.events.filter(kind=EventKind.RESUMED, detail="code", at__gt=now - RESUME_GRACE).exists()
    if not again:
        Report.objects.filter(pk=conversation.report_id).update(visit_generation=F("visit_generation") + 1)
        _history(conversation, EventKind.RESUMED, now, detail="code")
        if conversation.is_open:
            say(conversation, _("Retour avec le code de reprise. La visite d'avant est fermée."), now=now)
            doorbell.message_posted(conversation.public_id, conversation.last_seq)
    conversation.report.refresh_from_db(fields=["visit_generation"])
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


def normalise_code(text: str) -> str:
    """A code as typed, to its letters: spaces and hyphens go, O is 0, I and L are 1."""
    letters = "".join(text.upper().split()).replace("-", "")
    return letters.translate(str.maketrans("OIL", "011"))


def _code_digest(code: str) -> bytes:
    return salted_hmac("pnav.chat.resume", code, secret=settings.SECRET_KEY, algorithm="sha256").digest()


@transaction.atomic
def issue_code(*, conversation_id: int) -> str:
    """Make a new code de reprise and return it; the one before no longer works. Only its keyed hash is kept."""
    code = "".join(secrets.choice(CODE_ALPHABET) for _letter in range(CODE_LENGTH))
    Conversation.objects.filter(pk=conversation_id).update(resume_digest=_code_digest(code))
    return "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def is_code(text: str) -> bool:
    """Whether a text as typed can be a code at all."""
    code = normalise_code(text)
    return len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET)


def find_by_code(text: str) -> Conversation | None:
    """The conversation of a code as typed, or None. Guessing is hopeless: 2^60 codes for a few thousand rows."""
    code = normalise_code(text)
    if not is_code(text):
        return None
    return Conversation.objects.select_related("report").filter(resume_digest=_code_digest(code)).first()
