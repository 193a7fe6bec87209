"""This is Django's backend for PostgreSQL, with which a request waits only once for a database that is away.

`common.postgresql.base` is the backend that `settings.DATABASES` names. A page uses the database at several places: for
its session, in its view, for the page that reports an error. Each would wait for the pool's time-out (5 seconds, four
times for an address that does not exist) and hold its thread meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Waits:
    """It says whether one request has already waited for the database in vain."""

    has_given_up: bool = False  # whether the pool had no connection for it in time


current: ContextVar[Waits | None] = ContextVar("database_waits", default=None)  # it is None outside of `waiting_once`


@contextmanager
def waiting_once() -> Iterator[None]:
    """Wait for the pool at most once within the block; after that, take a free connection or fail at once."""
    token = current.set(Waits())
    try:
        yield
    finally:
        current.reset(token)
