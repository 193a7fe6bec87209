"""One frame of each type of docs/protocol.md, by its type, with its other fields.

A new type of `chat.messages.protocol.Frame` has none here, and the tests say so.
"""

import uuid
from typing import Any, get_args

from chat.messages import protocol

CLIENT_ID = str(uuid.UUID(int=11))

FRAMES: dict[str, dict[str, Any]] = {
    "sync": {"after": 0},
    "post": {"client_id": CLIENT_ID, "body": "Parole-de-qui-essaie"},
    "typing": {},
    "read": {"seq": 1},
    "beat": {"after": 0},
}


def types() -> set[str]:
    """Return the types that the protocol reads, by the names of its values."""
    return {value.__name__.lower() for value in get_args(protocol.Frame)}
