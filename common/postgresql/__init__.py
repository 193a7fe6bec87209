"""Django's backend for PostgreSQL, by which a request waits once for a database that is away.

`common.postgresql.base` is the backend, named by `settings.DATABASES`. A page asks the database at several places: its
session, its view, the page that tells of the error. Each would wait for the pool's time in its turn (5 seconds, four
times for an address that does not exist) and hold its thread meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Waits:
    """What one request has waited for."""

    has_given_up: bool = False  # the pool had no connection for it within its time


current: ContextVar[Waits | None] = ContextVar("database_waits", default=None)  # None: outside `waiting_once`


@contextmanager
def waiting_once() -> Iterator[None]:
    """Wait for the pool at most once within the block: after that, take a connection that is free or fail at once."""
    token = current.set(Waits())
    try:
        yield
    finally:
        current.reset(token)
