"""Builds the tree of digests of each past day, chunk by chunk, and then the statement that authorities stamp.

The worker calls `Duty.run` at each tick. Each chunk has a transaction of its own, so that nobody waits for a busy day,
and a worker that was killed goes on after the last committed chunk. The items of a day come from *sources*, one for
each kind of item. The worker gets a list of sources, to which another kind can be added.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Protocol

from django.db import connection, transaction
from django.utils import timezone

from reports.models import ProofChunk, ProofDay
from reports.rules import merkle
from reports.rules.date_proofs import FIRST, Statement

# The key of PostgreSQL's advisory lock under which a tree grows, so that two workers never take the same items.
GROWING = 0x504E4156_0E
# How many leaves a chunk has: a power of two, so that the root of each chunk is a node of the day's tree. Decrypting
# and hashing so many messages delays the worker's tick by some hundredths of a second (docs/adr/0084).
CHUNK = 1024
SIZE_MOST = 1000 * CHUNK  # the most leaves of a day; further items are left to the next day
ASK_SECONDS = 60.0  # how often the worker checks whether a day is over

HASH = merkle.HASH_BYTES


@dataclass(slots=True)
class Part:
    """Consecutive leaves, and what their source needs to know of them. first: the index of the first leaf."""

    leaves: Sequence[bytes]
    about: Any = field(repr=False)
    first: int = 0


class Source(Protocol):
    """Supplies one kind of item for one tree, and remembers how far it has come."""

    kind: ClassVar[str]

    def take(self, most: int) -> list[Part]:
        """Return items that existed when the day ended and have no leaf yet, at most `most` leaves; [] if none is left.

        Called in a transaction. It locks what it reads, and does not wait for other locks.
        """

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Store the places of these leaves, in the same transaction. May change `day`, which is saved afterwards."""

    def end(self) -> dict[str, Any] | None:
        """Return how far this tree has read, for the next day's (`newest_marks`), once all items were taken.

        None means that the next one begins where this one did.
        """


type Sources = Callable[[datetime], Sequence[Source]]  # the sources of items that existed before this moment


def end_of(day: date) -> datetime:
    """Return the moment at which a day is over, in the site's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time()))


def next_day(now: datetime) -> date | None:
    """Return the day whose tree has to be made or finished; None if there is none. One statement."""
    newest = ProofDay.objects.order_by("-day").values_list("day", "closed_at").first()
    if newest is None:
        day = timezone.localdate(now) - timedelta(days=1)
    elif newest[1] is None:
        day = newest[0]
    else:
        day = newest[0] + timedelta(days=1)
    return day if end_of(day) <= now else None


def newest_marks() -> dict[str, dict[str, Any]]:
    """Return what each source stored with the newest complete tree, by kind. One statement."""
    marks = ProofDay.objects.filter(marks__isnull=False).order_by("-day").values_list("marks", flat=True).first()
    return marks or {}


@transaction.atomic
def grow(sources: Sequence[Source], day: date) -> bool:
    """Add one chunk to the tree of a day, and close the day after the last. Return whether there is more to do.

    At most CHUNK items are decrypted. Returns False too when another worker does it now.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s), clock_timestamp()", [GROWING])
        has_turn, now = cursor.fetchone()
    if not has_turn or day != next_day(now):
        return False
    row, _is_new = ProofDay.objects.get_or_create(day=day)
    leaves: list[bytes] = []
    for source in sources:
        while len(leaves) < CHUNK:
            parts = source.take(CHUNK - len(leaves))
            if not parts:
                break
            for part in parts:
                part.first = row.size + len(leaves)
                leaves += part.leaves
            source.keep(row, parts)
    if leaves:
        number, whole = divmod(row.size, CHUNK)
        assert whole == 0, "a chunk that is not the last is full"  # noqa: S101
        ProofChunk.objects.create(day=row, number=number, hashes=b"".join(leaves), root=merkle.root_of(leaves))
    row.size += len(leaves)
    goes_on = len(leaves) == CHUNK and row.size < SIZE_MOST
    if not goes_on:
        if len(leaves) < CHUNK:  # all items were taken
            _mark(sources, row)
        _close(row, now)
    row.save()
    return goes_on


def _mark(sources: Sequence[Source], row: ProofDay) -> None:
    """Store the marks of this tree in place of the former ones; a source without a new mark keeps its former one."""
    marks = newest_marks()
    for source in sources:
        if (mark := source.end()) is not None:
            marks[source.kind] = mark
    ProofDay.objects.filter(day__lt=row.day, marks__isnull=False).update(marks=None)
    row.marks = marks


def _close(row: ProofDay, now: datetime) -> None:
    """Close the day: write its statement, which also covers the statements of all days before."""
    roots = [bytes(root) for root in row.chunks.order_by("number").values_list("root", flat=True)]
    before = ProofDay.objects.filter(day__lt=row.day).order_by("-day").values_list("digest", flat=True).first()
    statement = Statement(row.day, row.size, merkle.root_of(roots).hex(), before or FIRST)
    row.statement, row.digest, row.closed_at = statement.text, statement.digest, now


class Duty:
    """It is the worker's duty, which makes one chunk at each call. sources: returns the sources for the end of a
    day."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._day: date | None = None
        self._under_way: Sequence[Source] = ()
        self._ask_at = 0.0

    def run(self) -> None:
        """Do the next step. Between two days this takes two statements a minute.

        Raises the database's errors; the next call then goes on from what was committed.
        """
        if self._day is None:
            if time.monotonic() < self._ask_at:
                return
            self._ask_at = time.monotonic() + ASK_SECONDS
            with connection.cursor() as cursor:
                cursor.execute("SELECT clock_timestamp()")
                (now,) = cursor.fetchone()
            self._day = next_day(now)
            if self._day is None:
                return
            self._under_way = self._sources(end_of(self._day))
        day, self._day = self._day, None
        if grow(self._under_way, day):
            self._day = day
        else:
            self._ask_at = 0.0  # another day may have been missed


def run_all(sources: Sources) -> None:
    """Make everything that is due now, for commands and tests."""
    duty = Duty(sources)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    while next_day(now) is not None:
        duty.run()
