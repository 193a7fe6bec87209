"""Lets a command of the operator read whole tables, for which the site's time limits are too short."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, transaction

# For this transaction alone, so that a pooler lends the connection with its own limits to whoever is next. How long a
# lock is waited for stays bounded.
_NO_LIMIT = (
    "SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)"
)


@contextmanager
def long_statements(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Open a transaction in which a statement, and the time between two, may take as long as they need.

    A page never uses it: one thread of the site would wait for as long.
    """
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute(_NO_LIMIT)
        yield
