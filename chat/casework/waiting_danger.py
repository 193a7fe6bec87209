"""This module marks people in the queue who write of suicide or danger. The worker does it, because no agent's page
reads what they write."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chat import pubsub
from chat.casework import danger
from chat.models import Conversation

# Those of the last tick in which a message could not be opened, CONVERSATIONS_AT_ONCE at most. They come last in the
# next one, so that keys that are away or gone keep nobody else from being looked at.
_unopened: set[UUID] = set()

# Conversations that are looked at in one tick, and how many of the last messages of each, of both sides.
CONVERSATIONS_AT_ONCE, MESSAGES_READ = 50, 20


@dataclass(frozen=True, slots=True)
class _Row:
    """It is a conversation that waits and in which the person wrote. marked: the messages that are not dealt with."""

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
    Marks are kept in three statements. Neither the place nor the urgency of anybody changes.
    """
    phrases = danger.phrases_as_json()
    known = danger.looked.known(phrases)
    waiting = Conversation.objects.waiting().filter(reporter_due_at__isnull=False).order_by("queued_at", "pk")
    values = waiting.values_list("pk", "public_id", "last_seq", "danger_mark__seqs", "danger_mark__dealt_seq")
    new = [row for row in values if row[2] > known.get(row[1], 0)]
    new.sort(key=lambda row: row[1] in _unopened)
    rows = [
        _Row(pk, public_id, last_seq, [seq for seq in seqs or () if seq > dealt_seq], dealt_seq or 0)
        for pk, public_id, last_seq, seqs, dealt_seq in new[:CONVERSATIONS_AT_ONCE]
    ]
    if not rows:
        return 0
    asked = [_messages_of(row, known.get(row.public_id, 0)) for row in rows]
    found, unopened = danger.find_in(asked, {row.pk: row.public_id for row in rows})
    _unopened.clear()
    _unopened.update(row.public_id for row in rows if row.pk in unopened)
    fresh = {row.pk: len(found.get(row.pk, {}).keys() - set(row.marked)) for row in rows}
    with transaction.atomic():
        if any(fresh.values()):
            danger.keep_marks({pk: found[pk] for pk, count in fresh.items() if count})
            transaction.on_commit(pubsub.queue_changed)
        danger.note_looked({row.public_id: row.last_seq for row in rows if row.pk not in unopened}, phrases)
    return sum(fresh.values())


def _messages_of(row: _Row, known: int) -> Q:
    """Return which messages are read: those after `known` and what is dealt with, and those that are marked."""
    after = max(row.dealt_seq, row.last_seq - MESSAGES_READ, known)
    return Q(conversation=row.pk) & (Q(seq__gt=after, seq__lte=row.last_seq) | Q(seq__in=row.marked))
