"""Caches, in this process, which data key encrypts the messages of a conversation, by the 16 bytes of its id.

A batch encrypts its messages before it sends them to the database, and asks here for the keys. Conversations that are
in the cache cost no statement; all the others together cost one. A conversation's key never changes once it has one.
For a conversation without a key the database is asked again after NO_KEY_SECONDS: `move_to_data_keys` gives old
exchanges a key while people write in them, and relies on that delay (`SETTLE_SECONDS` there).
"""

import threading
import time
from collections.abc import Mapping
from uuid import UUID

from common.sql import array_text, fetch_rows

NO_KEY_SECONDS = 10.0
KEPT_AT_MOST = 10_000  # conversations, as many as the ciphers that `common.data_keys.keys` keeps

KEYS = "SELECT id, data_key FROM chat_conversation WHERE id = ANY(%s::bigint[])"

# By the public id of the conversation, which is never used twice. The keys of rows may be, after a restore.
_known: dict[str, bytes] = {}
_without: dict[str, float] = {}  # conversations without a key, and the second from which the database is asked again
_changing = threading.Lock()


def _now() -> float:
    return time.monotonic()


def read_labels(conversations: Mapping[int, str]) -> dict[int, bytes | None]:
    """Return the id of the data key of each of these conversations, as 16 bytes (`data_keys.ciphers_of`); None for one
    without. Conversations that do not exist are left out.

    conversations: key of the row → public id. One statement for those that are not in the cache, none if all are.
    Raises the errors of django.db.
    """
    now = _now()
    found: dict[int, bytes | None] = {}
    for pk, public_id in conversations.items():
        label = _known.get(public_id)
        if label is not None or _without.get(public_id, 0.0) > now:
            found[pk] = label
    unknown = [pk for pk in conversations if pk not in found]
    if unknown:
        rows: list[tuple[int, UUID | None]] = fetch_rows(KEYS, [array_text(unknown)])
        read = {pk: None if key is None else key.bytes for pk, key in rows}
        remember_labels({conversations[pk]: label for pk, label in read.items()})
        found |= read
    return found


def remember_labels(read: Mapping[str, bytes | None]) -> None:
    """Put the ids of data keys that were just read into the cache, by the public ids of their conversations."""
    now = _now()
    with _changing:
        for public_id, label in read.items():
            _known.pop(public_id, None)  # removed first, so that it is put last again
            _without.pop(public_id, None)
            if label is None:
                _without[public_id] = now + NO_KEY_SECONDS
            else:
                _known[public_id] = label
        for kept in (_known, _without):
            while len(kept) > KEPT_AT_MOST:
                del kept[next(iter(kept))]


def forget_all() -> None:
    """Empty the cache, for tests."""
    with _changing:
        _known.clear()
        _without.clear()
