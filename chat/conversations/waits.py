"""Computes since when a person waits for words of the service, whoever holds the conversation.

They wait since the oldest message of theirs that no agent has answered: a hand-over, an agent who is lost and a way
through the queue change nothing about that. Somebody who has written nothing, and whom nobody has greeted, waits since
the first agent was given to them. That of the present agent is a second figure: it never begins before their coming.
"""

from datetime import datetime
from typing import Any

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.models import ConversationEvent, EventKind, Message
from chat.rules.lifecycle import Author


def with_waits(conversations: "QuerySet[Any]") -> "QuerySet[Any]":
    """Add `spoken_seq` (the last message of an agent, 0 for none), `unanswered_at` and `first_given_at`.

    Each is one look in an index for each row, whatever the length of the thread: `message_of_agent`, the numbers of
    the thread, the events of the conversation.
    """
    spoken = Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT).order_by("-seq")
    unanswered = Message.objects.filter(
        conversation=OuterRef("pk"), author=Author.REPORTER, seq__gt=OuterRef("spoken_seq")
    ).order_by("seq")
    given = ConversationEvent.objects.filter(conversation=OuterRef("pk"), kind=EventKind.ASSIGNED).order_by("pk")
    last = Coalesce(Subquery(spoken.values("seq")[:1]), 0, output_field=IntegerField())
    return conversations.annotate(spoken_seq=last).annotate(
        unanswered_at=Subquery(unanswered.values("sent_at")[:1]), first_given_at=Subquery(given.values("at")[:1])
    )


def waits_since(row: Any) -> datetime | None:
    """Return since when this person waits; None when the word is theirs. row: under way, read through `with_waits`."""
    if row.unanswered_at is not None:
        moment: datetime = row.unanswered_at
        return moment
    if row.spoken_seq:
        return None
    return min(moment for moment in (row.assigned_at, row.first_given_at) if moment is not None)


def agent_owes_since(row: Any, since: datetime) -> datetime:
    """Return since when the present agent could have answered somebody who waits `since` then."""
    return max(since, row.assigned_at)
