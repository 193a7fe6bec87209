"""This module reads the journal of a conversation that the caller has just obtained by `chat.access`, for person and
agent."""

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from chat.journal.facts import Fact, Told, in_order
from chat.models import Conversation, JournalFact
from common.encryption import UnsealError

logger = logging.getLogger(__name__)

PIECE = 20  # how many facts a page of the person shows
SEALED_PIECE = 100  # how many rows are in memory, encrypted, while all facts are read


def told_of(row: JournalFact) -> Told | None:
    """Return the decrypted words of a fact; None when they cannot be decrypted. row: the fact, read together with its
    conversation.
    """
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
            Fact(
                row.public_id,
                row.number,
                told,
                row.noted_at,
                row.shown_at,
                row.read_at,
                changed_at=row.changed_at,
                is_withheld=row.is_withheld,
            )
        )
    return found


def _opened_in_pieces(conversation: Conversation, rows: "QuerySet[JournalFact]") -> Iterator[Fact]:
    """Yield these facts. One statement for each SEALED_PIECE of them."""
    last, is_more = 0, True
    while is_more:
        found = _opened(conversation, rows.filter(number__gt=last).order_by("number")[:SEALED_PIECE])
        is_more = len(found) == SEALED_PIECE
        last = found[-1].number if found else last
        yield from found


@dataclass(frozen=True, slots=True)
class Counts:
    """It is how many facts a journal has, how many are private, and how many are shown and not read."""

    all: int
    private: int
    unread: int

    @property
    def read(self) -> int:
        """Return how many facts were shown and read."""
        return self.all - self.private - self.unread


def count_facts(conversation: Conversation, *, only: Collection[UUID] | None = None) -> Counts:
    """Count the facts with one statement; nothing is decrypted. only: count only these."""
    rows = _of(conversation, only)
    found = rows.aggregate(
        all=Count("pk"),
        private=Count("pk", filter=Q(shown_at__isnull=True)),
        unread=Count("pk", filter=Q(shown_at__isnull=False, read_at__isnull=True)),
    )
    return Counts(**found)


def private_facts(conversation: Conversation, only: Collection[UUID] | None = None) -> list[UUID]:
    """Return the ids of the facts that are private. only: look at these; None for all. One statement."""
    return list(_of(conversation, only).filter(shown_at__isnull=True).values_list("public_id", flat=True))


def _of(conversation: Conversation, only: Collection[UUID] | None) -> QuerySet[JournalFact]:
    rows = JournalFact.objects.filter(conversation=conversation)
    return rows if only is None else rows.filter(public_id__in=only)


def own_piece(
    conversation: Conversation, *, before: int = 0, only: Collection[UUID] | None = None
) -> tuple[list[Fact], int]:
    """Return at most PIECE facts of a person, the last noted first, and where the next piece begins (0 for none).

    before: only facts with a smaller number; 0 for the last facts. only: only these facts.
    """
    rows = _of(conversation, only).order_by("-number")
    if before:
        rows = rows.filter(number__lt=before)
    found = _opened(conversation, rows[: PIECE + 1])
    return found[:PIECE], found[PIECE - 1].number if len(found) > PIECE else 0


def own_fact(conversation: Conversation, public_id: UUID, only: Collection[UUID] | None = None) -> Fact | None:
    """Return one fact of the person; None if there is none."""
    if only is not None and public_id not in only:
        return None
    return next(iter(_opened(conversation, _of(conversation, [public_id]))), None)


def own_facts(conversation: Conversation) -> list[Fact]:
    """Return all facts by date, private ones too, for the person's own copy (`chat.personal_copy`)."""
    return in_order(_opened_in_pieces(conversation, _of(conversation, None)))


def shown_facts(conversation: Conversation, most: int) -> list[Fact]:
    """Return the shown facts by date, read or not, at most so many."""
    rows = JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False)
    return in_order(_opened(conversation, rows))[:most]


def has_shown(conversation: Conversation) -> bool:
    """Return whether the person has shown any fact."""
    return JournalFact.objects.filter(conversation=conversation, shown_at__isnull=False).exists()


def read_facts(conversation: Conversation, until: datetime | None = None) -> list[Fact]:
    """Return the facts that were shown and read (`actions.mark_read`), by date.

    All of them are decrypted, because only then their dates are known (500 take 15 ms). until: only those that were
    read by then, which went with a summary (`count_read`).
    """
    rows = JournalFact.objects.filter(conversation=conversation, read_at__isnull=False)
    return in_order(_opened_in_pieces(conversation, rows if until is None else rows.filter(read_at__lte=until)))


def read_ids(conversation: Conversation, until: datetime | None = None) -> list[UUID]:
    """Return the ids of the facts that `read_facts` returns, in no order. One statement; nothing is decrypted."""
    rows = _of(conversation, None).filter(read_at__isnull=False)
    rows = rows if until is None else rows.filter(read_at__lte=until)
    return list(rows.values_list("public_id", flat=True))


def count_read_of(conversation: Conversation, only: Collection[UUID]) -> int:
    """Return how many of these facts were shown and read. One statement."""
    return _of(conversation, only).filter(read_at__isnull=False).count()


def count_read(conversation: Conversation, until: datetime | None = None) -> tuple[int, datetime | None]:
    """Return how many facts were shown and read, and when the last of them was (None for none).

    Read facts never change, so these two always identify the same facts. until: only those that were read by then.
    Nothing is decrypted.
    """
    rows = _of(conversation, None).filter(read_at__isnull=False)
    if until is not None:
        rows = rows.filter(read_at__lte=until)
    found = rows.aggregate(count=Count("pk"), last=Max("read_at"))
    return found["count"], found["last"]
