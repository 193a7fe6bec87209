"""This module makes one INSERT … ON CONFLICT a batch from a temporary table, which compares before it writes."""

# ruff: noqa: S608  (names of tables and columns come from the models, never from a file)

from typing import Any

from django.db import connection, models

from locations.importing.records import Refused
from locations.importing.result import Result

BATCH = 5000


def quote_name(name: str) -> str:
    """Return the name of a table or column as PostgreSQL takes it."""
    return connection.ops.quote_name(name)


def rank_case(column: str, ranks: dict[Any, int]) -> str:
    """Return the SQL for the rank of a column's value. The values are constants of the code."""
    return f"CASE {column} " + " ".join(f"WHEN '{value}' THEN {rank}" for value, rank in ranks.items()) + " ELSE -1 END"


class Merge:
    """It holds rows to insert into one table, or to compare with the row of the same key and write where they differ.

    columns are those given with each row, in order. The others take the default of their field.
    assign is SQL for the new value of a column on conflict, with `t` the present row and `excluded` the offered one;
    a column that is not in it takes the offered value.
    guard is SQL that must hold for a present row to be written.
    """

    def __init__(
        self,
        model: type[models.Model],
        columns: list[str],
        *,
        key: list[str],
        assign: dict[str, str] | None = None,
        guard: str = "TRUE",
    ) -> None:
        self.model, self.columns, self.key = model, columns, key
        self.table, self.stage = quote_name(model._meta.db_table), quote_name(f"stage_{model._meta.model_name}")
        fields = {item.column: item for item in model._meta.concrete_fields}
        self.limits = [getattr(fields[column], "max_length", None) for column in columns]
        self.labels = [str(getattr(fields[column], "verbose_name", column)) for column in columns]
        self.rows: list[tuple[Any, ...]] = []
        self.added = self.changed = self.unchanged = self.kept = 0
        self.has_hand = "edited_by_hand" in fields
        others = [
            item
            for item in model._meta.concrete_fields
            if item.column not in columns and not (item.primary_key and isinstance(item, models.AutoField))
        ]
        self.constants = {
            str(item.column): "now()" if getattr(item, "auto_now", False) else _literal(item.get_default())
            for item in others
        }
        assign = assign or {}
        self.updates = {name: assign.get(name, f"excluded.{quote_name(name)}") for name in columns if name not in key}
        self.guard = f"({guard})" + (" AND NOT t.edited_by_hand" if self.has_hand else "")
        self.is_staged = False

    def add(self, row: tuple[Any, ...]) -> None:
        """Take a row. It raises Refused when a text is longer than its column."""
        for value, limit, label in zip(row, self.limits, self.labels, strict=True):
            if limit and isinstance(value, str) and len(value) > limit:
                raise Refused(f"champ trop long : {label}")
        self.rows.append(row)
        if len(self.rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the collected rows in one statement. A row that did not change is not written."""
        if not self.rows:
            return
        names = ", ".join(quote_name(name) for name in self.columns)
        keys = ", ".join(quote_name(name) for name in self.key)
        with connection.cursor() as cursor:
            if self.is_staged:
                cursor.execute(f"TRUNCATE {self.stage}")
            else:
                cursor.execute(f"DROP TABLE IF EXISTS {self.stage}")
                cursor.execute(
                    f"CREATE TEMPORARY TABLE {self.stage} ON COMMIT DROP"
                    f" AS SELECT {names} FROM {self.table} WITH NO DATA"
                )
                self.is_staged = True
            with cursor.copy(f"COPY {self.stage} ({names}) FROM STDIN") as copy:
                for row in self.rows:
                    copy.write_row(row)
            cursor.execute(f"SELECT count(*) FROM (SELECT DISTINCT {keys} FROM {self.stage}) s")
            total = cursor.fetchone()[0]
            kept = 0
            if self.has_hand:
                cursor.execute(
                    f"SELECT count(*) FROM {self.table} t WHERE t.edited_by_hand"
                    f" AND EXISTS (SELECT 1 FROM {self.stage} s WHERE {self._same('s', 't')})"
                )
                kept = cursor.fetchone()[0]
            into = ", ".join([names, *(quote_name(name) for name in self.constants)])
            values = ", ".join([names, *self.constants.values()])
            action = "NOTHING"
            if self.updates:
                sets = [f"{quote_name(name)} = {sql}" for name, sql in self.updates.items()]
                if "updated_at" in self.constants:
                    sets.append("updated_at = now()")
                present = ", ".join(f"t.{quote_name(name)}" for name in self.updates)
                offered = ", ".join(self.updates.values())
                action = f"UPDATE SET {', '.join(sets)} WHERE {self.guard} AND ({present}) IS DISTINCT FROM ({offered})"
            cursor.execute(
                f"INSERT INTO {self.table} AS t ({into})"
                f" SELECT DISTINCT ON ({keys}) {values} FROM {self.stage} ORDER BY {keys}"
                f" ON CONFLICT ({keys}) DO {action} RETURNING (xmax = 0)"
            )
            inserted = [is_new for (is_new,) in cursor.fetchall()]
        added = sum(inserted)
        self.added += added
        self.changed += len(inserted) - added
        self.kept += kept
        self.unchanged += total - len(inserted) - kept
        self.rows.clear()

    def _same(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{quote_name(name)} = {other}.{quote_name(name)}" for name in self.key)

    def count_into(self, result: Result) -> None:
        """Add what was counted to the result of the file."""
        result.added += self.added
        result.changed += self.changed
        result.unchanged += self.unchanged
        result.kept += self.kept


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
