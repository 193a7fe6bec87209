"""This module keeps the statement of a query set that is read again and again with other values.

Django writes the SQL of a query set anew each time. For the list of an agent, with its dozen subqueries, that took six
times as long as PostgreSQL needs to answer it.
"""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable

type Value = int | datetime


class Prepared[M: Model]:
    """`Prepared(make).read(agent=7)` reads what `list(make(agent=7))` reads, and writes the SQL at the first time only.

    make: returns a query set of models, without prefetching, from values that are whole numbers or moments and stand in
    its statement as they are. What it computes of them, and what it reads besides them (a setting, the time), would
    stay as it was at first, and nothing of that kind may be in it.
    """

    def __init__(self, make: Callable[..., "QuerySet[M]"]) -> None:
        self._make = make
        self._written: tuple[Any, str, tuple[Any, ...], Any] | None = None

    def read(self, **values: Value) -> list[M]:
        """Read the rows. Raises LookupError when one of the values is not in the statement."""
        if self._written is None:
            self._written = self._write(values)
        first, sql, places, rows = self._written
        compiler = copy.copy(first)  # a thread has a connection of its own
        compiler.connection = connection
        params = tuple([one.value_of(values) if isinstance(one, _Place) else one for one in places])
        compiler.as_sql = lambda *_given, **_named: (sql, params)
        query = SimpleNamespace(get_compiler=lambda **_using: compiler)
        reading: Any = SimpleNamespace(
            db=DEFAULT_DB_ALIAS, query=query, _fetch_mode=rows._fetch_mode, _known_related_objects={}
        )
        return list(ModelIterable(reading))

    def _write(self, values: dict[str, Value]) -> tuple[Any, str, tuple[Any, ...], Any]:
        marks = {name: _mark(value, number) for number, (name, value) in enumerate(values.items())}
        rows = self._make(**marks)
        compiler = rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        names = {mark: name for name, mark in marks.items()}
        places = tuple([_Place(names[one], type(one)) if _is_mark(one, names) else one for one in params])
        if missing := marks.keys() - {one.name for one in places if isinstance(one, _Place)}:
            raise LookupError(f"not in the statement: {', '.join(sorted(missing))}")
        return compiler, sql, places, rows


class _Place:
    """It is where a value goes, and what the driver is to take it for: Django gives numbers the type of their
    column."""

    def __init__(self, name: str, kind: type) -> None:
        self.name, self._kind = name, kind

    def value_of(self, values: dict[str, Value]) -> Any:
        value = values[self.name]
        return value if isinstance(value, datetime) else self._kind(value)


def _mark(value: Value, number: int) -> Value:
    """Return a value of the same kind that stands nowhere else."""
    return datetime(1, 1, 1, 0, 0, 0, 1 + number, UTC) if isinstance(value, datetime) else -(2**61) - number


def _is_mark(one: Any, names: dict[Value, str]) -> bool:
    return isinstance(one, int | datetime) and one in names
