"""Moves the words of an exchange from the key ring to a data key, while people write in it (docs/adr/0081).

There are three steps, each of which may be stopped or killed and repeated:

1. `give_keys` gives a data key to exchanges without one. From then on new words are encrypted with it, as soon as a
   process has noticed, within `conversation_keys.NO_KEY_SECONDS`.
2. `move_words` encrypts again with the data key what the ring had encrypted, SLICE values in a transaction. Only these
   rows are locked, so that nobody who writes has to wait.
3. `finish_exchange` checks, under the locks of the report and of the conversation, that nothing is left with the ring.
   If a process has written with the ring after all, this finds it, and step 2 is repeated.
"""

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils import timezone

from chat.models import Conversation
from common import encryption
from common.data_keys import keys as data_keys
from reports.models import Report

SLICE = 200  # how many values one transaction moves


def sealed_models() -> list[Any]:
    """Return the models with words of an exchange, with `SEALED` fields and `EXCHANGE`, the path to its report."""
    return [model for model in apps.get_models() if hasattr(model, "SEALED") and hasattr(model, "EXCHANGE")]


def with_ring(model: Any, field: str) -> "models.QuerySet[Any]":
    """Return the rows of a model whose `field` is encrypted with the key ring."""
    version = models.Func(  # the version is empty for an empty value
        models.F(field),
        function="substring",
        template="%(function)s(%(expressions)s from 1 for 1)",
        output_field=models.BinaryField(),
    )
    rows = model._base_manager.annotate(sealed_version=version)
    found: models.QuerySet[Any] = rows.filter(sealed_version=bytes((encryption.VERSION,)))
    return found


def _left(report_id: int) -> list[tuple[Any, str, "models.QuerySet[Any]"]]:
    """Return, for each encrypted field of each model, the rows of this exchange that the ring encrypted."""
    return [
        (model, field, with_ring(model, field).filter(**{model.EXCHANGE: report_id}))
        for model in sealed_models()
        for field in model.SEALED
    ]


def not_moved(after: int, most: int) -> list[int]:
    """Return the keys of at most `most` reports after `after` that may have words encrypted with the ring, in order."""
    rows = Report.objects.filter(data_key_since__isnull=True, pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:most])


@transaction.atomic
def give_keys(report_ids: Collection[int]) -> int:
    """Give a data key to each of these reports without one, and to its conversation. Return how many got one.

    Four statements, and one for each report. Locks the reports, then their conversations, in the order of their keys.
    """
    reports = list(Report.objects.filter(pk__in=report_ids).order_by("pk").select_for_update(of=("self",), no_key=True))
    without = [report for report in reports if report.data_key is None]
    if without:
        for report, key in zip(without, data_keys.make(len(without)), strict=True):
            report.data_key = key
        Report.objects.bulk_update(without, ["data_key"])
    keys = {report.pk: report.data_key for report in reports}
    rows = Conversation.objects.filter(report__in=keys, data_key__isnull=True).order_by("pk")
    conversations = list(rows.select_for_update(of=("self",), no_key=True))
    for conversation in conversations:
        conversation.data_key = keys[conversation.report_id]
    Conversation.objects.bulk_update(conversations, ["data_key"])
    return len(without)


def move_words(report_id: int) -> int:
    """Encrypt again with the data key what the ring had encrypted of an exchange. Return how many values.

    Each transaction has SLICE values, so that finished work is kept. A value that cannot be decrypted is left as it is,
    and counted by `finish_exchange`. Raises the errors of django.db.
    """
    return sum(_move(model, field, rows) for model, field, rows in _left(report_id))


def _move(model: Any, field: str, rows: "models.QuerySet[Any]") -> int:
    moved = after = 0
    if beside := getattr(model, "SEALED_WITH", ()):
        rows = rows.select_related(*beside)
    while True:
        with transaction.atomic():
            found = list(rows.filter(pk__gt=after).order_by("pk").select_for_update(of=("self",))[:SLICE])
            changed = [row for row in found if _seal_again(row, field)]
            model._base_manager.bulk_update(changed, [field])
        if not found:
            return moved
        after, moved = found[-1].pk, moved + len(changed)


def _seal_again(row: Any, field: str) -> bool:
    """Encrypt one value again, and return whether it could be decrypted."""
    if row.data_key is None:
        return False
    try:
        text = encryption.unseal(getattr(row, field), context=row.context)
    except encryption.UnsealError:
        return False
    setattr(row, field, encryption.seal(text, context=row.context, data_key=row.data_key))
    return True


@transaction.atomic
def finish_exchange(report_id: int) -> int:
    """Mark an exchange as moved if nothing of it is encrypted with the ring any more; return how many values still are.

    Locks the report and the conversation for one statement for each encrypted field. A deleted report has none.
    """
    report = Report.objects.select_for_update(of=("self",), no_key=True).filter(pk=report_id).first()
    if report is None:
        return 0
    list(Conversation.objects.filter(report=report).select_for_update(of=("self",), no_key=True))
    left = sum(rows.count() for _model, _field, rows in _left(report_id))
    if not left:
        Report.objects.filter(pk=report_id, data_key_since__isnull=True).update(data_key_since=timezone.now())
    return left
