"""Finds migrations that processes of the version before could not bear, or for which people would wait. No server is
needed.

A new version is rolled out while the old one serves. Old processes read and write the new schema for some minutes, and
people write meanwhile (docs/adr/0063). `judge` looks at the operations of one migration and names what would break
that. `make check` judges every migration after those of JUDGED_AFTER, together with `tests.schema`.

A migration may do such a thing all the same when it says why, under the key that the message names:

    class Migration(migrations.Migration):
        safe_because = {"index unit.region": "There are some hundred units: the index is made in a millisecond."}
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import connections, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.expressions import Value
from django.db.models.functions import Now

# The last migration of each app from before this check existed (November 2026).
JUDGED_AFTER: Mapping[str, str] = {
    "accounts": "0011_pending_changes",
    "chat": "0018_absences",
    "data_keys": "0001_wrapped_keys",
    "locations": "0003_municipality_largest",
    "pages": "0006_text_rows",
    "reports": "0019_register_digest",
    "sentences": "0002_text_rows",
    "triage": "0001_versions",
}
REASON_LEAST = 25  # characters: « it is safe » is no reason

NOT_NULL = "not-null"
RENAME = "rename"
DROP = "drop"
TYPE = "type"
INDEX = "index"
CONSTRAINT = "constraint"
REWRITE = "rewrite"
NEW_VALUE = "new-value"
SQL = "sql"
MIXED = "mixed"

WHY: Mapping[str, str] = {
    NOT_NULL: "the version before writes rows without this column: give it `db_default`, or `null=True`.",
    RENAME: "the version before asks for the former name: add the new one, write both, drop the former later.",
    DROP: "the version before still reads it: take it out of the state now (SeparateDatabaseAndState, with a "
    "`db_default`), drop it a version later.",
    TYPE: "every row is written again under a lock that stops everybody: add a column, copy, change over.",
    INDEX: "nobody can write to the table while the index is made: AddIndexConcurrently with `atomic = False`; for a "
    "foreign key `db_index=False`, then the index.",
    CONSTRAINT: "the version before may write what it refuses, and every row is read under a lock: "
    "AddConstraintNotValid, ValidateConstraint in the next migration.",
    REWRITE: "every row is written again under a lock that stops everybody: a constant default, then a data migration.",
    NEW_VALUE: "the version before reads rows with a choice that it does not know: teach it a version earlier to draw "
    "an unknown value, or say what it does with one.",
    SQL: "SQL by hand is not judged: say what it locks, for how long, and what the version before sees of it.",
    MIXED: "data and schema in one transaction hold the locks of both: data in a migration of its own.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What an operation does. rule: one of WHY. subject: what it changes, such as « conversation.school »."""

    rule: str
    subject: str

    @property
    def key(self) -> str:
        return f"{self.rule} {self.subject}"

    def __str__(self) -> str:
        return f"{self.key}: {WHY[self.rule]}"


def judge(migration: Migration, before: ProjectState) -> list[Problem]:
    """Return what is not safe in this migration beside the version before, in the order of its operations, each once.

    before: the models as they are before the migration; they are not changed.
    """
    found = list(dict.fromkeys(_judged(migration.operations, migration.app_label, before.clone(), set())))
    acts = [operation for operation in migration.operations if not _is_state_only(operation)]
    if any(_is_data(one) for one in acts) and not all(_is_data(one) for one in acts):
        found.append(Problem(MIXED, migration.name))
    return found


def _is_data(operation: Operation) -> bool:
    return isinstance(operation, operations.RunPython)


def _is_state_only(operation: Operation) -> bool:
    if isinstance(operation, operations.SeparateDatabaseAndState):
        return not operation.database_operations
    return isinstance(operation, operations.AlterModelOptions | operations.AlterModelManagers)


def _judged(of: list[Operation], app: str, state: ProjectState, made: set[str]) -> Iterator[Problem]:
    """Yield the problems of these operations. made: the models that this migration creates, which no process
    uses yet.
    """
    for operation in of:
        if isinstance(operation, operations.SeparateDatabaseAndState):
            yield from _judged(operation.database_operations, app, state.clone(), made)
        elif isinstance(operation, operations.CreateModel):
            made.add(operation.name_lower)
        else:
            yield from _problems(operation, app, state, made)
        operation.state_forwards(app, state)


