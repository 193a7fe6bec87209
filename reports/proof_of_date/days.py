"""Builds the tree of digests of each closed day, a chunk at a time, and the statement that is stamped of it.

The worker calls `Duty.run` at each tick: one chunk a transaction, so that nobody waits for a busy day, and whoever is
killed goes on after the last chunk that was committed. What a day's tree holds comes from *sources*, one for each kind
of item; a kind joins by being one more in the list that the worker is given.
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

# The key of PostgreSQL's advisory lock under which a tree grows: two workers never take the same items.
GROWING = 0x504E4156_0E
# Leaves of a chunk: a power of two, so that the root of each is a node of the day's tree. Opening and hashing so many
# messages holds the worker's tick for some hundredths of a second (docs/adr/0084).
CHUNK = 1024
SIZE_MOST = 1000 * CHUNK  # leaves of a day; what is more goes to the next one
ASK_SECONDS = 60.0  # how often it is asked whether a day is over

HASH = merkle.HASH_BYTES


@dataclass(slots=True)
class Part:
    """Leaves that stand side by side, and what their source knows of them. first: the place of the first one."""

    leaves: Sequence[bytes]
    about: Any = field(repr=False)
    first: int = 0


class Source(Protocol):
    """One kind of item, for one tree: it remembers how far it has come."""

    kind: ClassVar[str]

    def take(self, most: int) -> list[Part]:
        """Parts of what was there when the day ended and has no leaf yet, `most` leaves together; none: all have one.

        Inside a transaction; locks what it reads, and waits for nobody.
        """

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Remember where these stand, in the same transaction. May change `day`, which is saved afterwards."""

    def end(self) -> dict[str, Any] | None:
        """Say how far this tree looked, for that of the next day (`newest_marks`): asked once all was taken. None: that
        one looks where this one did."""


type Sources = Callable[[datetime], Sequence[Source]]  # for what was there before this instant


def end_of(day: date) -> datetime:
    """Return the instant at which a day is over, where the site is."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), datetime.min.time()))


def next_day(now: datetime) -> date | None:
    """Return the day whose tree is to be made or finished; None while none is over. One statement."""
    newest = ProofDay.objects.order_by("-day").values_list("day", "closed_at").first()
    if newest is None:
        day = timezone.localdate(now) - timedelta(days=1)
    elif newest[1] is None:
        day = newest[0]
    else:
        day = newest[0] + timedelta(days=1)
    return day if end_of(day) <= now else None


def newest_marks() -> dict[str, dict[str, Any]]:
    """What the sources remember of the newest tree that took all there was, by their kinds. One statement."""
    marks = ProofDay.objects.filter(marks__isnull=False).order_by("-day").values_list("marks", flat=True).first()
    return marks or {}


@transaction.atomic
def grow(sources: Sequence[Source], day: date) -> bool:
    """Add one chunk to the tree of a day, and close it when that was the last; whether it goes on.

    At most CHUNK items are opened. False too when another worker does it now.
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
        if len(leaves) < CHUNK:  # all of it was taken
            _mark(sources, row)
        _close(row, now)
    row.save()
    return goes_on


def _mark(sources: Sequence[Source], row: ProofDay) -> None:
    """Marks of this tree in place of those before it; of a source that leaves none, its former one."""
    marks = newest_marks()
    for source in sources:
        if (mark := source.end()) is not None:
            marks[source.kind] = mark
    ProofDay.objects.filter(day__lt=row.day, marks__isnull=False).update(marks=None)
    row.marks = marks


def _close(row: ProofDay, now: datetime) -> None:
    """Its statement, which also holds those of all days before."""
    roots = [bytes(root) for root in row.chunks.order_by("number").values_list("root", flat=True)]
    before = ProofDay.objects.filter(day__lt=row.day).order_by("-day").values_list("digest", flat=True).first()
    statement = Statement(row.day, row.size, merkle.root_of(roots).hex(), before or FIRST)
    row.statement, row.digest, row.closed_at = statement.text, statement.digest, now


class Duty:
    """The worker's duty: each call makes one chunk at most. sources: of what was there before an instant."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._day: date | None = None
        self._under_way: Sequence[Source] = ()
        self._ask_at = 0.0

    def run(self) -> None:
        """Raises errors of the database: the day is then taken up again, from what was committed. Between two days:
        two statements a minute."""
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
            self._ask_at = 0.0  # a day that was missed may follow


def run_all(sources: Sources) -> None:
    """Make all that is due, now: for commands and tests."""
    duty = Duty(sources)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    while next_day(now) is not None:
        duty.run()
