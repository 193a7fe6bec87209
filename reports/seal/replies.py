"""Seals the custodians' answer for the one browser that asked. The server carries it and cannot read it.

HPKE (RFC 9180), base mode, with what every browser has without a library: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
AES-256-GCM. It lives for an hour at most, so it need not outlast a quantum computer. Pure.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from reports.seal.sealing import PLAIN_BYTES, TAG_BYTES, pad_text

FORMAT = "pnav-reponse-1"
NAMES = {"format", "request", "sealed", "checksum"}
SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
POINT_BYTES = 65  # the length of an uncompressed point
REPLY_BYTES = POINT_BYTES + PLAIN_BYTES + TAG_BYTES


class DamagedReply(ValueError):
    """This is no answer, or one that was cut or changed."""


@dataclass(frozen=True)
class Recipient:
    """It is the public key of the browser that asked: an uncompressed point of P-256."""

    raw: bytes

    def __post_init__(self) -> None:
        try:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), self.raw)
        except ValueError:
            raise DamagedReply("This is not the key of a browser.") from None
        if len(self.raw) != POINT_BYTES:
            raise DamagedReply("This is not the key of a browser.")

    @property
    def text(self) -> str:
        """Return the key in base64, as a browser sends it."""
        return base64.b64encode(self.raw).decode()

    @classmethod
    def parse(cls, text: str) -> "Recipient":
        """Return the key that `text` holds, in base64. Raises DamagedReply."""
        try:
            return cls(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            raise DamagedReply("This is not the key of a browser.") from None

    @property
    def fingerprint(self) -> str:
        """Return what the agent reads to the custodians, so that they know whose browser it is: eight groups of
        four."""
        return _read_aloud(self.raw)


def _read_aloud(content: bytes) -> str:
    """Return 128 bits of a digest, in groups that people can compare: « a1b2 c3d4 … »."""
    digits = hashlib.sha256(content).hexdigest()[:32]
    return " ".join(digits[n : n + 4] for n in range(0, 32, 4))


def info(request: UUID) -> bytes:
    """Return what the two ends must agree on: an answer to one request opens for no other."""
    return b"pnav reply\0" + request.bytes


def seal_reply(text: str, *, recipient: Recipient, request: UUID) -> bytes:
    """Encrypt `text` for one browser and one request.

    It always has REPLY_BYTES bytes, even when nothing had been left.
    """
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), recipient.raw)
    return SUITE.encrypt(pad_text(text), key, info=info(request))


@dataclass(frozen=True)
class Reply:
    """It is an answer on its way from the machine without a network to the site, in a small file."""

    request: UUID
    sealed: bytes

    @property
    def fingerprint(self) -> str:
        """Return what the custodians saw when it was written, and compare before they confirm it on the site."""
        return _read_aloud(self.request.bytes + self.sealed)

    @property
    def text(self) -> str:
        """Return the reply as a file: JSON with a checksum."""
        fields = {
            "format": FORMAT,
            "request": str(self.request),
            "sealed": base64.b64encode(self.sealed).decode(),
        }
        return json.dumps({**fields, "checksum": _checksum(fields)}, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Reply":
        """Return the answer that `text` holds. Raises DamagedReply."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict) or set(fields) != NAMES or fields["format"] != FORMAT:
            raise DamagedReply("This is not an answer.")
        if fields.pop("checksum") != _checksum(fields):
            raise DamagedReply("This answer was changed.")
        try:
            reply = cls(UUID(fields["request"]), base64.b64decode(fields["sealed"], validate=True))
        except (binascii.Error, ValueError, TypeError, AttributeError):
            raise DamagedReply("This answer is for no request.") from None
        if len(reply.sealed) != REPLY_BYTES:
            raise DamagedReply("This answer has not the size of one.")
        return reply


def _checksum(fields: dict[str, str]) -> str:
    """Return 16 hexadecimal digits of a digest of all fields. They detect only accidents; the seal decides."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]
