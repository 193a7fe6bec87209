"""Reads the journal of a conversation that was just obtained by `chat.access`, for its person and for its agent."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from chat.journal.facts import Fact, Told, in_order
from chat.models import Conversation, JournalFact
from common.encryption import UnsealError

logger = logging.getLogger(__name__)

PIECE = 20  # facts of one page of the person


def told_of(row: JournalFact) -> Told | None:
    """What was written; None when no key opens it where it stands. row: with its conversation."""
    try:
        return Told.from_words(row.words)
    except UnsealError:
        logger.error("a fact of the journal cannot be opened %s", row.conversation.public_id)
        return None


def _opened(conversation: Conversation, rows: Iterable[JournalFact]) -> list[Fact]:
    found = []
    for row in rows:
        row.conversation = conversation
        told = told_of(row)
        found.append(
            Fact(row.public_id, row.number, told, row.noted_at, row.shown_at, row.read_at, changed_at=row.changed_at)
        )
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """How many facts a journal has; of them, those that are private, and those that are shown and not read."""

    all: int
    private: int
    unread: int

    @property
    def read(self) -> int:
        """How many were shown and read."""
        return self.all - self.private - self.unread


def count_facts(conversation: Conversation, *, only: Collection[UUID] | None = None) -> Counts:
    """One statement; no word is opened. only: of these."""
    rows = _of(conversation, only)
    found = rows.aggregate(
        all=Count("pk"),
        private=Count("pk", filter=Q(shown_at__isnull=True)),
        unread=Count("pk", filter=Q(shown_at__isnull=False, read_at__isnull=True)),
    )
    return Counts(**found)


def _of(conversation: Conversation, only: Collection[UUID] | None) -> QuerySet[JournalFact]:
    rows = JournalFact.objects.filter(conversation=conversation)
    return rows if only is None else rows.filter(public_id__in=only)


def own_piece(
    conversation: Conversation, *, before: int = 0, only: Collection[UUID] | None = None
) -> tuple[list[Fact], int]:
    """The facts of a person as they noted them, the last one first, PIECE at most; and the number before which the next
    piece begins, 0 when there is none. before: where this piece begins; 0 for the last facts. only: of these."""
    rows = _of(conversation, only).order_by("-number")
    if before:
        rows = rows.filter(number__lt=before)
    found = _opened(conversation, rows[: PIECE + 1])
    return found[:PIECE], found[PIECE - 1].number if len(found) > PIECE else 0


def own_fact(conversation: Conversation, public_id: UUID, only: Collection[UUID] | None = None) -> Fact | None:
    """One of them."""
    if only is not None and public_id not in only:
        return None
    return next(iter(_opened(conversation, _of(conversation, [public_id]))), None)


def own_facts(conversation: Conversation) -> list[Fact]:
    """All of them, private ones too, by their dates: for their person's own copy (`chat.personal_copy`)."""
    return in_order(_opened(conversation, _of(conversation, None).order_by("number")))


def shown_facts(conversation: Conversation, most: int) -> list[Fact]:
    """What its person has shown, read or not, by its dates; so many at most."""
    rows = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False)
    return in_order(_opened(conversation, rows))[:most]


def has_shown(conversation: Conversation) -> bool:
    """Return whether the person has shown any fact."""
    return JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False).exists()


def read_facts(conversation: Conversation, until: datetime | None = None) -> list[Fact]:
    """What was shown, and went to the agent's page (`actions.mark_read`), by its dates. At most as many as a journal
    has: their dates are sealed, so that only who opens all of them knows their order (500: 15 ms).

    until: of what went with a summary (`count_read`); nothing that was read later.
    """
    rows = JournalFact.objects.filter(conversation=conversation, read_at__isnull=False)
    return in_order(_opened(conversation, rows if until is None else rows.filter(read_at__lte=until)))


def count_read(conversation: Conversation, until: datetime | None = None) -> tuple[int, datetime | None]:
    """How many facts were shown and read, and when the last of them was; None where none was. What is read stays, so
    that both say for ever which facts these are. until: of those that were read by then. No word is opened."""
    rows = _of(conversation, None).filter(read_at__isnull=False)
    if until is not None:
        rows = rows.filter(read_at__lte=until)
    found = rows.aggregate(count=Count("pk"), last=Max("read_at"))
    return found["count"], found["last"]
