"""Crosses from the event loop to the database, by threads that keep a connection each, and by batches.

Plain ASGI sockets live in one event loop; the domain is synchronous. `in_db` crosses once for one thing. A `Batch`
crosses once for everything that piled up while the last crossing was under way: at low load that is one thing, without
any delay; under load hundreds of them, for about the price of one.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
)
from psycopg.errors import LockNotAvailable, ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout

logger = logging.getLogger(__name__)

DATABASE_AWAY = (DatabaseError, InterfaceError, PoolTimeout)
NO_ANSWER = (OperationalError, InterfaceError, PoolTimeout)  # whatever was asked; other errors are about a question
RETRY_SECONDS = 0.1
# A conversation whose row is locked for longer is not waited for by the messages of all the others.
WRITER_LOCK_SECONDS = 2
LOCKED_AT_MOST = 3  # in one crossing; after so many it is the database that stands still
# Under such a load a crossing waits a moment for the next questions: fewer, larger ones leave more time to each.
CROWD = 32
CROWD_SECONDS = 0.004


class _Limits(threading.local):
    """lock_seconds: how long this thread's own statements wait for a lock, where its connection cannot say it once."""

    lock_seconds: int | None = None


_limits = _Limits()


def leave_the_pool(lock_seconds: int | None = None) -> None:
    """Give this thread a connection of its own, kept for good.

    The pool serves pages: it takes a connection back after each, and after a restart of PostgreSQL it tries again every
    half second, beside who waits. Here a lost connection is replaced as soon as the server answers.
    lock_seconds: what its statements wait for a lock, in place of `DATABASE_STATEMENT_SECONDS`. Behind a pooler, which
    takes no option of a connection, each transaction says it: `limit_locks`.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    if settings.DATABASE_POOLER:
        _limits.lock_seconds = lock_seconds
    elif lock_seconds is not None:
        options["options"] = f"{options.get('options', '')} -c lock_timeout={lock_seconds * 1000}"
    connections[DEFAULT_DB_ALIAS] = type(connections[DEFAULT_DB_ALIAS])({**database, "OPTIONS": options})


def limit_locks(raw: psycopg.Connection[Any]) -> None:
    """Say how long this transaction waits for a lock, where the connection of this thread could not: in a pipeline."""
    if _limits.lock_seconds is not None:
        raw.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_limits.lock_seconds}s"])


def has_lock_limit() -> bool:
    """Whether `limit_locks` has something to say in this thread."""
    return _limits.lock_seconds is not None


THREADS = ThreadPoolExecutor(settings.CHAT_THREADS, thread_name_prefix="chat", initializer=leave_the_pool)
# Writing waits for nobody: a slow reading in the threads above must not hold up a message.
WRITER_THREAD = ThreadPoolExecutor(
    1,
    thread_name_prefix="chat-writer",
    initializer=leave_the_pool,
    initargs=(WRITER_LOCK_SECONDS,),
)


def is_lock_held(error: Exception) -> bool:
    """Whether somebody else held a row for too long: it is about that row, and trying again at once is no use."""
    return isinstance(error.__cause__, LockNotAvailable)


def with_fresh_connection[T](work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do the work; once more on a new connection if this thread's had died while it was idle.

    All of the work may be repeated (a message by its client_id). A connection that fails when it is new is a database
    that is away: the error goes to the caller. So is one that takes no writing: a standby, or a primary that was
    demoted. It is closed, and told as an OperationalError: the next one goes where the address leads by then.
    """
    is_new = connection.connection is None
    try:
        return work(*args, **kwargs)
    except InternalError as error:
        if not isinstance(error.__cause__, ReadOnlySqlTransaction):
            raise
        connection.close()
        if is_new:
            raise OperationalError(*error.args) from error.__cause__
        return with_fresh_connection(work, *args, **kwargs)
    except (OperationalError, InterfaceError) as error:
        if is_lock_held(error):
            raise
        connection.close()
        if is_new:
            raise
        return work(*args, **kwargs)


def retry_while_away[T](seconds: float, work: Callable[..., T], *args: Any) -> T:
    """Do the work; while the database is away try again, for so many seconds. Its restart is then a delay, no error."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return with_fresh_connection(work, *args)
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            if is_lock_held(error):
                raise
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


async def in_db[T](work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run one thing of the domain in a chat thread, which keeps its connection."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(THREADS, lambda: with_fresh_connection(work, *args, **kwargs))


def close_thread_connections() -> None:
    """Close the connection of every thread, at the end of a process or of a test database."""
    for executor, size in ((THREADS, settings.CHAT_THREADS), (WRITER_THREAD, 1)):
        everyone = threading.Barrier(size)

        def close(everyone: threading.Barrier = everyone) -> None:
            everyone.wait()
            connection.close()

        for future in [executor.submit(close) for _thread in range(size)]:
            future.result()
