"""Computes since when a person waits for an answer, whoever has the conversation.

A person waits since the oldest of their messages that no agent has answered. A hand-over, a lost agent and a return to
the queue change nothing about that. A person who has written nothing, and whom no agent has written to, waits since the
first agent was given to them. For the present agent there is a second figure, which never begins before they came.
"""

from datetime import datetime
from typing import Any

from django.db.models import IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from chat.models import ConversationEvent, EventKind, Message
from chat.rules.lifecycle import Author


def with_waits(conversations: "QuerySet[Any]") -> "QuerySet[Any]":
    """Add three columns: `spoken_seq`, `unanswered_at` and `first_given_at`.

    spoken_seq: the number of the last message of an agent, 0 for none. unanswered_at: when the person wrote the first
    message after that, or None. first_given_at: when an agent was first assigned. Each costs one look into an index for
    each row, however long the thread is.
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
    """Return since when this person waits; None when it is their turn to write.

    row: a conversation under way, read through `with_waits`.
    """
    if row.unanswered_at is not None:
        moment: datetime = row.unanswered_at
        return moment
    if row.spoken_seq:
        return None
    return min(moment for moment in (row.assigned_at, row.first_given_at) if moment is not None)


def agent_owes_since(row: Any, since: datetime) -> datetime:
    """Return since when the present agent could have answered: `since`, but not before they were assigned."""
    return max(since, row.assigned_at)
