"""The indexes of a database: how large they are, how often they were read, and which of them another one
makes useless.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# The keys as PostgreSQL writes them (columns or expressions), with the condition of a partial index.
INDEXES = """
SELECT t.relname, i.relname, x.indisunique OR x.indisprimary OR x.indisexclusion AS guards,
       ARRAY(SELECT concat_ws(' ', pg_get_indexdef(x.indexrelid, n, true),
                              CASE WHEN x.indoption[n - 1] & 1 = 1 THEN 'desc' END,
                              regexp_replace(o.opcname, '^(varchar|text|bpchar)(_pattern)?_ops$', 'text'))
             FROM generate_series(1, x.indnkeyatts) AS n JOIN pg_opclass o ON o.oid = x.indclass[n - 1]
             ORDER BY n) AS keys,
       coalesce(pg_get_expr(x.indpred, x.indrelid), '') AS condition, am.amname,
       pg_relation_size(i.oid) AS bytes, coalesce(s.idx_scan, 0) AS scans
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_am am ON am.oid = i.relam LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = x.indexrelid
WHERE t.relnamespace = 'public'::regnamespace ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Index:
    """An index. guards: whether it holds a constraint, and therefore stays. keys: the keys in their order, each with
    its direction and its operator class. condition: that of a partial index, otherwise empty.
    """

    table: str
    name: str
    guards: bool
    keys: tuple[str, ...]
    condition: str
    method: str
    size: int
    scans: int


def read(cursor: Any) -> list[Index]:
    """Return all indexes of the site's tables, as the database has them."""
    cursor.execute(INDEXES)
    return [Index(*row[:3], tuple(row[3]), *row[4:]) for row in cursor.fetchall()]


def redundant(indexes: Sequence[Index]) -> dict[str, str]:
    """Return each index whose keys are the first keys of another index of the same table, with the name of that one.

    An index for searches by the beginning of a text (`LIKE 'x%'`; Django makes one beside each unique text) is treated
    like one of the text itself. Of two equal ones, the one that guards nothing is named, or else the one whose name
    comes later. An index over all rows does not replace a partial one here, because a small partial index exists for
    its size.
    """
    found: dict[str, str] = {}
    for one in indexes:
        if one.guards or one.method != "btree":
            continue
        for other in indexes:
            is_longer = other.keys[: len(one.keys)] == one.keys and len(other.keys) > len(one.keys)
            is_same = other.keys == one.keys and (other.guards or other.name < one.name)
            if (
                other.table == one.table
                and other.method == "btree"
                and other.condition == one.condition
                and (is_longer or is_same)
                and other.name != one.name
            ):
                found.setdefault(one.name, other.name)
    return found


def run(say: Callable[[str], None]) -> None:
    """Print the largest indexes, with how often they were read since the server's figures begin, and the redundant
    ones.
    """
    from django.db import connection

    with connection.cursor() as cursor:
        found = read(cursor)
    for one in sorted(found, key=lambda one: -one.size)[:60]:
        say(f"{one.size / 2**20:8.1f} MiB {one.scans:10,} readings  {one.table}: {one.name} ({', '.join(one.keys)})")
    for name, other in redundant(found).items():
        say(f"redundant: {name}, for {other}")
