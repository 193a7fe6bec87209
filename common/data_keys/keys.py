"""Opens data keys, keeps those that this process has met for a while, and makes new ones.

A value says which data key sealed it (`common.encryption`). The key is read from the table of wrapped keys, unwrapped
once, and kept in memory: at most KEPT_AT_MOST of them, for KEPT_SECONDS each. So a message is sealed or opened at the
price of one look into a dictionary more than with the key ring alone; a conversation costs one statement, for all that
a reading needs at once, in each process and each KEPT_SECONDS.

A key that was erased may be used by a process that still knows it for KEPT_SECONDS at most: on the rows of the site,
which are gone by then. Statements are sent below Django, on the connection of the calling thread, so that they may be
sent wherever messages are read or written (`common.sql`).
"""

import base64
import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections
from django.utils import timezone

from common import encryption
from common.data_keys import router
from common.data_keys.models import WrappedKey
from common.database_errors import describe_error
from common.encryption import KEY_BYTES, UnsealError
from common.sql import array_text

logger = logging.getLogger(__name__)

# 10,000 exchanges are four times what one process of sockets serves; with its cipher a key takes about 400 bytes.
KEPT_AT_MOST = 10_000
KEPT_SECONDS = 600.0
# A key that is not there is asked for again after so long: a copy of the keys may have been put back meanwhile.
MISSING_SECONDS = 10.0
# A server of their own that failed is asked again after so long. Each time it may take two seconds to fail (settings),
# of a thread that others wait for: whose key is known must not pay for whose key is not.
AWAY_SECONDS = 15.0

_READ: LiteralString = "SELECT id, wrapped FROM data_keys_wrappedkey WHERE id = ANY(%s::uuid[])"
_ADD: LiteralString = """
INSERT INTO data_keys_wrappedkey (id, wrapped, made_on)
SELECT id, wrapped, %s FROM unnest(%s::uuid[], %s::bytea[]) AS d(id, wrapped)
"""
_ERASE: LiteralString = "DELETE FROM data_keys_wrappedkey WHERE id = ANY(%s::uuid[])"


class KeysAway(UnsealError, OperationalError):
    """The server of the keys does not answer. Whoever reads says that a text cannot be read now, as of one that does
    not open; whoever writes fails as when the database is away."""


class _Known:
    """Ciphers by the id of their key (its 16 bytes), the oldest first; None for a key that was not there.

    `ciphers`: each with the second until which it is known. A look takes no lock, for it is one operation of a dict;
    whoever changes it holds one.
    """

    def __init__(self) -> None:
        self.ciphers: dict[bytes, tuple[AESGCM | None, float]] = {}
        self._changing = threading.Lock()

    def keep(self, ciphers: Mapping[bytes, AESGCM | None]) -> None:
        """Keep opened keys for KEPT_SECONDS, and that a key is not there for MISSING_SECONDS."""
        now = _now()
        with self._changing:
            for key, cipher in ciphers.items():
                self.ciphers.pop(key, None)  # so that it stands last again
                self.ciphers[key] = (cipher, now + (MISSING_SECONDS if cipher is None else KEPT_SECONDS))
            while self.ciphers:  # the oldest stand first
                oldest = next(iter(self.ciphers))
                if len(self.ciphers) <= KEPT_AT_MOST and self.ciphers[oldest][1] > now:
                    break
                del self.ciphers[oldest]

    def drop_expired(self) -> None:
        """Forget the opened keys whose time is over."""
        now = _now()
        with self._changing:
            for key in [key for key, (_cipher, until) in self.ciphers.items() if until <= now]:
                del self.ciphers[key]

    def forget(self, keys: Iterable[bytes] | None = None) -> None:
        """Forget these, or all of them."""
        with self._changing:
            for key in list(self.ciphers) if keys is None else keys:
                self.ciphers.pop(key, None)


_known = _Known()
_away_until = 0.0  # of the server of the keys, if they have one of their own


def _now() -> float:
    """Seconds that only grow; by its name: tests put another clock in its place."""
    return time.monotonic()


# --- using them -------------------------------------------------------------------------------------------------------


def cipher_of(label: bytes) -> AESGCM:
    """The cipher of the data key with this id: from memory, or with one statement. For `common.encryption`.

    Raises UnsealError when the key was erased, or its wrap does not open; KeysAway, which is one, when their own server
    does not answer; the errors of django.db when they lie with the content and that cannot be read.
    """
    entry = _known.ciphers.get(label)
    cipher = entry[0] if entry is not None and entry[1] > _now() else _read({label})[label]
    if cipher is None:
        raise UnsealError("The data key that sealed this value is gone.")
    return cipher


def load(keys: Iterable[UUID | None]) -> set[UUID]:
    """Read those of these keys that this process does not know, in one statement or none; those that cannot be used.

    None stands for « no data key », and is passed over. What cannot be used is gone, or their own server is away: that
    of the others is known all the same. Raises the errors of django.db when they lie with the content.
    """
    wanted = {key.bytes: key for key in keys if key is not None}
    return {wanted[label] for label in _load(wanted)}


