"""Lets a supervisor see marks of danger of people who left before anybody dealt with them, and say that they are.

While an agent answers, a mark is theirs to deal with (`chat.casework.danger`), and still is when the person ended the
exchange. Of somebody who was taken out of the queue nobody else can (docs/adr/0116).
"""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, Exists, OuterRef, Q, When, Window

from chat import access
from chat.casework.danger import LEFT_FOR
from chat.models import Agent, Conversation, DangerMark, EventKind, Message
from chat.rules.lifecycle import Author
from chat.supervision.procedures import Recused, is_barred, may_end
from common import clock

# How many marks are shown. Each is of one conversation.
SHOWN = 50


class NoMark(Exception):
    """There is no such mark, it was dealt with, the person is back, or it is not this supervisor's to deal with."""


def left_marks(now: datetime, units: Collection[int]) -> tuple[list[DangerMark], int]:
    """Return the marks of those who left within LEFT_FOR, and how many more are not among them. One query.

    Only of whom a supervisor of these units may deal with (`may_end`). SHOWN at most: first people who had an agent or
    an answer of one, then others, those of crowded networks last; of each the last who left. Whoever files reports and
    writes words of danger in each hides nobody of the former.
    """
    rows = DangerMark.objects.pending().left(now - LEFT_FOR)
    rows = rows.filter(Q(conversation__assigned_to=None) | Q(conversation__assigned_to__unit__in=units))
    answered = Exists(Message.objects.filter(conversation=OuterRef("pk"), author=Author.AGENT))
    nobody_last = Case(When(Q(conversation__assigned_to__isnull=False) | answered, then=0), default=1)
    shown: list[Any] = list(
        rows.select_related("conversation__report__municipality", "conversation__assigned_to")
        .annotate(total=Window(Count("pk")))
        .order_by(nobody_last, "conversation__is_crowded", "-left_at", "pk")[:SHOWN]
    )
    return shown, shown[0].total - len(shown) if shown else 0


def count_elsewhere(now: datetime, units: Collection[int]) -> dict[str, int]:
    """Return for how many people of other units such a mark stands, by the name of the unit. One query."""
    rows = DangerMark.objects.pending().left(now - LEFT_FOR).filter(conversation__assigned_to__isnull=False)
    names = rows.exclude(conversation__assigned_to__unit__in=units).values_list("conversation__assigned_to__unit__name")
    return dict(names.annotate(count=Count("pk")).order_by("conversation__assigned_to__unit__name"))


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
    """Say that all marks of a conversation that is not open are dealt with. The history keeps who did.

    Raises NoMark; Recused when this supervisor knows somebody concerned and another one can say it (`is_barred`). Locks
    the conversation, so that nobody comes back to it meanwhile. Writes two rows.
    """
    Conversation.objects.select_for_update(of=("self",), no_key=True).filter(public_id=public_id).first()
    row = find_mark(public_id, by)
    if row is None:
        raise NoMark
    if is_barred(row.conversation, by):
        raise Recused
    row.dealt_seq = row.seqs[-1]
    row.save(update_fields=["dealt_seq"])
    row.conversation.record_event(EventKind.DANGER_DEALT, at=clock.now(), by=by.user)
