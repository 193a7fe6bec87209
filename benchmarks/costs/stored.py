"""Measures what an act leaves behind: rows in PostgreSQL, and keys in Valkey. One act is measured at a time, while
nobody else uses the databases.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from common import rate_limits

# Every statement that writes, also in a CTE. « FOR UPDATE OF » and « DO UPDATE SET » name no table, and `_known` drops
# them.
_WRITES = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM|COPY)\s+(?:ONLY\s+)?"?(\w+)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Stored:
    """What an act left behind.

    rows: rows that were added. changed: other rows that were written again. size: the bytes of the values in both, and
    in Valkey. keys: the keys in Valkey. endless: the keys that never expire.
    """

    rows: int = 0
    changed: int = 0
    size: int = 0
    keys: int = 0
    endless: int = 0


def tables_written(query: Any) -> set[str]:
    """Return the tables that a statement may write, by its text."""
    text = query.decode() if isinstance(query, bytes) else query if isinstance(query, str) else query.as_string(None)
    return set(_WRITES.findall(text))


class Before(NamedTuple):
    """The state of a table: how many rows it has, and the last transaction (or part of one) that wrote a row."""

    rows: int
    last: int


def _ask(query: str) -> list[tuple[Any, ...]]:
    """Query on Django's connection, and so inside the transaction of the act."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    # Made of names in the catalogue.
    return psycopg.Cursor(raw).execute(query).fetchall()  # type: ignore[call-overload]


@cache
def _known() -> dict[str, str]:
    """Return, for each table, the SQL that sums the bytes of its values."""
    rows = _ask(
        "SELECT c.relname, a.attname, a.atttypid = 'bytea'::regtype"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
    )
    columns: dict[str, list[str]] = {}
    for table, column, is_bytes in rows:
        value = f'"{column}"' if is_bytes else f'"{column}"::text'
        columns.setdefault(table, []).append(f"coalesce(octet_length({value}), 0)")
    return {table: " + ".join(parts) for table, parts in columns.items()}


def look(tables: Iterable[str]) -> dict[str, Before]:
    """Count what exists before the act, in a transaction or a savepoint of its own.

    tables: the tables that the act may write.
    """
    found = {}
    for table in tables:
        if table in _known():
            ((rows, last),) = _ask(f'SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM "{table}"')  # noqa: S608
            found[table] = Before(rows, last)
    return found


def since(before: dict[str, Before]) -> Stored:
    """Return what was written since, by this transaction or by others that ended, and what is in Valkey now."""
    rows = changed = size = 0
    for table, (count, last) in before.items():
        new = f"FILTER (WHERE xmin::text::bigint > {last})"
        ((now, written, written_bytes),) = _ask(
            f'SELECT count(*), count(*) {new}, coalesce(sum({_known()[table]}) {new}, 0) FROM "{table}"'  # noqa: S608
        )
        added = max(0, now - count)
        rows, changed, size = rows + added, changed + max(0, written - added), size + int(written_bytes)
    keys, keys_bytes, endless = _in_valkey()
    return Stored(rows, changed, size + keys_bytes, keys, endless)


def _in_valkey() -> tuple[int, int, int]:
    """Return the number of keys, their bytes in Valkey's memory, and how many never expire. The act began with none."""
    server = rate_limits.server()
    if not server.dbsize():
        return 0, 0, 0
    keys = list(server.scan_iter(count=1000))
    with server.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.memory_usage(key)
            pipe.ttl(key)
        found = pipe.execute()
    sizes, ends = found[::2], found[1::2]
    return len(keys), sum(size or 0 for size in sizes), sum(end == -1 for end in ends)