def load_for(sealed: Iterable[bytes | memoryview | None]) -> None:
    """Read the keys of all these sealed values at once, before they are opened one by one."""
    labels = {encryption.data_key_bytes(value) for value in sealed if value is not None}
    _load({label for label in labels if label is not None})


def _load(labels: Collection[bytes]) -> list[bytes]:
    """Read those that are not known; those that cannot be used."""
    gone: list[bytes] = []
    unknown: set[bytes] = set()
    now = _now()
    for label in labels:
        entry = _known.ciphers.get(label)
        if entry is None or entry[1] <= now:
            unknown.add(label)
        elif entry[0] is None:
            gone.append(label)
    if unknown:
        try:
            gone += [label for label, cipher in _read(unknown).items() if cipher is None]
        except KeysAway:
            gone += unknown
    return gone


def drop_expired() -> None:
    """Forget the keys that were known for long enough, also in a process that nobody asks for others."""
    _known.drop_expired()


def forget_all() -> None:
    """Forget every key that this process knows: for tests, and once wraps were put back."""
    global _away_until
    _away_until = 0.0
    _known.forget()


# --- their life -------------------------------------------------------------------------------------------------------


def may_be_made() -> bool:
    """Whether new exchanges get a key of their own (EXCHANGE_KEYS, docs/adr/0081)."""
    return bool(settings.EXCHANGE_KEYS == "write")


def make(count: int = 1) -> list[UUID]:
    """Draw keys, keep them wrapped, and return their ids. One statement.

    In the site's own database it takes part in the transaction of the caller. In one of their own the keys are there at
    once: what then fails leaves a key that sealed nothing, which `data_keys --check` counts.
    """
    drawn = {uuid4(): AESGCM.generate_key(KEY_BYTES * 8) for _each in range(count)}
    hexadecimal = [f'"\\\\x{_wrap(key, secret).hex()}"' for key, secret in drawn.items()]
    _send(_ADD, [_today(), array_text(drawn), array_text(hexadecimal)])
    _known.keep({key.bytes: AESGCM(secret) for key, secret in drawn.items()})
    return list(drawn)


def erase(keys: Collection[UUID]) -> int:
    """Erase these wrapped keys: whatever they sealed opens nowhere any more, in no copy. How many there were.

    The caller has made sure that no report names them. One statement.
    """
    if not keys:
        return 0
    count = _send(_ERASE, [array_text(keys)]).rowcount
    _known.forget(key.bytes for key in keys)
    return count


def _today() -> date:
    return timezone.localdate()


def _wrap(key: UUID, secret: bytes) -> bytes:
    return encryption.seal(base64.b64encode(secret).decode(), context=WrappedKey.context_of(key))


def _unwrap(key: UUID, wrapped: bytes) -> AESGCM | None:
    try:
        encryption.key_name(wrapped)  # of the ring: a wrap that said that it hangs on itself would never be done
        secret = base64.b64decode(encryption.unseal(wrapped, context=WrappedKey.context_of(key)), validate=True)
    except (UnsealError, ValueError):
        return None
    return AESGCM(secret) if len(secret) == KEY_BYTES else None


def _read(labels: Collection[bytes]) -> dict[bytes, AESGCM | None]:
    global _away_until
    if _now() < _away_until:
        raise KeysAway("The server of the keys was away a moment ago.")
    found: dict[bytes, AESGCM | None] = dict.fromkeys(labels)
    try:
        rows = _send(_READ, [array_text(label.hex() for label in labels)]).fetchall()
    except (OperationalError, InterfaceError) as error:
        if not router.is_apart():
            raise
        _away_until = _now() + AWAY_SECONDS
        logger.warning("data_keys: the server of the keys is away (%s)", describe_error(error))
        raise KeysAway("The server of the keys does not answer.") from error
    for key, wrapped in rows:
        found[key.bytes] = _unwrap(key, bytes(wrapped))
    _known.keep(found)
    return found


def _send(statement: LiteralString, values: list[object]) -> "psycopg.Cursor[Any]":
    """Send a statement to the database of the keys.

    A connection of their own that died while it was idle is replaced once. On the site's own connection that is for the
    caller to do, for it may be in the middle of a transaction. Raises the errors of django.db.
    """
    connection = connections[router.alias()]
    is_new = connection.connection is None
    try:
        return _execute(connection, statement, values)
    except (OperationalError, InterfaceError):
        if router.alias() == DEFAULT_DB_ALIAS or connection.in_atomic_block:
            raise
        connection.close()
        if is_new:
            raise
        return _execute(connection, statement, values)


def _execute(connection: Any, statement: LiteralString, values: list[object]) -> "psycopg.Cursor[Any]":
    with connection.wrap_database_errors:
        connection.ensure_connection()
        cursor: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
        cursor.execute(statement, values, prepare=True, binary=True)
        return cursor
