"""Seals what can identify a person, so that the server that seals it cannot open it. Pure.

The public key seals. The private key is made on a machine without a network, exists only in shares
(`reports.seal.shares`, `reports.seal.custody`), and is never on the server.

The encryption is HPKE (RFC 9180) in base mode, with one message for each encapsulated key: the hybrid KEM
MLKEM768-X25519 (X-Wing, 0x647a: draft-ietf-hpke-pq, draft-connolly-cfrg-xwing-kem), HKDF-SHA256 and AES-256-GCM. It
holds as long as one of the two halves of the KEM is unbroken.
A sealed value is always `version (1 byte) | key id (8) | encapsulated key (1120) | ciphertext and tag (528)`.
"""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

VERSION = 1
SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

SEED_BYTES = 32
MLKEM_SEED_BYTES = 64
MLKEM_KEY_BYTES = 1184
KEY_BYTES = MLKEM_KEY_BYTES + 32

KEY_ID_BYTES = 8
FINGERPRINT_BYTES = 16
HEADER_BYTES = 1 + KEY_ID_BYTES
ENCAPSULATED_BYTES = 1120
TAG_BYTES = 16
PLAIN_BYTES = 512  # every plain value is padded to this size
LENGTH_BYTES = 2
TEXT_MAX_BYTES = PLAIN_BYTES - LENGTH_BYTES
SEALED_BYTES = HEADER_BYTES + ENCAPSULATED_BYTES + PLAIN_BYTES + TAG_BYTES


class SealError(ValueError):
    """It is the base class of the errors of the seal. No message, cause or attribute holds content or a private key."""


class TextRefused(SealError):
    """The text is longer than TEXT_MAX_BYTES in UTF-8, or cannot be written in UTF-8."""


class BadPublicKey(SealError):
    """This is no public key as `PublicKey.text` writes it: cut, mistyped, or of another version."""


class NotSealed(SealError):
    """This is no sealed value of this version."""


class OtherKey(SealError):
    """The value was sealed for another key."""


class DoesNotOpen(SealError):
    """The value was sealed for another place, or was altered: nobody can tell which."""


@dataclass(frozen=True)
class Context:
    """It is the place to which a sealed value belongs. It can be opened for no other place.

    report: the `public_id` of its report.
    field: what it is: a name in lower case of at most 40 characters, with digits and underscores after the first.
    version: which value of that field, a number from 1; each connection has a version of its own.
    Raises ValueError for another field or version.
    """

    report: UUID
    field: str
    version: int = 1

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", self.field):
            raise ValueError("The field of a context is a short name in lower case.")
        if not 1 <= self.version < 2**32:
            raise ValueError("The version of a context counts from 1.")

    def bind(self, header: bytes) -> bytes:
        """Return the `info` of HPKE, which sealing and opening must share. It is different for every two contexts.

        RFC 9180 (8.1) prefers `info` to `aad` when a key serves for one message.
        """
        return b"pnav seal\0" + header + self.report.bytes + self.version.to_bytes(4) + self.field.encode()


@dataclass(frozen=True)
class PublicKey:
    """It is the public key, which seals. raw: ML-KEM-768 (1184 bytes), then X25519 (32 bytes), as X-Wing writes it."""

    raw: bytes

    @cached_property
    def fingerprint(self) -> str:
        """Return the 32 hexadecimal digits by which people compare two keys."""
        return hashlib.sha256(b"pnav seal key\0" + self.raw).digest()[:FINGERPRINT_BYTES].hex()

    @property
    def key_id(self) -> bytes:
        """Return the name of the key in each sealed value: the first half of the fingerprint."""
        return bytes.fromhex(self.fingerprint)[:KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """Return the key as the text of an environment variable: `version.fingerprint.key`, the key in URL-safe base64.

        The fingerprint finds typing errors. What is sealed with a wrong key would be lost for ever.
        """
        return f"{VERSION}.{self.fingerprint}.{base64.urlsafe_b64encode(self.raw).decode().rstrip('=')}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Return the key that `text` holds. Raises BadPublicKey unless it is whole."""
        version, _, rest = text.strip().partition(".")
        fingerprint, _, encoded = rest.partition(".")
        try:
            key = cls(base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            raise BadPublicKey("This is not a public key of the seal.") from None
        if version != str(VERSION) or len(key.raw) != KEY_BYTES or key.text != f"{version}.{fingerprint}.{encoded}":
            raise BadPublicKey("This is not a whole public key of the seal.")
        try:
            _ = key.hpke  # parse both halves now, and not at the first report
        except ValueError:
            raise BadPublicKey("This public key of the seal cannot seal.") from None
        return key

    @cached_property
    def hpke(self) -> MLKEM768X25519PublicKey:
        """Return the key as `cryptography` takes it: ML-KEM-768 with X25519."""
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.raw[:MLKEM_KEY_BYTES]),
            X25519PublicKey.from_public_bytes(self.raw[MLKEM_KEY_BYTES:]),
        )


