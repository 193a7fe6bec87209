"""Knows which data key seals what is written in a conversation, as far as this process has met it.

The batch of a process seals its messages before it sends them. It asks here, so that conversations that it has written
to before cost no statement; those that it has not cost one, together. A conversation's key never changes once it has
one. One without is asked about again after NO_KEY_SECONDS: `move_to_data_keys` gives old exchanges a key while people
write in them, and counts on that (`SETTLE_SECONDS` there).
"""

import threading
import time
from collections.abc import Mapping
from uuid import UUID

from common.sql import array_text, fetch_rows

NO_KEY_SECONDS = 10.0
KEPT_AT_MOST = 10_000  # conversations: as many as `common.data_keys.keys` knows ciphers of

KEYS = "SELECT id, data_key FROM chat_conversation WHERE id = ANY(%s::bigint[])"

# By the public id of the conversation, which never comes again; the keys of rows may, after a restore.
_known: dict[str, tuple[UUID | None, float]] = {}
_changing = threading.Lock()


def _now() -> float:
    return time.monotonic()


def read_keys(conversations: Mapping[int, str]) -> dict[int, UUID | None]:
    """The data key of each of these conversations, None for one without; those that do not exist are left out.

    conversations: the key of each row to its public id.

    One statement for what is not known, or none. Raises the errors of django.db.
    """
    now = _now()
    found: dict[int, UUID | None] = {}
    for pk, public_id in conversations.items():
        entry = _known.get(public_id)
        if entry is not None and entry[1] > now:
            found[pk] = entry[0]
    unknown = [pk for pk in conversations if pk not in found]
    if unknown:
        read: dict[int, UUID | None] = dict(fetch_rows(KEYS, [array_text(unknown)]))
        remember_keys({conversations[pk]: key for pk, key in read.items()})
        found |= read
    return found


def remember_keys(read: Mapping[str, UUID | None]) -> None:
    """Remember what was just read of these conversations, by their public ids."""
    now = _now()
    with _changing:
        for public_id, key in read.items():
            _known.pop(public_id, None)  # so that it stands last again
            _known[public_id] = (key, float("inf") if key is not None else now + NO_KEY_SECONDS)
        while len(_known) > KEPT_AT_MOST:
            del _known[next(iter(_known))]


def forget_all() -> None:
    """For tests."""
    with _changing:
        _known.clear()
