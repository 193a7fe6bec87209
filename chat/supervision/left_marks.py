"""Lets a supervisor see marks of danger of people who left before anybody dealt with them, and say that they are.

While an agent answers, a mark is theirs to deal with (`chat.casework.danger`), and still is when the person ended the
exchange. Of somebody who was taken out of the queue nobody else can (docs/adr/0116).
"""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from chat import access
from chat.casework.danger import LEFT_FOR
from chat.models import Agent, Conversation, DangerMark, EventKind
from chat.supervision.procedures import may_end
from common import clock

# How many marks are shown, the last ones first. Each is of one conversation.
SHOWN = 50


class NoMark(Exception):
    """There is no such mark, it was dealt with, the person is back, or it is not this supervisor's to deal with."""


def left_marks(now: datetime, units: Collection[int]) -> "QuerySet[DangerMark]":
    """Return the marks of those who left within LEFT_FOR, the last ones first, SHOWN at most. One query.

    Only of whom a supervisor of these units may deal with (`may_end`), so that others take no place from them.
    """
    rows = DangerMark.objects.pending().left(now - LEFT_FOR).filter(
        Q(conversation__assigned_to=None) | Q(conversation__assigned_to__unit__in=units)
    )
    rows = rows.select_related("conversation__report__municipality", "conversation__assigned_to")
    return rows.order_by("-left_at", "pk")[:SHOWN]


def find_mark(public_id: uuid.UUID, by: Agent) -> DangerMark | None:
    """Return the mark of this conversation if this supervisor may deal with it (`may_end`), or None. Two queries."""
    now = clock.now()
    rows = DangerMark.objects.pending().left(now - LEFT_FOR).filter(conversation__public_id=public_id)
    row = rows.select_related("conversation__report__municipality", "conversation__assigned_to__unit").first()
    if row is None or not by.user.is_supervisor or not may_end(row.conversation, access.reach_of(by, now)):
        return None
    return row


@transaction.atomic
def deal_with_left(*, public_id: uuid.UUID, by: Agent) -> None:
    """Say that all marks of a conversation that is not open are dealt with. The history keeps who did. Raises NoMark.

    Locks the conversation, so that nobody comes back to it meanwhile. Writes two rows.
    """
    Conversation.objects.select_for_update(of=("self",), no_key=True).filter(public_id=public_id).first()
    row = find_mark(public_id, by)
    if row is None:
        raise NoMark
    row.dealt_seq = row.seqs[-1]
    row.save(update_fields=["dealt_seq"])
    row.conversation.record_event(EventKind.DANGER_DEALT, at=clock.now(), by=by.user)
