"""Splits the private key of the seal among several custodians: a file for each, encrypted with their passphrase.

A share file is a short text that its custodian can read, print and type again. Its fields are `name : value` lines;
other lines are for the reader only. A share is encrypted with AES-256-GCM, with a key that Argon2id (RFC 9106) derives
from the passphrase; all other fields are authenticated with it. The field `controle` tells damage from a wrong
passphrase. Pure, except for randomness.
"""

import base64
import binascii
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from reports.seal import shares
from reports.seal.sealing import FINGERPRINT_BYTES, SEED_BYTES, PrivateKey
from reports.seal.shares import Share

FORMAT = "pnav-part-1"
NAMES = ("format", "empreinte", "part", "parts", "seuil", "derivation", "sel", "coffre", "controle")
LEAST_THRESHOLD = 2  # one person alone never opens
MOST_CUSTODIANS = 20
SALT_BYTES = 16
NONCE_BYTES = 12
WRAPPED_BYTES = NONCE_BYTES + SEED_BYTES + 16

PASSPHRASE_MIN_LENGTH = 20
PASSPHRASE_MIN_LETTERS = 10
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm")
RUN_LENGTH = 7


class CustodyError(ValueError):
    """Base class of the errors of shares. No message holds a share, a passphrase or a key."""


class DamagedShare(CustodyError):
    """The text is no share file, or one that was cut, changed or mistyped."""


class WrongPassphrase(CustodyError):
    """The passphrase does not open this share."""


class SharesDoNotMatch(CustodyError):
    """The shares are of different keys or splits, one is there twice, or together they do not give their key."""


class TooFewShares(CustodyError):
    """There are fewer shares than the threshold."""


class Weakness(StrEnum):
    """It says why a passphrase is refused."""

    SHORT = "short"
    FEW_LETTERS = "few_letters"
    REPEATED = "repeated"
    RUN = "run"


@dataclass(frozen=True)
class Cost:
    """It is the cost of one try of a passphrase with Argon2id. memory_kib: in KiB, for all lanes together."""

    iterations: int
    memory_kib: int
    lanes: int

    def __str__(self) -> str:
        return f"argon2id t={self.iterations} m={self.memory_kib} p={self.lanes}"

    @classmethod
    def parse(cls, text: str) -> "Cost":
        """Parse a cost as `__str__` writes it. Raises DamagedShare, also for a cost that would exhaust the machine."""
        found = re.fullmatch(r"argon2id t=([1-9]\d?) m=([1-9]\d{0,6}) p=([1-9]\d?)", text, re.ASCII)
        cost = cls(*map(int, found.groups())) if found else None
        if not cost or cost.memory_kib < 8 * cost.lanes or cost.memory_kib > 2 * 1024 * 1024:
            raise DamagedShare("The cost of this share makes no sense.")
        return cost


# The second recommendation of RFC 9106 (section 4) with four times its memory: about a second for each try.
COST = Cost(iterations=3, memory_kib=256 * 1024, lanes=4)


@dataclass(frozen=True)
class ShareFile:
    """It is an encrypted share, with what has to be known before the passphrase is asked for.

    fingerprint: that of the public key, 32 hexadecimal digits. index: which share it is, from 1. count: how many there
    are. threshold: how many are needed to open. wrapped: nonce, ciphertext and tag.
    """

    fingerprint: str
    index: int
    count: int
    threshold: int
    cost: Cost
    salt: bytes
    wrapped: bytes

    def _clear_fields(self) -> dict[str, str]:
        """Return the fields that anybody may read, in order. They are authenticated with the share."""
        return {
            "format": FORMAT,
            "empreinte": self.fingerprint,
            "part": str(self.index),
            "parts": str(self.count),
            "seuil": str(self.threshold),
            "derivation": str(self.cost),
            "sel": base64.b64encode(self.salt).decode(),
        }

    @property
    def authenticated(self) -> bytes:
        """Return the bytes that are authenticated with the share, and must be the same to open it."""
        return _lines(self._clear_fields())

    @property
    def text(self) -> str:
        """Return the text of a custodian's file: what it is and how to keep it, then the fields for the program."""
        fields = {**self._clear_fields(), "coffre": base64.b64encode(self.wrapped).decode()}
        fields["controle"] = _checksum(fields)
        return (
            f"Pnav – part {self.index} sur {self.count} de la clé du sceau\n\n"
            "À garder par une seule personne, hors ligne, loin des autres parts. Elle ne s'ouvre qu'avec la phrase de\n"
            f"passe de cette personne. Il faut {self.threshold} parts réunies pour ouvrir ce qui est scellé.\n"
            "Une part perdue, ou dont la phrase est oubliée, ne se refait pas.\n\n"
            + "".join(f"{name} : {value}\n" for name, value in fields.items())
        )

    @classmethod
    def parse(cls, text: str) -> "ShareFile":
        """Parse the text of a share file, with any kind of line ends. Raises DamagedShare."""
        found = re.findall(r"^[ \t\ufeff]*([a-z]+)[ \t]*:[ \t]*(\S.*)$", text, re.MULTILINE)
        fields = {name: value.rstrip() for name, value in found}
        if tuple(fields) != NAMES or len(found) != len(fields) or fields["format"] != FORMAT:
            raise DamagedShare("This is not a share of the seal, or not the whole of it.")
        if fields.pop("controle") != _checksum(fields):
            raise DamagedShare("This share was changed or mistyped.")
        share = cls(
            fingerprint=fields["empreinte"],
            index=_number(fields["part"]),
            count=_number(fields["parts"]),
            threshold=_number(fields["seuil"]),
            cost=Cost.parse(fields["derivation"]),
            salt=_decode(fields["sel"], SALT_BYTES),
            wrapped=_decode(fields["coffre"], WRAPPED_BYTES),
        )
        if not re.fullmatch(rf"[0-9a-f]{{{2 * FINGERPRINT_BYTES}}}", share.fingerprint):
            raise DamagedShare("The fingerprint of this share makes no sense.")
        if not (share.index <= share.count <= MOST_CUSTODIANS and LEAST_THRESHOLD <= share.threshold <= share.count):
            raise DamagedShare("The numbers of this share make no sense.")
        return share


