"""Promises of an agent to be back (« Je reviens dans 5 minutes »): making and ending them, and finding those that run.

Callers have proven access by `chat.access`.
"""

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from chat import pubsub
from chat.casework.lock import lock_assigned
from chat.messages.writing import say_line
from chat.models import Conversation, EventKind, Hold
from chat.rules.lifecycle import Status
from chat.texts import thread as thread_texts
from common import clock, plain_text
from common.service_settings import definitions, values
from reports import form_of_address


class NothingHeld(Exception):
    """No promise is running, so that there is none to end."""


# Most promises of one conversation: one every eight minutes for eight hours. Each writes two lines into the thread.
HOLDS_AT_MOST = 60


class TooManyHolds(Exception):
    """This conversation has had HOLDS_AT_MOST promises already."""


# --- a promise --------------------------------------------------------------------------------------------------------


def hold_minutes() -> tuple[int, ...]:
    """Return the numbers of minutes that an agent may promise, the shortest first. They are settings of the service."""
    return tuple(values.get(rule) for rule in definitions.HOLD_CHOICES)


@transaction.atomic
def promise_return(*, conversation_id: int, minutes: int, by: AbstractBaseUser, spares_reply: bool = False) -> Hold:
    """Promise to be back in this many minutes (one of `hold_minutes`), and tell the person.

    spares_reply: a reply lies in the answer beside it, and sending that at once (`notes.SPARED_FOR`) does not end the
    promise. A new promise replaces one that is running. Raises TooManyHolds, NotYours, ConversationClosed. Locks the
    conversation row only.
    """
    conversation, agent = lock_assigned(conversation_id, by)
    if conversation.holds.count() >= HOLDS_AT_MOST:
        raise TooManyHolds
    now = clock.now()
    until = now + timedelta(minutes=minutes)
    conversation.holds.filter(ended_at__isnull=True).update(ended_at=now)
    message = say_line(
        conversation,
        thread_texts.BACK_SOON,
        now=now,
        familiar=form_of_address.speaks_tu(conversation.report),
        # The public name only, without the force, which a discreet visit must not show.
        name=plain_text.plain(agent.public_name),
        minutes=minutes,
        time=timezone.localtime(until).strftime("%H:%M"),
    )
    made = Hold.objects.create(
        conversation=conversation,
        agent=agent,
        seq=message.seq,
        minutes=minutes,
        held_at=now,
        until=until,
        spares_reply=spares_reply,
    )
    conversation.record_event(EventKind.HELD, at=now, by=by, detail=f"{minutes} min")
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    return made


@transaction.atomic
def lift_hold(*, conversation_id: int, by: AbstractBaseUser) -> None:
    """End the promise that is running, in time or not, and tell the person that the agent is back.

    Raises NothingHeld, NotYours, ConversationClosed. Locks the conversation row only.
    """
    conversation, agent = lock_assigned(conversation_id, by)
    if running_hold(conversation) is None:
        raise NothingHeld
    now = clock.now()
    conversation.holds.filter(ended_at__isnull=True).update(ended_at=now)
    say_line(conversation, thread_texts.BACK, now=now, name=plain_text.plain(agent.public_name))
    conversation.record_event(EventKind.HOLD_LIFTED, at=now, by=by)
    pubsub.message_posted(conversation.public_id, conversation.last_seq)


def running_holds() -> "QuerySet[Hold]":
    """Return the promises that are running.

    They were made since the conversation was last assigned, were not ended, and their agent has written nothing since,
    but for the reply that a macro put beside the promise (`Hold.spares_reply`).
    """
    given = F("conversation__assigned_at")
    return Hold.objects.unanswered().filter(
        ended_at__isnull=True, held_at__gte=given, conversation__status=Status.ACTIVE
    )


def running_hold(conversation: Conversation) -> Hold | None:
    """Return the running promise of the conversation's present agent, even if its time has passed; or None."""
    return running_holds().filter(conversation=conversation, agent=conversation.assigned_to).first()