@dataclass(frozen=True)
class PrivateKey:
    """It is the private key, which opens. seed: 32 bytes, from which both halves follow (X-Wing). It is left out of
    repr."""

    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise ValueError("The seed of a private key has 32 bytes.")

    @classmethod
    def generate(cls) -> "PrivateKey":
        """Draw a new key from the system's randomness."""
        return cls(secrets.token_bytes(SEED_BYTES))

    def _halves(self) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
        expanded = hashlib.shake_256(self.seed).digest(MLKEM_SEED_BYTES + 32)
        return (
            MLKEM768PrivateKey.from_seed_bytes(expanded[:MLKEM_SEED_BYTES]),
            X25519PrivateKey.from_private_bytes(expanded[MLKEM_SEED_BYTES:]),
        )

    @cached_property
    def public_key(self) -> PublicKey:
        """Return the public half, which follows from the seed."""
        mlkem, x25519 = self._halves()
        return PublicKey(mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw())

    @property
    def hpke(self) -> MLKEM768X25519PrivateKey:
        """Return the key as `cryptography` takes it: ML-KEM-768 with X25519."""
        return MLKEM768X25519PrivateKey(*self._halves())


def pad_text(text: str) -> bytes:
    """Pad a text to PLAIN_BYTES bytes: its length, the text in UTF-8, and zeros. Raises TextRefused."""
    try:
        plain = text.encode()
    except UnicodeEncodeError:
        plain = None
    # TextRefused is raised outside the `except`: an error of Unicode holds the whole text, and would be its context.
    if plain is None:
        raise TextRefused("This text cannot be written in UTF-8.")
    if len(plain) > TEXT_MAX_BYTES:
        raise TextRefused(f"This text is longer than {TEXT_MAX_BYTES} bytes.")
    return (len(plain).to_bytes(LENGTH_BYTES) + plain).ljust(PLAIN_BYTES, b"\0")


def unpad_text(padded: bytes) -> str | None:
    """Return the text that `pad_text` padded; None when the bytes do not come from `pad_text`."""
    end = LENGTH_BYTES + int.from_bytes(padded[:LENGTH_BYTES])
    if len(padded) != PLAIN_BYTES or end > PLAIN_BYTES or any(padded[end:]):
        return None
    try:
        return padded[LENGTH_BYTES:end].decode()
    except UnicodeDecodeError:
        return None


def seal_text(text: str, *, public_key: PublicKey, context: Context) -> bytes:
    """Seal a text for its place, so that only the private key opens it.

    The result has SEALED_BYTES bytes and is never the same twice. text: at most TEXT_MAX_BYTES in UTF-8; "" when the
    person gave nothing, whose sealed value looks like any other. Raises TextRefused. Everybody who has the public key
    can seal, so a value that opens does not prove who sealed it.
    """
    header = bytes((VERSION,)) + public_key.key_id
    return header + SUITE.encrypt(pad_text(text), public_key.hpke, info=context.bind(header))


def key_id(sealed: bytes) -> bytes:
    """Return which key opens this value: KEY_ID_BYTES bytes. Raises NotSealed."""
    if len(sealed) != SEALED_BYTES or sealed[0] != VERSION:
        raise NotSealed("This is not a sealed value.")
    return bytes(sealed[1:HEADER_BYTES])


def unseal_text(sealed: bytes, *, private_key: PrivateKey, context: Context) -> str:
    """Return the text that was sealed for this place. Raises NotSealed, OtherKey, DoesNotOpen."""
    if key_id(sealed) != private_key.public_key.key_id:
        raise OtherKey("This value was sealed for another key.")
    header, encrypted = bytes(sealed[:HEADER_BYTES]), bytes(sealed[HEADER_BYTES:])
    try:
        text = unpad_text(SUITE.decrypt(encrypted, private_key.hpke, info=context.bind(header)))
    except (InvalidTag, ValueError):
        text = None
    if text is None:
        raise DoesNotOpen("This value was sealed for another place, or was altered.")
    return text