def normalise_passphrase(passphrase: str) -> str:
    """Return the passphrase as it is used: with composed accents, whatever the keyboard, and single spaces."""
    return " ".join(unicodedata.normalize("NFKC", passphrase).split())


def find_weakness(passphrase: str) -> Weakness | None:
    """Return why a passphrase is too easy to guess, or None. Whoever has a share file can try without limit."""
    text = normalise_passphrase(passphrase).casefold()
    if len(text) < PASSPHRASE_MIN_LENGTH:
        return Weakness.SHORT
    if len(set(text)) < PASSPHRASE_MIN_LETTERS:
        return Weakness.FEW_LETTERS
    if _longest_echo(text) >= len(text) // 2 - 1:
        return Weakness.REPEATED
    pieces = [run[n : n + RUN_LENGTH] for run in (*RUNS, *(run[::-1] for run in RUNS)) for n in range(len(run))]
    if any(piece in text for piece in pieces if len(piece) == RUN_LENGTH):
        return Weakness.RUN
    return None


def split_key(
    private_key: PrivateKey, *, passphrases: Sequence[str], threshold: int, cost: Cost = COST
) -> list[ShareFile]:
    """Return the share files of a key, one for each passphrase, in order.

    threshold: how many shares are needed to open. Raises ValueError for a threshold or a number of custodians that is
    not allowed.
    """
    count = len(passphrases)
    if not LEAST_THRESHOLD <= threshold <= count <= MOST_CUSTODIANS:
        raise ValueError("A key has at most 20 custodians, of whom two or more open.")
    return [
        _wrap(share, private_key.public_key.fingerprint, count, threshold, passphrase, cost)
        for share, passphrase in zip(
            shares.split(private_key.seed, threshold=threshold, count=count), passphrases, strict=True
        )
    ]


def require_together(files: Sequence[ShareFile]) -> None:
    """Check, without passphrases, that these shares can open together. Raises SharesDoNotMatch, TooFewShares."""
    if len({(file.fingerprint, file.count, file.threshold) for file in files}) > 1:
        raise SharesDoNotMatch("These shares are not of the same key.")
    if len({file.index for file in files}) != len(files):
        raise SharesDoNotMatch("One share is there twice.")
    if not files or len(files) < files[0].threshold:
        raise TooFewShares("There are fewer shares than the threshold.")


def open_share(file: ShareFile, passphrase: str) -> Share:
    """Decrypt the share of a file. Raises WrongPassphrase."""
    nonce, ciphertext = file.wrapped[:NONCE_BYTES], file.wrapped[NONCE_BYTES:]
    cipher = AESGCM(_derive(passphrase, file.salt, file.cost))
    try:
        return Share(file.index, cipher.decrypt(nonce, ciphertext, file.authenticated))
    except InvalidTag:
        raise WrongPassphrase("The passphrase does not open this share.") from None


def combine_shares(opened: Sequence[Share], *, fingerprint: str) -> PrivateKey:
    """Combine decrypted shares into the private key. Raises SharesDoNotMatch when it has another fingerprint."""
    private_key = PrivateKey(shares.combine(opened))
    if private_key.public_key.fingerprint != fingerprint:
        raise SharesDoNotMatch("These shares do not give the key whose fingerprint they bear.")
    return private_key


def _wrap(share: Share, fingerprint: str, count: int, threshold: int, passphrase: str, cost: Cost) -> ShareFile:
    bare = ShareFile(fingerprint, share.index, count, threshold, cost, secrets.token_bytes(SALT_BYTES), b"")
    nonce = secrets.token_bytes(NONCE_BYTES)
    cipher = AESGCM(_derive(passphrase, bare.salt, cost))
    return replace(bare, wrapped=nonce + cipher.encrypt(nonce, share.value, bare.authenticated))


def _derive(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=cost.iterations, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return kdf.derive(normalise_passphrase(passphrase).encode(errors="surrogatepass"))


def _lines(fields: dict[str, str]) -> bytes:
    return "".join(f"{name} : {value}\n" for name, value in fields.items()).encode()


def _checksum(fields: dict[str, str]) -> str:
    """Return a checksum of all fields, 16 hexadecimal digits. It only protects against accidents."""
    return hashlib.sha256(_lines(fields)).hexdigest()[:16]


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d?", text, re.ASCII):
        raise DamagedShare("A number of this share makes no sense.")
    return int(text)


def _decode(text: str, length: int) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != length:
        raise DamagedShare("A field of this share has the wrong length.")
    return value


def _longest_echo(text: str) -> int:
    """Return the length of the longest piece of a text that occurs twice: 3 in « abc abc », 0 in « abcd »."""
    longest = 0
    for distance in range(1, len(text)):
        same = 0
        for n in range(distance, len(text)):
            same = same + 1 if text[n] == text[n - distance] else 0
            longest = max(longest, same)
    return longest
