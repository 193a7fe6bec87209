"""Removes what a browser test left in the site's database, while the site still answers pages that were closed."""

import time
from collections.abc import Callable, Iterator
from functools import cache

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import CASCADE, SET_NULL, Model
from psycopg.errors import DeadlockDetected, LockNotAvailable

TRIES, PAUSE_SECONDS = 40, 0.25
LOCK_TIMEOUT = "SET LOCAL lock_timeout = '3s'"


def forget(*models: type[Model], then: Callable[[], object] | None = None) -> None:
    """Delete every row of these models with what depends on it, one model after the other, and do `then`: all or
    nothing, and again while the site adds a row to what is being deleted or locks the same rows in another order.

    A page that closes ends what it had begun: its last event may come at this moment. Forty times at most, which is
    ten seconds of pauses. PostgreSQL looks for a deadlock once, when a transaction has waited for one second. Where the
    site comes later than that into the circle, on a busy machine, the three seconds of a lock end it.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(LOCK_TIMEOUT)
                    cursor.execute(statements(models))
                if then:
                    then()
            return
        except (IntegrityError, OperationalError) as error:
            is_overtaken = isinstance(error, IntegrityError) or isinstance(
                error.__cause__, DeadlockDetected | LockNotAvailable
            )
            if not is_overtaken or not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)


@cache
def statements(models: tuple[type[Model], ...]) -> str:
    """Return what is sent at once in place of the statements of `objects.all().delete()`, of which Django sends one or
    two for each relation, one after the other.

    Where Django would refuse because something is protected, a reference that nothing has removed refuses at the end of
    the transaction.
    """
    return "; ".join(line for model in models for line in [*_of_relations((model,), ""), _delete(model, "")])


def _of_relations(path: tuple[type[Model], ...], which: str) -> Iterator[str]:
    """Yield what is done to rows that refer to those that are deleted of the last model, the farthest ones first.

    path: by which models this one was reached. A row that refers to one of its own table goes by another of its
    references. which: the condition that tells its rows, after WHERE; "" for all of them.
    """
    model = path[-1]
    for relation in model._meta.get_fields(include_hidden=True):
        if not (relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one)):
            continue
        field, other = relation.field, relation.related_model  # type: ignore[union-attr]
        if other in path:
            continue
        target = connection.ops.quote_name(field.target_field.column)
        column = connection.ops.quote_name(field.column)
        referred = f"SELECT {target} FROM {_table(model)} WHERE {which}"  # noqa: S608  names of our tables
        referring = f"{column} IN ({referred})" if which else f"{column} IS NOT NULL"
        if relation.on_delete is CASCADE:  # type: ignore[union-attr]
            yield from _of_relations((*path, other), referring)
            yield _delete(other, referring)
        elif relation.on_delete is SET_NULL:  # type: ignore[union-attr]
            yield f"UPDATE {_table(other)} SET {column} = NULL WHERE {referring}"  # noqa: S608  names of our tables


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _delete(model: type[Model], which: str) -> str:
    return f"DELETE FROM {_table(model)}" + (f" WHERE {which}" if which else "")  # noqa: S608  names of our tables
