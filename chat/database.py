"""This module takes work from the event loop to the database, in threads that keep one connection each.

The sockets live in one event loop, while the code of the domain is synchronous. `in_db` runs one call in a thread. A
`Batch` (`chat.realtime.batch`) makes one call for everything that arrived while the last one was under way: at low load
that is one question, without any delay; under load it is hundreds, for about the price of one.
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
# Errors that say that the database does not answer, whatever was asked. Other errors are about the question itself.
NO_ANSWER = (OperationalError, InterfaceError, PoolTimeout)
RETRY_SECONDS = 0.1
# How long the writer waits for a row lock. When one conversation is locked for longer, the messages of all the others
# must not wait for it.
WRITER_LOCK_SECONDS = 2
# Locked rows that a batch may meet one by one; after this many it takes the whole database to be standing still.
LOCKED_AT_MOST = 3
# After a batch of CROWD questions the next one waits CROWD_SECONDS for more: fewer and larger batches cost less.
CROWD = 32
CROWD_SECONDS = 0.004


class _Limits(threading.local):
    """These are limits of one thread.

    lock_seconds: how long its statements wait for a lock, where this cannot be set once for its connection.
    """

    lock_seconds: int | None = None


_limits = _Limits()


def leave_the_pool(lock_seconds: int | None = None) -> None:
    """Give this thread a database connection of its own, outside the pool, for as long as it lives.

    The pool is made for pages: it takes a connection back after each page, and after a restart of PostgreSQL it tries
    to connect again only every half second. Here a lost connection is replaced as soon as the server answers.
    The plan of a prepared statement is made once and kept. PostgreSQL by itself plans each of them anew, at a third of
    a check's time, where it believes that an array is shorter than a hundred rows: which it nearly always is.
    lock_seconds: how long the thread's statements wait for a lock, in place of `DATABASE_STATEMENT_SECONDS`. A pooler
    takes no options of a connection; behind one, each transaction sets it by `limit_locks`, and plans are not kept.
    """
    database = connections.settings[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in database["OPTIONS"].items() if name != "pool"}
    if settings.DATABASE_POOLER:
        _limits.lock_seconds = lock_seconds
    else:
        limit = "" if lock_seconds is None else f" -c lock_timeout={lock_seconds * 1000}"
        options["options"] = f"{options.get('options', '')} -c plan_cache_mode=force_generic_plan{limit}"
    connections[DEFAULT_DB_ALIAS] = type(connections[DEFAULT_DB_ALIAS])({**database, "OPTIONS": options})


def limit_locks(raw: psycopg.Connection[Any]) -> None:
    """Set how long this transaction waits for a lock, if that could not be set for the thread's connection.

    Call it in a pipeline, so that it costs no round trip of its own.
    """
    if _limits.lock_seconds is not None:
        raw.execute("SELECT set_config('lock_timeout', %s, true)", [f"{_limits.lock_seconds}s"])


def has_lock_limit() -> bool:
    """Return whether `limit_locks` has something to set in this thread."""
    return _limits.lock_seconds is not None


THREADS = ThreadPoolExecutor(settings.CHAT_THREADS, thread_name_prefix="chat", initializer=leave_the_pool)
# Messages are written in a thread of their own, so that a slow reading in the threads above delays no message.
WRITER_THREAD = ThreadPoolExecutor(
    1,
    thread_name_prefix="chat-writer",
    initializer=leave_the_pool,
    initargs=(WRITER_LOCK_SECONDS,),
)


def is_lock_held(error: Exception) -> bool:
    """Return whether a statement failed because somebody else held a row lock for too long.

    Such an error concerns that row only, and trying again at once is of no use.
    """
    return isinstance(error.__cause__, LockNotAvailable)


def with_fresh_connection[T](work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do the work, and once more on a new connection if this thread's connection had died while it was idle.

    The work must be safe to repeat as a whole, as a message is by its `client_id`. When a new connection fails, the
    database is away, and the error is raised. A server that takes no writes (a standby, or a demoted primary) counts as
    away too: its connection is closed and OperationalError is raised, and the next connection goes to whatever server
    the address names by then.
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
    """Do the work, and try again for this many seconds while the database is away.

    A restart of PostgreSQL is then a delay and no error. Raises the last error after that, and at once when a row lock
    was held for too long. The work must be safe to repeat as a whole.
    """
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
    """Run a synchronous function in one of the chat threads, which keep their connections (`with_fresh_connection`)."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(THREADS, lambda: with_fresh_connection(work, *args, **kwargs))


def close_thread_connections() -> None:
    """Close the connection of every chat thread, at the end of a process or of a test database."""
    for executor, size in ((THREADS, settings.CHAT_THREADS), (WRITER_THREAD, 1)):
        everyone = threading.Barrier(size)

        def close(everyone: threading.Barrier = everyone) -> None:
            everyone.wait()
            connection.close()

        for future in [executor.submit(close) for _thread in range(size)]:
            future.result()
