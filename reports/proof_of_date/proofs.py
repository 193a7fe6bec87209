"""This module makes the proof of an item: its leaf, the path to the root of its day, and the authorities' signatures of
that."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from reports.models import AccessRecord, ProofChunk, ProofDay, ProofToken
from reports.proof_of_date import register
from reports.proof_of_date.days import CHUNK, HASH
from reports.rules import date_proofs, merkle, timestamp_tokens
from reports.rules.date_proofs import Proof, Stamp, Statement


@dataclass(frozen=True, slots=True)
class _Day:
    statement: Statement
    upper: merkle.Levels  # the tree above the chunks
    stamps: tuple[Stamp, ...]


@dataclass(slots=True)
class Ways:
    """Finds paths in the trees of days, for one reading.

    The first use of a day takes three statements; that of a chunk takes one statement and CHUNK hashes. A day has at
    most `days.SIZE_MOST` / CHUNK chunks of 32 KiB.
    """

    _days: dict[date, _Day | None] = field(default_factory=dict)
    _chunk: tuple[date, int, merkle.Levels] | None = None  # the last chunk used, which is enough for items in order

    def prove(self, *, kind: str, name: str, item: str, salt: bytes, day: date, index: int) -> Proof | None:
        """Return the proof of this item, whose leaf has this index in the day.

        None when the day is not closed, or when the leaf differs because the item was corrected since.
        """
        found = self._days[day] if day in self._days else self._days.setdefault(day, _read_day(day))
        if found is None:
            return None
        number, place = divmod(index, CHUNK)
        levels = self._levels(day, number)
        leaf = merkle.hash_leaf(salt, date_proofs.digest_of(item))
        if levels is None or place >= len(levels[0]) or levels[0][place] != leaf:
            return None
        path = (*merkle.path_of(levels, place), *merkle.path_of(found.upper, number))
        return Proof(kind, name, item, salt, leaf, index, path, found.statement, found.stamps)

    def _levels(self, day: date, number: int) -> merkle.Levels | None:
        if self._chunk is None or self._chunk[:2] != (day, number):
            hashes = ProofChunk.objects.filter(day=day, number=number).values_list("hashes", flat=True).first()
            if hashes is None:
                return None
            hashes = bytes(hashes)
            leaves = [hashes[n : n + HASH] for n in range(0, len(hashes), HASH)]
            self._chunk = (day, number, merkle.levels_of(leaves))
        return self._chunk[2]


def _read_day(day: date) -> _Day | None:
    row = ProofDay.objects.filter(day=day, closed_at__isnull=False).first()
    if row is None:
        return None
    roots = [bytes(root) for root in row.chunks.order_by("number").values_list("root", flat=True)]
    tokens = row.tokens.filter(token__isnull=False).order_by("authority")
    return _Day(row.read(), merkle.levels_of(roots), tuple(_stamps(tokens)))


def _stamps(tokens: Iterable[ProofToken]) -> list[Stamp]:
    found = []
    for row in tokens:
        certificates = tuple(timestamp_tokens.decode_base64(one) for one in row.certificates)
        found.append(Stamp(row.signer, bytes(row.token or b""), certificates))
    return found


def proof_of_line(line: AccessRecord) -> Proof | None:
    """Return the proof that this line of the register existed on its day; None while that day is not closed."""
    day = (
        ProofDay.objects.filter(register_first__gt=0, register_first__lte=line.number, register_last__gte=line.number)
        .order_by("day")
        .first()
    )
    if day is None:
        return None
    return Ways().prove(
        kind=register.KIND,
        name=f"ligne-{line.number}",
        item=register.item_of(line),
        salt=register.salt_of(line),
        day=day.day,
        index=line.number - day.register_first,
    )
