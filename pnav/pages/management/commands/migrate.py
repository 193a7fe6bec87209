"""Runs Django's `migrate`, after saying in one line why PostgreSQL cannot be used, if it cannot."""

from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from common.database_errors import HINTS, OTHER, failure_of

CONNECT_SECONDS = 5


def require_database(alias: str) -> None:
    """Connect once, beside the pool, which would try for five seconds and lose the reason.

    It takes at most CONNECT_SECONDS for each address of the host. Raises CommandError, which names the kind of failure,
    its class and SQLSTATE, and no value.
    """
    connection = connections[alias]
    parameters = connection.get_connection_params()
    parameters.pop("pool", None)
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(ours, None)
    parameters.setdefault("connect_timeout", CONNECT_SECONDS)
    try:
        psycopg.connect(**parameters).close()
    except psycopg.Error as error:
        failure = failure_of(error)
        hint = HINTS[failure.category if failure else OTHER]
        raise CommandError(f"PostgreSQL : {hint} ({failure})") from None


class Command(migrate.Command):
    """Refuse at once, in one line, when the database cannot be used: before the checks, which query it."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        require_database(options["database"])
        return super().execute(*args, **options)
