"""This module reads and unwraps data keys, caches them for a while, makes new ones, and erases them.

An encrypted value says which data key it needs (`common.encryption`). That key is read from the table of wrapped keys,
unwrapped once, and kept in memory: at most KEPT_AT_MOST keys, each for KEPT_SECONDS. So a message costs one look into a
dictionary more than with the key ring alone. In each process, keys cost one statement for everything that a reading
needs at once, each KEPT_SECONDS.

A process that still has an erased key in memory can use it for KEPT_SECONDS at most, and only on rows of the site,
which are deleted by then. Statements are sent below Django, on the connection of the calling thread, so that they can
be sent wherever messages are read or written (`common.sql`).
"""

import base64
import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping, Set
from datetime import date
from typing import Any, LiteralString, NamedTuple
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
REQUIRED_SECONDS = 60.0  # longer than any reading of one exchange takes (`require`)
# A missing key is looked for again after this time, because a copy of the keys may have been restored meanwhile.
MISSING_SECONDS = 10.0
# A separate key server that failed is asked again after this time. Each failure may take two seconds (settings) of a
# thread for which others wait, and exchanges whose key is in memory must not pay for those whose key is not.
AWAY_SECONDS = 15.0

_READ: LiteralString = "SELECT id, wrapped FROM data_keys_wrappedkey WHERE id = ANY(%s::uuid[])"
_ADD: LiteralString = """
INSERT INTO data_keys_wrappedkey (id, wrapped, made_on)
SELECT id, wrapped, %s FROM unnest(%s::uuid[], %s::bytea[]) AS d(id, wrapped)
"""
_ERASE: LiteralString = "DELETE FROM data_keys_wrappedkey WHERE id = ANY(%s::uuid[])"


class KeysAway(UnsealError, OperationalError):
    """The key server does not answer.

    As an UnsealError it makes a reader show that the text cannot be read now. As an OperationalError it makes a writer
    fail as when the database is away.
    """


class _Known:
    """It is a cache of ciphers by the id of their key (its 16 bytes), the oldest first; None for a key that was not
    found.

    `ciphers`: each with the moment, in monotonic seconds, until which it may be used. Looking something up takes no
    lock, because it is one operation of a dict; changes take one.
    """

    def __init__(self) -> None:
        self.ciphers: dict[bytes, tuple[AESGCM | None, float]] = {}
        self._changing = threading.Lock()

    def keep(self, ciphers: Mapping[bytes, AESGCM | None]) -> None:
        """Keep ciphers for KEPT_SECONDS, and the knowledge that a key is missing for MISSING_SECONDS."""
        now = _now()
        with self._changing:
            for key, cipher in ciphers.items():
                self.ciphers.pop(key, None)  # removed first, so that it is put last again
                self.ciphers[key] = (cipher, now + (MISSING_SECONDS if cipher is None else KEPT_SECONDS))
            while self.ciphers:  # the oldest come first
                oldest = next(iter(self.ciphers))
                if len(self.ciphers) <= KEPT_AT_MOST and self.ciphers[oldest][1] > now:
                    break
                del self.ciphers[oldest]

    def drop_expired(self) -> None:
        """Forget the ciphers whose time is over."""
        now = _now()
        with self._changing:
            for key in [key for key, (_cipher, until) in self.ciphers.items() if until <= now]:
                del self.ciphers[key]

    def forget(self, keys: Iterable[bytes] | None = None) -> None:
        """Forget the ciphers of these keys, or all of them."""
        with self._changing:
            for key in list(self.ciphers) if keys is None else keys:
                self.ciphers.pop(key, None)


class Found(NamedTuple):
    """These are the ciphers of several data keys, by the 16 bytes of their id; None for a key that cannot be used.

    away: those of these keys that could not be read, because a separate key server is away. The others were erased.
    """

    ciphers: dict[bytes, AESGCM | None]
    away: Set[bytes]


_known = _Known()
_away_until = 0.0  # until when a separate key server is not asked again, in monotonic seconds


def _now() -> float:
    """Return monotonic seconds. It is a function so that tests can replace the clock."""
    return time.monotonic()


# --- using them -------------------------------------------------------------------------------------------------------


def cipher_of(label: bytes) -> AESGCM:
    """Return the cipher of the data key with this id (16 bytes), for `common.encryption`. At most one statement.

    Raises UnsealError when the key was erased or cannot be unwrapped. Raises KeysAway (a kind of UnsealError) when a
    separate key server does not answer, and the errors of django.db when the keys are in the site's database and that
    does not answer.
    """
    entry = _known.ciphers.get(label)
    cipher = entry[0] if entry is not None and entry[1] > _now() else _read({label})[label]
    if cipher is None:
        raise UnsealError("The data key that sealed this value is gone.")
    return cipher


