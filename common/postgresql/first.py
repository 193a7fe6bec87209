"""Lets the first statement of a page show whether its connection works, in place of a question to the server.

The pool asks the server before it lends a connection, because after a restart of PostgreSQL it may hold ended ones.
That is a journey to the server for each page, and the page's first statement makes the same journey a moment later.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection
from psycopg_pool import ConnectionPool

_is_shown: ContextVar[bool] = ContextVar("connection_is_shown_to_work", default=False)


def check_connection(lent: "psycopg.Connection[Any]") -> None:
    """Ask the server whether a connection of the pool works, unless a first statement is about to show it.

    Raises psycopg.Error when it does not. `settings.DATABASES` names this function as the check of the pool.
    """
    if not _is_shown.get():
        ConnectionPool.check_connection(lent)


def read_first[T](read: Callable[[], T]) -> T:
    """Return what this reading returns. If it fails because its connection had ended, read again on another one.

    The second connection is checked by the pool, as all are elsewhere. In a transaction, or where the thread has a
    connection already, nothing is read again. read: makes statements that only read, so that it may be repeated.
    """
    if connection.connection is not None or connection.in_atomic_block:
        return read()
    token = _is_shown.set(True)
    try:
        return read()
    except (OperationalError, InterfaceError):
        if connection.connection is None or _works(connection.connection):
            raise  # the pool had no connection, or the server itself refused the statement
        connection.close()
    finally:
        _is_shown.reset(token)
    return read()


def _works(lent: "psycopg.Connection[Any]") -> bool:
    try:
        ConnectionPool.check_connection(lent)
    except psycopg.Error:
        return False
    return True
