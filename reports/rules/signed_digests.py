"""Numbers, chains and signs the digests of the register that are sent elsewhere (docs/adr/0056). Pure.

A statement is one line of ASCII, so that it can be appended to a file, sent, printed, read aloud and typed again:
`pnav-digest-1 NUMBER LINE:HEAD PREVIOUS TIME KEY SIGNATURE`
- NUMBER is 1, 2, 3…; LINE and HEAD are the number and digest of the register's last line (0 and zeros if it is empty);
- PREVIOUS is the SHA-256 of the previous statement's whole line, in hexadecimal; zeros for the first;
- TIME is PostgreSQL's, in UTC, to the second; KEY is the first 16 hexadecimal digits of SHA-256 of the public key;
- SIGNATURE signs everything before it with Ed25519 (RFC 8032), in URL-safe base64.
It tells nothing about any person.

Somebody who controls the server also has the key, and can sign false statements from then on. Statements that were sent
before cannot be taken back, because they are numbered, chained, and kept elsewhere. The signature keeps others from
adding statements.
"""

import base64
import binascii
import hashlib
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NAME = "pnav-digest-1"
ZERO = "0" * 64
LONGEST = 400  # the most characters of a line; a statement has 300 to 340
_LINE = re.compile(
    rf"{NAME} ([1-9][0-9]{{0,17}}) ([0-9]{{1,18}}):([0-9a-f]{{64}}) ([0-9a-f]{{64}})"
    r" ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z) ([0-9a-f]{16}) ([A-Za-z0-9_-]{86})"
)


class BadKey(ValueError):
    """The text is no Ed25519 key in URL-safe base64."""


def private_key(text: str) -> Ed25519PrivateKey:
    """Parse a private key: 32 random bytes in URL-safe base64, as deploy/secrets.sh draws them. Raises BadKey."""
    return Ed25519PrivateKey.from_private_bytes(_bytes(text))


def public_key(text: str) -> Ed25519PublicKey:
    """Parse a public key that `text_of` wrote. Raises BadKey."""
    return Ed25519PublicKey.from_public_bytes(_bytes(text))


def text_of(key: Ed25519PublicKey) -> str:
    """Return a public key in URL-safe base64, 43 characters, to be noted where the digests are verified."""
    return base64.urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text.strip().rstrip("=") + "=")
    except (binascii.Error, ValueError):
        raise BadKey from None
    if len(raw) != 32:
        raise BadKey
    return raw


def name_of(key: Ed25519PublicKey) -> str:
    """Return the short name of a key, which its statements contain."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Statement:
    """It is one signed digest. line, head: the register's last line and its digest. at: in UTC, without fractions."""

    number: int
    line: int
    head: str
    previous: str
    at: datetime
    key: str
    signature: str

    @property
    def signed(self) -> str:
        """Return the part of the line that is signed."""
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{NAME} {self.number} {self.line}:{self.head} {self.previous} {at} {self.key}"

    @property
    def text(self) -> str:
        """Return the whole line, without its line end."""
        return f"{self.signed} {self.signature}"

    @property
    def digest(self) -> str:
        """Return the digest of this statement, which the next one contains."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Return whether this key signed it."""
        try:
            key.verify(base64.urlsafe_b64decode(self.signature + "=="), self.signed.encode("ascii"))
        except InvalidSignature:
            return False
        return self.key == name_of(key)

    @classmethod
    def parse(cls, line: str) -> Self:
        """Parse a statement without verifying its signature. Raises ValueError for anything else."""
        found = _LINE.fullmatch(line.strip()) if len(line) <= LONGEST else None
        if found is None:
            raise ValueError("not a statement")
        at = datetime.strptime(found[5], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return cls(int(found[1]), int(found[2]), found[3], found[4], at, found[6], found[7])


def sign(key: Ed25519PrivateKey, *, line: int, head: str, at: datetime, previous: Statement | None = None) -> Statement:
    """Return the statement that comes after `previous`."""
    number = previous.number + 1 if previous else 1
    before = previous.digest if previous else ZERO
    unsigned = Statement(number, line, head, before, at.replace(microsecond=0), name_of(key.public_key()), "")
    signature = base64.urlsafe_b64encode(key.sign(unsigned.signed.encode("ascii"))).decode().rstrip("=")
    return Statement(number, line, head, before, unsigned.at, unsigned.key, signature)


# --- reading them back ----------------------------------------------------------------------------------------------


class Fault(StrEnum):
    """These are the faults of statements that were kept elsewhere."""

    UNREADABLE = "unreadable"
    FORGED = "forged"  # another key has signed it, or none
    FORKED = "forked"  # two statements have one number
    MISSING = "missing"  # a number between two others is missing
    BROKEN = "broken"  # its `previous` is not the digest of the statement before it
    BACKWARDS = "backwards"  # it has an earlier time, or fewer lines of the register, than the one before it


@dataclass(frozen=True, slots=True)
class Found:
    """Statements in the order of their numbers, and their faults.

    A fault has the number of its statement, or of the line in the file if that is unreadable.
    """

    statements: tuple[Statement, ...]
    faults: tuple[tuple[Fault, int], ...]


def read(lines: Iterable[str], key: Ed25519PublicKey) -> Found:
    """Read statements from one place or several, in any order; one that occurs twice counts once.

    A line that is the beginning of the next one was interrupted by a crash and written again, which is no fault.
    """
    texts = [line.strip() for line in lines]
    statements: dict[int, Statement] = {}
    faults: list[tuple[Fault, int]] = []
    for place, text in enumerate(texts):
        if not text:
            continue
        try:
            one = Statement.parse(text)
        except ValueError:
            if not (place + 1 < len(texts) and texts[place + 1].startswith(text)):
                faults.append((Fault.UNREADABLE, place + 1))
            continue
        if not one.is_signed_by(key):
            faults.append((Fault.FORGED, one.number))
        elif statements.setdefault(one.number, one) != one:
            faults.append((Fault.FORKED, one.number))
    ordered = [statements[number] for number in sorted(statements)]
    for before, one in itertools.pairwise(ordered):
        if one.number != before.number + 1:
            faults.append((Fault.MISSING, before.number + 1))
        elif one.previous != before.digest:
            faults.append((Fault.BROKEN, one.number))
        if one.at < before.at or one.line < before.line:
            faults.append((Fault.BACKWARDS, one.number))
    return Found(tuple(ordered), tuple(faults))
