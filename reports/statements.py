"""The few statements of the exchange that are written by hand: prepared once, the same for one row or for hundreds.

Arrays travel as text (numbers, UUIDs, hexadecimal: nothing to quote), one parameter a column whatever the number of
rows, so that the driver has nothing to adapt value by value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from django.db import connection

Values = Sequence[object] | Mapping[str, object]


def line() -> "psycopg.Connection[Any]":
    """This thread's connection, below Django's."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return raw


def execute(statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
    """The rows of a statement, with values bound by the server. Raises the errors of django.db."""
    with connection.wrap_database_errors:
        return send(line(), statement, values).fetchall()


def send(raw: "psycopg.Connection[Any]", statement: LiteralString, values: Values) -> "psycopg.Cursor[Any]":
    """For a pipeline: the cursor, whose rows are asked for later. Whoever calls it wraps the errors."""
    cursor = psycopg.Cursor(raw)
    cursor.execute(statement, values, prepare=True, binary=True)
    return cursor


def array(values: Iterable[object]) -> str:
    """A column: numbers, booleans, None, or texts that need no quotes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
