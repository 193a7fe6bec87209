"""Lines of the register as items of a day: its first leaves, in their order, so that no row has to say which is where.

Each line has a random salt of its own already (docs/adr/0031), from which that of its leaf comes.
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

KIND = "register"


def item_of(line: AccessRecord) -> str:
    """The canonical text of a line of the register, as its proof shows it."""
    return date_proofs.canonical(
        {"format": date_proofs.ITEM, "kind": KIND, "line": audit_log.encode(line).decode("ascii")}
    )


def salt_of(line: AccessRecord) -> bytes:
    """The salt of its leaf, from the line's own, so that a leaf tells nothing of a line that nobody has."""
    return hashlib.sha256(b"pnav-salt-1\n" + line.salt.encode("ascii")).digest()


def leaf_of(line: AccessRecord) -> bytes:
    """The leaf that stands for the line in the tree of its day."""
    return merkle.hash_leaf(salt_of(line), date_proofs.digest_of(item_of(line)))


class RegisterLines:
    """A source (`days.Source`). Its lines never change: nothing is locked, and `register_last` is its mark."""

    kind: ClassVar[str] = KIND

    def __init__(self, before: datetime) -> None:
        self._before = before
        self._last: int | None = None  # the line that has a leaf last

    def take(self, most: int) -> list[Part]:
        """Return the next leaves, of `most` lines at most, in the order of the chain (`days.Source`)."""
        if self._last is None:
            self._last = ProofDay.objects.aggregate(last=Max("register_last"))["last"] or 0
        lines = list(AccessRecord.objects.filter(number__gt=self._last).order_by("number")[:most])
        # In the order of the chain: a line whose date is later than that of one after it waits for the next day.
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
        """Keep which numbers the tree holds; leaves are found by them alone (`days.Source`)."""
        for part in parts:
            first, last = part.about
            day.register_first = day.register_first or first
            day.register_last = last

    def end(self) -> None:
        """Say nothing of how far this tree looked: `keep` has stored that with the day."""