def _problems(operation: Any, app: str, state: ProjectState, made: set[str]) -> Iterator[Problem]:
    model = getattr(operation, "model_name_lower", getattr(operation, "name_lower", ""))
    if model in made:
        return
    match operation:
        case operations.AddField():
            yield from _of_new_field(operation.field, f"{model}.{operation.name}")
        case operations.AlterField():
            former = state.models[app, model].fields[operation.name]
            yield from _of_changed_field(former, operation.field, f"{model}.{operation.name}")
        case operations.RemoveField():
            yield Problem(DROP, f"{model}.{operation.name}")
        case operations.DeleteModel():
            yield Problem(DROP, model)
        case operations.RenameField():
            yield Problem(RENAME, f"{model}.{operation.old_name}")
        case operations.RenameModel():
            yield Problem(RENAME, operation.old_name_lower)
        case operations.AlterModelTable():
            yield Problem(RENAME, model)
        case AddIndexConcurrently() | RemoveIndexConcurrently() | ValidateConstraint():
            return
        case operations.AddIndex():
            yield Problem(INDEX, f"{model}.{operation.index.name}")
        case AddConstraintNotValid():
            yield Problem(CONSTRAINT, f"{model}.{operation.constraint.name}")
        case operations.AddConstraint():
            is_check = isinstance(operation.constraint, models.CheckConstraint)
            yield Problem(CONSTRAINT if is_check else INDEX, f"{model}.{operation.constraint.name}")
        case operations.AlterUniqueTogether() | operations.AlterIndexTogether():
            yield Problem(INDEX, model)
        case operations.AlterOrderWithRespectTo():
            yield Problem(NOT_NULL, f"{model}._order")
        case operations.RunSQL():
            yield Problem(SQL, _first_words(operation.sql))


def _first_words(sql: Any) -> str:
    """Return the first three words in lower case, such as « create trigger rows_follow_columns », to tell statements
    apart.
    """
    text = sql if isinstance(sql, str) else " ".join(str(part) for part in sql)
    return " ".join(re.findall(r"[\w.]+", text.lower())[:3])


def _of_new_field(field: Any, subject: str) -> Iterator[Problem]:
    if field.many_to_many:
        return
    if isinstance(field, models.GeneratedField):
        yield Problem(REWRITE, subject)
        return
    if not field.null and not field.has_db_default():
        yield Problem(NOT_NULL, subject)
    if field.has_db_default() and not _is_same_for_all(field.db_default):
        yield Problem(REWRITE, subject)
    if _has_index(field):
        yield Problem(INDEX, subject)


def _is_same_for_all(default: Any) -> bool:
    """Return whether PostgreSQL works the default out once, and writes no row: a constant, or the time of the
    statement.
    """
    return not hasattr(default, "resolve_expression") or isinstance(default, Value | Now)


def _has_index(field: Any) -> bool:
    return bool(field.unique or field.db_index or field.primary_key)


def _of_changed_field(former: Any, field: Any, subject: str) -> Iterator[Problem]:
    if former.many_to_many or field.many_to_many:
        if former.deconstruct()[1:] != field.deconstruct()[1:]:
            yield Problem(RENAME, subject)
        return
    if former.db_column != field.db_column:
        yield Problem(RENAME, subject)
    is_left_alone = former.null or (former.has_db_default() and not field.has_db_default())
    if not field.null and is_left_alone:  # the version before gives this field no value
        yield Problem(NOT_NULL, subject)
    if former.is_relation != field.is_relation or _target(former) != _target(field):
        yield Problem(CONSTRAINT, subject)
    elif not field.is_relation and not _is_wider(_type(former), _type(field)):
        yield Problem(TYPE, subject)
    if _has_index(field) and not _has_index(former):
        yield Problem(INDEX, subject)
    if former.choices and _values(field) - _values(former):
        yield Problem(NEW_VALUE, subject)


def _values(field: Any) -> set[object]:
    """Return the values that a field may have."""
    return {value for value, _label in field.flatchoices}


def _target(field: Any) -> str:
    target = field.remote_field.model if field.is_relation else ""
    return str(getattr(getattr(target, "_meta", None), "label", target)).lower()


def _type(field: Any) -> str:
    return field.db_type(connections["default"]) or ""


def _is_wider(former: str, now: str) -> bool:
    """Return whether PostgreSQL changes this column without reading a row, because it is the same, or a text that may
    be longer.
    """
    if former == now:
        return True
    length = re.compile(r"varchar\((\d+)\)")
    before, after = length.fullmatch(former), length.fullmatch(now)
    if before is None:
        return False
    return now in {"text", "varchar"} or (after is not None and int(after[1]) >= int(before[1]))


# --- the migrations of the site ---------------------------------------------------------------------------------------


def unexcused(migration: Migration, found: list[Problem]) -> list[str]:
    """Return the problems for which the migration gives no reason; a reason for nothing is a problem too."""
    reasons: Mapping[str, str] = getattr(migration, "safe_because", {})
    lines = [f"{problem}" for problem in found if problem.key not in reasons]
    keys = {problem.key for problem in found}
    lines += [f"safe_because names « {key} », which it does not do" for key in reasons if key not in keys]
    lines += [
        f"safe_because of « {key} » is no reason: say what is locked, for how long, what the version before does"
        for key, reason in reasons.items()
        if len(reason) < REASON_LEAST
    ]
    return lines


def problems() -> list[str]:
    """Return one line for each thing that a migration of the site does and does not justify."""
    loader = MigrationLoader(None)
    return [
        f"{label}.{name}: {line}"
        for (label, name), migration in sorted(loader.disk_migrations.items())
        if label in JUDGED_AFTER and name > JUDGED_AFTER[label]
        for line in unexcused(migration, judge(migration, loader.project_state((label, name), at_end=False)))
    ]
