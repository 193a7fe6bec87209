"""This is the tamper-evident audit log: who read or did what, about whom, why and when, chained by hashes
(docs/adr/0031).

`record` writes a line in the transaction of the act itself; `verify` reads the chain and names its first break.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from typing import Any, Protocol, Self

from django.db import connection
from django.db.models import Q

from reports.models import AccessKind, AccessRecord, Motive

VERSION = 1
# The key of PostgreSQL's advisory lock under which a line takes its number (chat.conversations.dispatcher has 01 and 02
# of the family).
TAIL = 0x504E4156_03
MANY = 1000  # how many lines are sent to PostgreSQL at once
# How far from its place it is tried where a line stood before; the bound is there because a line may have any number.
FAR = 100_000

# The line of a form of the admin that was saved as it was shown. A change says which fields it was of.
CHANGED_NOTHING = Q(kind=AccessKind.ADMIN_CHANGE, detail="")


class Unrecorded(Exception):
    """An act would have happened without its line in the audit log, so it is undone."""


# --- a line and its digest ------------------------------------------------------------------------------------------


class Line(Protocol):
    """These are the values from which the digest of a line is made: an `AccessRecord`, or its values."""

    number: Any
    version: Any
    at: Any
    kind: Any
    account_id: Any
    role: Any
    subject: Any
    motive: Any
    detail: Any
    salt: Any
    previous: Any
    digest: Any


def encode(line: Line, *, number: int | None = None) -> bytes:
    """Return the canonical form of a line, for its digest: a JSON array in ASCII, without spaces, the version first.

    Each field has its place and strings are quoted, so that no two lines have the same form. The date is in UTC with
    six decimals. number: used in place of the line's own, to find out where a line stood before.
    """
    at: datetime = line.at
    values = [
        f"pnav-register-{line.version}",
        line.number if number is None else number,
        line.previous,
        at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        str(line.kind),
        line.account_id,
        str(line.role),
        line.subject,
        str(line.motive),
        line.detail,
        line.salt,
    ]
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def digest_of(line: Line, *, number: int | None = None) -> str:
    """Return the SHA-256 of a line's canonical form, in hexadecimal.

    The form holds the digest of the line before, so the digest depends on all lines before it.
    """
    return hashlib.sha256(encode(line, number=number)).hexdigest()


# --- writing --------------------------------------------------------------------------------------------------------


def record(*, kind: str, by: Any, motive: str, subject: str = "", detail: str = "") -> None:
    """Write one line in the caller's transaction, so that the act and its line are stored together or not at all.

    by: the account, whose key and present role are stored; None for the service itself.
    kind, motive, subject, detail: see AccessRecord. A motive that somebody typed is trimmed and not empty.
    Raises Unrecorded outside a transaction. It takes the lock of the chain's tail until the transaction ends, so call
    it last, after all row locks.
    """
    record_many(kind=kind, by=by, motive=motive, subjects=[subject], detail=detail)


def record_many(*, kind: str, by: Any, motive: str, subjects: Iterable[str], detail: str = "") -> None:
    """Do what `record` does for each of these subjects, in their order."""
    if not connection.in_atomic_block:
        raise Unrecorded("the register is written in the transaction of what it tells")
    subjects = list(subjects)
    if not subjects:
        return
    number, previous, now = _take_tail()
    lines = []
    for place, subject in enumerate(subjects, number + 1):
        line = AccessRecord(
            number=place,
            version=VERSION,
            at=now,
            kind=kind,
            account_id=None if by is None else by.pk,
            role=AccessRecord.SERVICE if by is None else by.role,
            subject=subject,
            motive=motive,
            detail=detail,
            salt=secrets.token_hex(16),
            previous=previous,
        )
        line.digest = previous = digest_of(line)
        lines.append(line)
    AccessRecord.objects.bulk_create(lines, batch_size=MANY)


def record_removal(motive: str = Motive.TERM, /, **counts: int) -> None:
    """Write one line for a run that deleted something for this motive, and none for a run that deleted nothing.

    counts: how many of each thing, by its name in the code: `reports=3`. Raises Unrecorded.
    """
    removed = ", ".join(f"{name}: {count}" for name, count in counts.items() if count)
    if removed:
        record(kind=AccessKind.RETENTION, by=None, motive=motive, detail=removed)


def _take_tail() -> tuple[int, str, datetime]:
    """Lock the tail of the chain until the transaction ends. Return number and digest of the last line, and the time.

    It takes two statements, because the snapshot of the second must be younger than the lock. Otherwise it would miss
    the line that the former holder of the lock has just committed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TAIL])
        cursor.execute(
            "SELECT coalesce(number, 0), coalesce(digest, %s), clock_timestamp() FROM reports_accessrecord"
            " RIGHT JOIN (SELECT max(number) AS newest FROM reports_accessrecord) AS tail ON number = newest",
            [AccessRecord.GENESIS],
        )
        number, digest, now = cursor.fetchone()
    return number, digest, now


