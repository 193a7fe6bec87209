"""This module marks people in the queue who write of suicide or danger, and what people wrote just before they left.
The worker does it, because no agent's page reads what the former write, and perhaps none what the latter wrote."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from chat import pubsub
from chat.casework import danger
from chat.models import Conversation, DangerMark

# Keys of those of the last tick in which a message could not be opened, as many as are looked at in one. In the next
# one those who wait come last, and those who left not at all, so that keys that are away or gone keep nobody else from
# being looked at. It is written anew by each tick, also by one that has nothing to look at.
_unopened: set[int] = set()

# Conversations of people who wait that are looked at in one tick, of people who left, and how many of the last messages
# of each, of both sides. A raid that leaves delays nobody who waits, and one that waits nobody who left.
CONVERSATIONS_AT_ONCE, LEFT_AT_ONCE, MESSAGES_READ = 50, 10, 20


@dataclass(frozen=True, slots=True)
class _Row:
    """It is a conversation that waits or was left, and in which the person wrote. marked: messages not dealt with."""

    pk: int
    public_id: UUID
    last_seq: int
    marked: Sequence[int]
    dealt_seq: int


def mark_who_waits() -> int:
    """Mark messages that tell of suicide or danger and that came while nobody answers, and return how many were found.

    One query of everybody who waits and has written. What this process has looked at is not read again
    (`danger.looked`). Of at most CONVERSATIONS_AT_ONCE conversations with something new, the longest wait first, one
    query reads MESSAGES_READ messages each, and the marked ones (`danger.MARKS_AT_MOST`); all of these are decrypted.
    Where a marked one is a line that tells of the person's version of a summary, one more query reads that version.
    Another query is of those that the person left, by an end or out of the queue, whose last words nobody has looked
    at: LEFT_AT_ONCE at most, the first to leave first. They are read with the others, for a day at most, until all
    their messages could be opened. Marks are kept in four statements, and two more note in whose nothing was found.
    Neither the place nor the urgency of anybody changes.
    """
    phrases = danger.phrases_as_json()
    known = danger.looked.known(phrases)
    left = _left(timezone.now())
    rows = [*_waiting(known), *left]
    if not rows:
        _unopened.clear()
        return 0
    asked = [_messages_of(row, known.get(row.public_id, 0)) for row in rows]
    found, unopened = danger.find_in(
        asked, {row.pk: row.public_id for row in rows}, {row.pk: row.marked for row in rows}
    )
    _unopened.clear()
    _unopened.update(unopened)
    fresh = {row.pk: len(found.get(row.pk, {}).keys() - set(row.marked)) for row in rows}
    with transaction.atomic():
        if any(fresh.values()):
            danger.keep_marks({pk: found[pk] for pk, count in fresh.items() if count})
            transaction.on_commit(pubsub.queue_changed)
        if calm := [row.pk for row in left if not fresh[row.pk] and row.pk not in unopened]:
            DangerMark.objects.filter(pk__in=calm).looked_at()
        danger.note_looked({row.public_id: row.last_seq for row in rows if row.pk not in unopened}, phrases)
    return sum(fresh.values())


def _waiting(known: dict[UUID, int]) -> list[_Row]:
    """Return CONVERSATIONS_AT_ONCE of those who wait and wrote what is not looked at; last those not opened before."""
    waiting = Conversation.objects.waiting().filter(reporter_due_at__isnull=False).order_by("queued_at", "pk")
    values = waiting.values_list("pk", "public_id", "last_seq", "danger_mark__seqs", "danger_mark__dealt_seq")
    new = [row for row in values if row[2] > known.get(row[1], 0)]
    return _rows(sorted(new, key=lambda row: row[0] in _unopened)[:CONVERSATIONS_AT_ONCE])


def _left(now: datetime) -> list[_Row]:
    """Return LEFT_AT_ONCE of those who left and are still to be looked at, without those that the last tick did not
    open: they are looked at again in the next one."""
    rows = DangerMark.objects.to_look_at(now - danger.LEFT_FOR).exclude(pk__in=list(_unopened))
    columns = rows.annotate(public_id=F("conversation__public_id"), last_seq=F("conversation__last_seq"))
    values = columns.order_by("left_at", "pk").values_list("pk", "public_id", "last_seq", "seqs", "dealt_seq")
    return _rows(values[:LEFT_AT_ONCE])


def _rows(values: Iterable[tuple[Any, ...]]) -> list[_Row]:
    return [
        _Row(pk, public_id, last_seq, [seq for seq in seqs or () if seq > dealt_seq], dealt_seq or 0)
        for pk, public_id, last_seq, seqs, dealt_seq in values
    ]


def _messages_of(row: _Row, known: int) -> Q:
    """Return which messages are read: those after `known` and what is dealt with, and those that are marked."""
    after = max(row.dealt_seq, row.last_seq - MESSAGES_READ, known)
    return Q(conversation=row.pk) & (Q(seq__gt=after, seq__lte=row.last_seq) | Q(seq__in=row.marked))
