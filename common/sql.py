"""The few statements of the exchange that are written by hand: prepared once, the same for one row or for hundreds.

Arrays travel as text (numbers, UUIDs, hexadecimal: nothing to quote), one parameter a column whatever the number of
rows, so that the driver has nothing to adapt value by value.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model

Values = Sequence[object] | Mapping[str, object]


def raw_connection() -> "psycopg.Connection[Any]":
    """This thread's connection, below Django's."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    return raw


def fetch_rows(statement: LiteralString, values: Values) -> list[tuple[Any, ...]]:
    """The rows of a statement, with values bound by the server. Raises the errors of django.db."""
    with connection.wrap_database_errors:
        return send_statement(raw_connection(), statement, values).fetchall()


def send_statement(raw: "psycopg.Connection[Any]", statement: LiteralString, values: Values) -> "psycopg.Cursor[Any]":
    """Send a statement in a pipeline, and return the cursor, whose rows are read later. The caller wraps the errors."""
    cursor = psycopg.Cursor(raw)
    cursor.execute(statement, values, prepare=True, binary=True)
    return cursor


def array_text(values: Iterable[object]) -> str:
    """A column: numbers, booleans, None, or texts that need no quotes."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def columns_of(model: type[Model], alias: str) -> LiteralString:
    """All columns of a model, for a SELECT: `build_objects` makes an object of them."""
    return ", ".join([f'{alias}."{field.column}"' for field in model._meta.concrete_fields])


def build_objects(models: Iterable[type[Model]], row: Sequence[Any]) -> list[Any]:
    """The objects whose columns stand in this row, model by model; None for one that a join did not find.

    For models whose fields PostgreSQL's types give as they are; the key comes first in each.
    """
    objects, start = [], 0
    for model in models:
        names = [field.attname for field in model._meta.concrete_fields]
        values = row[start : start + len(names)]
        objects.append(None if values[0] is None else model.from_db(DEFAULT_DB_ALIAS, names, values))
        start += len(names)
    return objects