# --- verifying ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """It is the digest of the chain at one line, in the form in which it is published: « 42:9f86d0… »."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a published digest. Raises ValueError for anything but a number, a colon and 64 hexadecimal digits."""
        found = re.fullmatch(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", text.strip().lower())
        if found is None:
            raise ValueError("not a NUMBER:DIGEST")
        return cls(int(found[1]), found[2])


class Break(StrEnum):
    """These are the ways in which a chain can be broken."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    REWRITTEN = "rewritten"  # coherent in itself, but another digest was published


@dataclass(frozen=True, slots=True)
class Verdict:
    """It is the result of verifying the chain.

    count: how many lines were read before the first break. last: the digest of the last line of a whole chain; None if
    the chain is empty or broken. first_break, number: the first break, and the line where it shows. For REWRITTEN that
    is the line whose published digest differs; the first changed line is this one or one before it, after `since`,
    the last line whose published digest was right.
    """

    count: int
    last: Digest | None = None
    first_break: Break | None = None
    number: int = 0
    since: int = 0

    @property
    def is_whole(self) -> bool:
        """Return whether the chain is not broken."""
        return self.first_break is None


def verify(lines: Iterable[Line], published: Iterable[Digest] = ()) -> Verdict:
    """Verify a chain from its first line on, in the order of the numbers, and say what the first break is.

    published: digests that were kept elsewhere. Without any, a chain that was cut at its end, or completely rewritten
    with new digests, looks sound, because nothing inside the database can show it. When two of them differ for one
    line, one is wrong, and the line counts as REWRITTEN.
    """
    known: dict[int, set[str]] = {}
    for one in published:
        known.setdefault(one.number, set()).add(one.digest)
    rest = iter(lines)
    last = Digest(0, AccessRecord.GENESIS)
    since = 0
    for line in rest:
        if not _follows(line, last):
            first_break, number = _find_break(line, last, rest)
            return Verdict(count=last.number, first_break=first_break, number=number, since=since)
        last = Digest(line.number, line.digest)
        if line.number in known:
            if known[line.number] != {line.digest}:
                return Verdict(count=last.number, first_break=Break.REWRITTEN, number=last.number, since=since)
            since = line.number
    if any(number > last.number for number in known):
        return Verdict(count=last.number, first_break=Break.REMOVED, number=last.number + 1, since=since)
    return Verdict(count=last.number, last=last if last.number else None, since=since)


def _follows(line: Line, last: Digest) -> bool:
    """Return whether a line is unchanged, and follows directly after `last`."""
    return line.number == last.number + 1 and line.previous == last.digest and line.digest == _digest_now(line)


def _digest_now(line: Line, *, number: int | None = None) -> str | None:
    """Return the digest of a line's present values; None when its version is unknown."""
    return digest_of(line, number=number) if line.version == VERSION else None


def _find_break(line: Line, last: Digest, rest: Iterator[Line]) -> tuple[Break, int]:
    """Return what happened at the first line that does not follow the one before it, and the number where it shows.

    The lines after it are read once and none is kept: after some years they are millions.
    """
    expected = last.number + 1
    if line.number > expected:
        return Break.REMOVED, expected
    if line.number < expected:
        return Break.INSERTED, line.number  # one number stands there twice, which our own table cannot hold
    following = next(rest, None)
    if line.digest == _digest_now(line):
        # The line is sound, but holds the digest of another line before it. So the line before was changed, with its
        # digest; or this one was put between, if the next line holds the digest of the line before.
        if following is not None and following.previous == last.digest:
            return Break.INSERTED, expected
        return Break.CHANGED, max(last.number, 1)
    # Find out where the line stood before: its digest depends on its number, as do those of the lines after it.
    newest, is_pushed_back = expected, False
    for other in () if following is None else chain([following], rest):
        newest = max(newest, other.number)
        is_pushed_back = is_pushed_back or other.digest == _digest_now(other, number=expected)
    numbers = range(max(1, expected - FAR), min(newest + MANY, expected + FAR))
    stood = next((number for number in numbers if line.digest == _digest_now(line, number=number)), None)
    if stood is None:
        return (Break.INSERTED if is_pushed_back else Break.CHANGED), expected
    if stood < expected:
        return Break.INSERTED, stood  # the line that is there now fits those before it, so it was forged with care
    return (Break.REORDERED if is_pushed_back else Break.REMOVED), expected


def read_lines() -> Iterator[AccessRecord]:
    """Return all lines in the order of their numbers, read in batches."""
    return AccessRecord.objects.order_by("number").iterator(chunk_size=MANY)
