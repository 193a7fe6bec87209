"""Carries a sealed value to the machine where it is opened: one value, and the place it belongs to, in a file.

JSON: `{"format", "report", "field", "version", "sealed", "checksum"}`, and `{"request", "recipient"}` when the answer
may go back to the site: which request it answers, and the key of the browser it is for. Nothing in it is secret that
the sealed value does not keep. `checksum` tells a damaged file from a value that belongs elsewhere. Pure.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from reports.seal.replies import DamagedReply, Recipient
from reports.seal.sealing import Context, NotSealed, key_id

FORMAT = "pnav-enveloppe-1"
NAMES = {"format", "report", "field", "version", "sealed", "checksum"}
WAY_BACK = {"request", "recipient"}


class DamagedEnvelope(ValueError):
    """This is no envelope, or one that was cut or changed."""


@dataclass(frozen=True)
class Envelope:
    """It is a sealed value and where it belongs; request and recipient: where its answer may go, or neither."""

    context: Context
    sealed: bytes
    request: UUID | None = None
    recipient: Recipient | None = None

    @property
    def text(self) -> str:
        """Return the envelope as a file: JSON with a checksum."""
        fields = {
            "format": FORMAT,
            "report": str(self.context.report),
            "field": self.context.field,
            "version": self.context.version,
            "sealed": base64.b64encode(self.sealed).decode(),
        }
        if self.request is not None and self.recipient is not None:
            fields |= {"request": str(self.request), "recipient": self.recipient.text}
        return json.dumps({**fields, "checksum": _checksum(fields)}, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Envelope":
        """Return the envelope that `text` holds. Raises DamagedEnvelope."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict) or set(fields) not in (NAMES, NAMES | WAY_BACK) or fields["format"] != FORMAT:
            raise DamagedEnvelope("This is not an envelope.")
        if fields.pop("checksum") != _checksum(fields):
            raise DamagedEnvelope("This envelope was changed.")
        try:
            if type(fields["version"]) is not int:  # True and 1.5 would pass for numbers
                raise ValueError("The version is no number.")
            context = Context(UUID(fields["report"]), fields["field"], fields["version"])
            way_back = (UUID(fields["request"]), Recipient.parse(fields["recipient"])) if "request" in fields else ()
            envelope = cls(context, base64.b64decode(fields["sealed"], validate=True), *way_back)
            key_id(envelope.sealed)
        except (binascii.Error, NotSealed, DamagedReply, ValueError, TypeError, AttributeError):
            raise DamagedEnvelope("This envelope holds no sealed value, or no place for it.") from None
        return envelope


def _checksum(fields: dict[str, Any]) -> str:
    """Return 16 hexadecimal digits of a digest of all fields. They detect only accidents; the seal decides."""
    said = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
