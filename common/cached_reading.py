"""Caches the result of a database query in a process for a while.

A thread that reads for others is known by `is_reading_for_others`. It lets nobody go before it meanwhile, because
everybody else's page may wait for it (`pnav.server.admission`).
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, connection
from psycopg_pool import PoolTimeout

from common.database_errors import describe_error

logger = logging.getLogger(__name__)


class _Here(threading.local):
    """It tells whether this thread is reading for others."""

    is_reading = False


_here = _Here()


def is_reading_for_others() -> bool:
    """Return whether this thread is reading something that other threads may wait for."""
    return _here.is_reading


@contextmanager
def reading_for_others() -> Iterator[None]:
    """Mark that this thread holds something that others wait for, until it has read it (`is_reading_for_others`)."""
    was_reading, _here.is_reading = _here.is_reading, True
    try:
        yield
    finally:
        _here.is_reading = was_reading


class CachedReading[T]:
    """It is a cache of the result of `read`, which is read again when it is older than `seconds`.

    One thread reads again while the others go on with the old result; if there is none yet, they wait. While the
    database is away, the last result stays in use, and the next try comes after `seconds`. name: its name in the log.
    otherwise: makes the result when nothing was ever read; without it the database's error is raised. clock: monotonic
    seconds.
    """

    def __init__(
        self,
        read: Callable[[], T],
        seconds: float,
        *,
        name: str,
        otherwise: Callable[[], T] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._read, self._seconds, self._name, self._otherwise = read, seconds, name, otherwise
        # The clock is looked up by name at each call, so that tests can replace it.
        self._clock = clock or (lambda: time.monotonic())
        self._known: tuple[T] | None = None  # None until something was read
        self._read_at = float("-inf")  # when the reading of what is known began
        self._failed_at = float("-inf")  # when the last reading began that `get` made and that failed
        self._generation = 0
        self._reading = threading.Lock()

    def _is_fresh(self) -> bool:
        return self._clock() - max(self._read_at, self._failed_at) < self._seconds

    def get(self) -> T:
        """Return the result, read again if it is old.

        Raises the database's error inside a transaction, which could not go on after it, and when there is neither an
        old result nor `otherwise`.
        """
        known = self._known
        if known is not None and self._is_fresh():
            return known[0]
        if not self._reading.acquire(blocking=known is None):
            assert known is not None  # noqa: S101  somebody else reads, and this thread did not wait
            return known[0]
        try:
            if self._known is not None and self._is_fresh():
                return self._known[0]  # another thread read it while this one waited
            with reading_for_others():
                return self._read_again(known, is_in_turn=True)
        finally:
            self._reading.release()

    def read_now(self) -> T:
        """Read again now and return the result, because another process may have changed it.

        Nobody else waits: other threads go on with what is known until this is read. Raises as `get` does. A failure
        changes nothing for the others, so `get` tries again when it would have.
        """
        return self._read_again(self._known, is_in_turn=False)

    def _read_again(self, known: tuple[T] | None, *, is_in_turn: bool) -> T:
        generation, at = self._generation, self._clock()
        try:
            found = self._read()
        except (DatabaseError, InterfaceError, PoolTimeout) as error:
            if connection.in_atomic_block or (known is None and self._otherwise is None):
                raise
            logger.warning("%s: the database failed (%s)", self._name, describe_error(error))
            known = self._known or known  # another thread may have read it meanwhile
            found = known[0] if known is not None else self._otherwise()  # type: ignore[misc]
            if is_in_turn and generation == self._generation:
                self._failed_at = at
                self._known = self._known or (found,)
            return found
        # If it was forgotten meanwhile, or read by another thread that began later, this may be from before a change.
        if generation == self._generation and at >= self._read_at:
            self._known, self._read_at = (found,), at
        return found

    def expire(self) -> None:
        """Read again at the next question, and go on with what is known if that fails."""
        self._generation += 1
        self._read_at = self._failed_at = float("-inf")

    def forget(self) -> None:
        """Read again at the next question, for which everybody waits: after a change in this process."""
        self.expire()
        self._known = None

    def put(self, value: T) -> None:
        """Take this for what was just read: for tests."""
        self._generation += 1
        self._known, self._read_at = (value,), self._clock()
