"""Supplies the lines of the register as items of a day. They are its first leaves, in order, so no row says which.

Each line already has a random salt (docs/adr/0031), from which the salt of its leaf is derived.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.db.models import Max

from reports.audit import log as audit_log
from reports.models import AccessRecord, ProofDay
from reports.proof_of_date.days import Part
from reports.rules import date_proofs, merkle

KIND = date_proofs.REGISTER


def item_of(line: AccessRecord) -> str:
    """Return the canonical text of a line of the register, as its proof shows it."""
    return date_proofs.canonical(
        {"format": date_proofs.ITEM, "kind": KIND, "line": audit_log.encode(line).decode("ascii")}
    )


def salt_of(line: AccessRecord) -> bytes:
    """Return the salt of the line's leaf, derived from the line's own, so that nobody can guess a line from a leaf."""
    return hashlib.sha256(b"pnav-salt-1\n" + line.salt.encode("ascii")).digest()


def leaf_of(line: AccessRecord) -> bytes:
    """Return the line's leaf in the tree of its day."""
    return merkle.hash_leaf(salt_of(line), date_proofs.digest_of(item_of(line)))


class RegisterLines:
    """It is the source (`days.Source`) of lines. They never change, so nothing is locked; `register_last` is its
    mark."""

    kind: ClassVar[str] = KIND

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._last: int | None = None  # the number of the last line with a leaf

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` lines at most, in the order of the chain (`days.Source`)."""
        if self._last is None:
            self._last = ProofDay.objects.aggregate(last=Max("register_last"))["last"] or 0
        lines = list(AccessRecord.objects.filter(number__gt=self._last).order_by("number")[:most])
        # A line of the next day ends the reading, even if a line after it has an earlier date; that one waits too.
        own: list[AccessRecord] = []
        for line in lines:
            if line.at >= self._before:
                break
            own.append(line)
        if not own:
            return []
        self._last = own[-1].number
        return [Part([leaf_of(line) for line in own], (own[0].number, own[-1].number))]

    def keep(self, day: ProofDay, parts: Sequence[Part]) -> None:
        """Store the numbers of the tree's lines, by which leaves are found (`days.Source`)."""
        for part in parts:
            first, last = part.about
            day.register_first = day.register_first or first
            day.register_last = last

    def end(self) -> None:
        """Return None, because `keep` has stored with the day how far it has read."""
