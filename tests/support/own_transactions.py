"""Refuses a lock that only the transaction of the test would hold.

pytest-django puts each test in a transaction of its own. A function that locks rows and has lost its
`@transaction.atomic` works in it. On a site, where PostgreSQL commits each statement by itself, Django raises an error
for a lock of the ORM, and a lock in plain SQL is released at once. Such a statement therefore fails in every test as
well: only a transaction that the code opened counts.
"""

import re
from typing import Any

import psycopg
from django.db import connection

# A reading that locks rows, or a lock of the transaction. A statement that also writes needs its locks only for itself.
LOCK = re.compile(
    r"\s*(SELECT\b.*\b(FOR (NO KEY )?UPDATE|FOR (KEY )?SHARE|pg_(try_)?advisory_xact_lock)\b|LOCK\b)", re.DOTALL
)
# Each of them contains one of these. This is looked for first, because the suite sends a million statements.
WORDS = ("FOR ", "advisory", "LOCK")


class LockOutsideTransaction(AssertionError):
    """Rows were locked, and no `transaction.atomic` of the code was open."""


def is_lock(query: Any) -> bool:
    return isinstance(query, str) and any(word in query for word in WORDS) and LOCK.match(query) is not None


def is_begun_by_the_code(raw: Any) -> bool:
    """Return whether this thread is in a transaction, of Django or of psycopg, that is not the one around the test."""
    return raw._num_transactions > 0 or any(not block._from_testcase for block in connection.atomic_blocks)


def is_a_look(query: str) -> bool:
    """Return whether the statement only asks whether the lock is free."""
    from chat.messages.writing import FREE  # it imports models, and Django may not be ready when this module is read

    return query == FREE


def watch() -> None:
    """Watch, from now on, the connections of Django in this process."""
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if is_lock(query) and self.connection is connection.connection and not is_begun_by_the_code(self.connection):
            if is_a_look(query):
                return execute(self, query, *args, **kwargs)
            raise LockOutsideTransaction(query)
        return execute(self, query, *args, **kwargs)

    psycopg.Cursor.execute = noted  # type: ignore[method-assign]