def ciphers_of(labels: Iterable[bytes | None]) -> dict[bytes, AESGCM | None]:
    """Return the ciphers of the data keys with these ids (16 bytes each), in one look, and at most one statement.

    None for a key that cannot be used: it was erased, or a separate key server is away (`find`). A label that is None
    means « no data key », and is skipped. Raises the errors of django.db when the keys are in the site's database and
    that does not answer.
    """
    return find(labels).ciphers


def find(labels: Iterable[bytes | None]) -> Found:
    """Do what `ciphers_of` does, and say which of the keys could not be read because a separate key server is away."""
    now = _now()
    known = _known.ciphers
    found: dict[bytes, AESGCM | None] = {}
    unknown: set[bytes] = set()
    for label in labels:
        if label is None:
            continue
        entry = known.get(label)
        if entry is not None and entry[1] > now:
            found[label] = entry[0]
        else:
            unknown.add(label)
    if unknown:
        try:
            found |= _read(unknown)
        except KeysAway:
            return Found(found | dict.fromkeys(unknown), unknown)
    return Found(found, frozenset())


def find_for(sealed: Iterable[bytes | memoryview | None]) -> Found:
    """Return what `find` does, of the keys that these encrypted values need."""
    return find({encryption.data_key_bytes(value) for value in sealed if value is not None})


def ciphers_for(sealed: Iterable[bytes | memoryview | None]) -> dict[bytes, AESGCM | None]:
    """Return what `ciphers_of` does, of the keys that these encrypted values need."""
    return find_for(sealed).ciphers


def load(keys: Iterable[UUID | None]) -> set[UUID]:
    """Read those of these keys that are not in memory, in one statement or none. Return those that cannot be used.

    A key cannot be used when it was erased, or when a separate key server is away. None means « no data key », and is
    skipped. Raises the errors of django.db when the keys are in the site's database and that does not answer.
    """
    wanted = {key.bytes: key for key in keys if key is not None}
    return {wanted[label] for label, cipher in ciphers_of(wanted).items() if cipher is None}


def require(key: UUID | None) -> None:
    """Make sure that a reading which begins now finds this key in memory for REQUIRED_SECONDS, if it exists.

    For readings of many values that must not leave out what can be read later. One statement at most. Raises KeysAway,
    and the errors of django.db as `load` does. None means « no data key ».
    """
    if key is None:
        return
    entry = _known.ciphers.get(key.bytes)
    if entry is None or entry[1] <= _now() + REQUIRED_SECONDS:
        _read({key.bytes})


def load_for(sealed: Iterable[bytes | memoryview | None]) -> None:
    """Read the keys of all these encrypted values in one statement, before they are decrypted one by one."""
    ciphers_for(sealed)


def drop_expired() -> None:
    """Forget the keys whose time is over, even in a process that reads no other ones."""
    _known.drop_expired()


def forget_all() -> None:
    """Forget every key in memory, for tests, and after wrapped keys were restored."""
    global _away_until
    _away_until = 0.0
    _known.forget()


# --- their life -------------------------------------------------------------------------------------------------------


def may_be_made() -> bool:
    """Return whether new exchanges get a key of their own (EXCHANGE_KEYS, docs/adr/0081)."""
    return bool(settings.EXCHANGE_KEYS == "write")


def make(count: int = 1) -> list[UUID]:
    """Draw keys at random, store them wrapped, and return their ids. One statement.

    In the site's own database this is part of the caller's transaction. In a separate one the keys are stored at once,
    so that a failure afterwards leaves a key that encrypts nothing; `data_keys --check` counts such keys.
    """
    drawn = {uuid4(): AESGCM.generate_key(KEY_BYTES * 8) for _each in range(count)}
    hexadecimal = [f'"\\\\x{_wrap(key, secret).hex()}"' for key, secret in drawn.items()]
    _send(_ADD, [_today(), array_text(drawn), array_text(hexadecimal)])
    _known.keep({key.bytes: AESGCM(secret) for key, secret in drawn.items()})
    return list(drawn)


def erase(keys: Collection[UUID]) -> int:
    """Erase these wrapped keys, and return how many there were. What they encrypt can then not be read in any copy.

    The caller has made sure that no report refers to them. One statement.
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
        encryption.key_name(wrapped)  # it must be wrapped by the ring; one that names itself would never end
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
    """Send a statement to the database of the keys. Raises the errors of django.db.

    A separate connection that died while it was idle is replaced once. On the site's own connection the caller has to
    do that, because it may be in the middle of a transaction.
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
