"""What the agent who answers does beside the messages: a promise, the urgency, a note.

Access is already proven by `chat.access`; that the conversation is still this agent's is asked again under its lock.
Each act leaves its line in the history, in its own transaction.
"""

import logging
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from chat import clock, desk, display, doorbell, sentences
from chat.actions import ConversationClosed, NotYours, weighed
from chat.lifecycle import weight_of
from chat.models import Agent, Conversation, ConversationEvent, EventKind, Hold, Note
from chat.writing import say
from reports import house, house_rules, keyring

logger = logging.getLogger(__name__)


class NothingHeld(Exception):
    """No promise runs."""


# Notes of one conversation, corrections included: they are drawn beside its thread with every page of its agent.
NOTES_AT_MOST = 100


class TooManyNotes(Exception):
    """This conversation has NOTES_AT_MOST notes already."""


# Promises of one conversation: one every eight minutes for eight hours. Each writes two lines of Pnav's in the thread.
HOLDS_AT_MOST = 60


class TooManyHolds(Exception):
    """This conversation has had HOLDS_AT_MOST promises already."""


# Changes of the urgency of one conversation. Beyond them it can still be raised, never lowered: nothing may keep an
# agent from saying that somebody is in danger, and each rise has one degree less above it, so that these end too.
URGENCY_CHANGES_AT_MOST = 50


class TooManyChanges(Exception):
    """The urgency of this conversation was changed URGENCY_CHANGES_AT_MOST times already: it cannot be lowered."""


class NoteGone(Exception):
    """The note to replace is not there, is somebody else's, or was replaced already."""


def lock_own(conversation_id: int, by: AbstractBaseUser) -> tuple[Conversation, Agent]:
    """The conversation under its lock, with the agent who answers. Raises NotYours, ConversationClosed."""
    conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)
    agent = conversation.assigned_to
    if agent is None or agent.user_id != by.pk:
        raise NotYours
    if not conversation.is_open:
        raise ConversationClosed
    return conversation, agent


# --- a promise --------------------------------------------------------------------------------------------------------


def hold_minutes() -> tuple[int, ...]:
    """What an agent may promise, the shortest first."""
    return tuple(house.value(rule) for rule in house_rules.HOLD_CHOICES)


@transaction.atomic
def hold(*, conversation_id: int, minutes: int, by: AbstractBaseUser) -> Hold:
    """Promise to be back in so many minutes (of `hold_minutes`), and tell the person. A second one replaces the first.

    Raises TooManyHolds, NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation, agent = lock_own(conversation_id, by)
    if conversation.holds.count() >= HOLDS_AT_MOST:
        raise TooManyHolds
    now = clock.now()
    until = now + timedelta(minutes=minutes)
    conversation.holds.filter(ended_at__isnull=True).update(ended_at=now)
    message = say(
        conversation,
        sentences.BACK_SOON,
        now=now,
        familiar=desk.speaks_tu(conversation.report),
        # The first name alone: a discreet visit does not show who answers there.
        name=display.plain(agent.public_name),
        minutes=minutes,
        time=timezone.localtime(until).strftime("%H:%M"),
    )
    made = Hold.objects.create(
        conversation=conversation, agent=agent, seq=message.seq, minutes=minutes, held_at=now, until=until
    )
    conversation.events.create(kind=EventKind.HELD, at=now, by_id=by.pk, detail=f"{minutes} min")
    doorbell.message_posted(conversation.public_id, conversation.last_seq)
    return made


@transaction.atomic
def lift_hold(*, conversation_id: int, by: AbstractBaseUser) -> None:
    """End the promise that runs, kept or not, and tell the person. Raises NothingHeld, NotYours, ConversationClosed."""
    conversation, agent = lock_own(conversation_id, by)
    if desk.running_hold(conversation) is None:
        raise NothingHeld
    now = clock.now()
    conversation.holds.filter(ended_at__isnull=True).update(ended_at=now)
    say(conversation, sentences.BACK, now=now, name=display.plain(agent.public_name))
    conversation.events.create(kind=EventKind.HOLD_LIFTED, at=now, by_id=by.pk)
    doorbell.message_posted(conversation.public_id, conversation.last_seq)


# --- urgency ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def set_urgency(
    *, conversation_id: int, urgency: int, reason: str, by: AbstractBaseUser, explanation: str = ""
) -> Conversation:
    """The agent who answers says how urgent it is, and why: it decides the place, should the person wait again.

    reason: a value of `lifecycle.UrgencyReason`, kept in the history. explanation: kept as a note, sealed.
    The same degree again changes nothing. The person is told nothing.
    Raises TooManyChanges (when it would be lowered), TooManyNotes, NotYours, ConversationClosed.
    """
    conversation, agent = lock_own(conversation_id, by)
    if conversation.urgency != urgency:
        if (
            urgency < conversation.urgency
            and conversation.events.filter(kind=EventKind.URGENCY).count() >= URGENCY_CHANGES_AT_MOST
        ):
            raise TooManyChanges
        before, conversation.urgency = conversation.urgency, urgency
        critical = house.value(house_rules.CRITICAL_WEIGHT)
        is_by_rule = conversation.weight == weight_of(before, critical=critical)
        weight = weight_of(urgency, critical=critical)
        was_heavier = is_by_rule and weight < conversation.weight
        if is_by_rule:  # the weight follows, unless the agent has said another one than the rule's
            conversation.weight = weight
        conversation.is_crowded = False  # an agent has said it: no longer one of many that nobody has read
        conversation.save(update_fields=["urgency", "weight", "is_crowded"])
        weighed(was_heavier)
        detail = f"{before} → {urgency} {reason}"
        event = conversation.events.create(kind=EventKind.URGENCY, at=clock.now(), by_id=by.pk, detail=detail)
        if explanation:
            _add_note(conversation, agent, explanation, event=event)
    return conversation


# --- notes ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def write_note(*, conversation_id: int, body: str, by: AbstractBaseUser, replaces: int | None = None) -> Note:
    """Add a private note. replaces: the number of a note of one's own that this one corrects; its text stays.

    Raises NoteGone, TooManyNotes, NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation, agent = lock_own(conversation_id, by)
    before = None
    if replaces is not None:
        before = conversation.notes.filter(number=replaces, agent=agent, replaced_by__isnull=True).first()
        if before is None:
            raise NoteGone
    note = _add_note(conversation, agent, body, replaces=before)
    conversation.events.create(kind=EventKind.NOTED, at=note.written_at, by_id=by.pk, detail=str(note.number))
    return note


def _add_note(
    conversation: Conversation,
    agent: Agent,
    body: str,
    *,
    replaces: Note | None = None,
    event: ConversationEvent | None = None,
) -> Note:
    """The caller holds the lock of the conversation, which numbers its notes. Raises TooManyNotes."""
    number = conversation.notes.count() + 1
    if number > NOTES_AT_MOST:
        raise TooManyNotes
    return conversation.notes.create(
        number=number,
        agent=agent,
        sealed_body=keyring.seal(body, context=Note.context_of(conversation.public_id, number)),
        written_at=clock.now(),
        replaces=replaces,
        event=event,
    )
