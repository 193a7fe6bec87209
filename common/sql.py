"""This module sends the few statements that are written by hand: each is prepared once, for one row and for hundreds
alike.

Arrays are sent as text (numbers, UUIDs, hexadecimal: nothing that needs quotes), one parameter for each column whatever
the number of rows, so that the driver does not convert value by value.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, LiteralString

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

from common.postgresql.first import read_first

Values = Sequence[object] | Mapping[str, object]


def raw_connection() -> "psycopg.Connection[Any]":
    """Return this thread's psycopg connection, below Django's."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return raw


def fetch_rows(statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
    """Run a statement, with values bound by the server, and return its rows. Raises the errors of django.db."""
    with connection.wrap_database_errors:
        return send_statement(raw_connection(), statement, values).fetchall()


def fetch_first_rows(statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
    """Do as `fetch_rows` with a statement that only reads, where a page sends its first one.

    It shows by itself whether the connection works (`common.postgresql.first`). What is done before each statement of
    Django (`connection.execute_wrapper`: giving way to others, traces) is done before this one.
    """

    def execute(sql: Any, params: Any, _many: bool, _context: dict[str, Any]) -> list[tuple[Any, ...]]:
        return read_first(lambda: fetch_rows(sql, params))

    for wrapper in reversed(connection.execute_wrappers):
        execute = partial(wrapper, execute)
    return execute(statement, values, False, {"connection": connection, "cursor": None})


def send_statement(raw: "psycopg.Connection[Any]", statement: LiteralString, values: Values) -> "psycopg.Cursor[Any]":
    """Send a statement, in a pipeline if one is open, and return its cursor.

    Raises psycopg.Error; the caller wraps it (`wrap_database_errors`).
    """
    cursor = psycopg.Cursor(raw)
    cursor.execute(statement, values, prepare=True, binary=True)
    return cursor


def array_text(values: Iterable[object]) -> str:
    """Return the text of a PostgreSQL array of these values: numbers, booleans, None, or texts that need no quotes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def columns_of(model: type[Model], alias: str) -> LiteralString:
    """Return all columns of a model for a SELECT, in the order that `build_objects` needs."""
    return ", ".join([f'{alias}."{field.column}"' for field in model._meta.concrete_fields])


def build_objects(models: Iterable[type[Model]], row: Sequence[Any]) -> list[Any]:
    """Make the objects whose columns (`columns_of`) are in this row, model by model; None for one with no row.

    It is for models whose fields need no conversion from PostgreSQL's types, and whose first column is the key.
    """
    objects, start = [], 0
    for model in models:
        names = [field.attname for field in model._meta.concrete_fields]
        values = row[start : start + len(names)]
        objects.append(None if values[0] is None else model.from_db(DEFAULT_DB_ALIAS, names, values))
        start += len(names)
    return objects
