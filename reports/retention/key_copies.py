"""Compares the wrapped data keys with the reports, and restores missing keys from a copy.

A copy also has keys that were erased since. So only keys to which a report refers are restored. The reports, which are
in the database or were restored from a backup, determine which exchanges exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from common.data_keys import copies, router
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from reports.models import KeyErasure, Report

BATCH = 1_000  # how many keys one statement compares or restores
# In a separate database a key exists before its report is committed, and the report of a key that was just restored may
# come with a later backup. So a younger key does not count as unused.
SPARED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Compared:
    """It is the result of a comparison.

    reports: how many refer to a key. missing: how many of these have lost their key, so that they cannot be decrypted.
    over: how many keys, older than SPARED, no report refers to.
    """

    reports: int
    missing: int
    over: int


def compare() -> Compared:
    """Compare all keys with all reports that refer to one, BATCH at a time. Nothing is changed."""
    reports = missing = 0
    for named in _named():
        reports += len(named)
        missing += len(named - _there(named))
    return Compared(reports, missing, sum(len(keys) for keys in _over()))


def erase_over() -> int:
    """Erase the keys to which no report refers, and return how many.

    They are left by reports that failed to be filed, or belong to exchanges that a restored backup does not have. This
    may only be done when no other backup will be restored, because without its key an exchange is lost.
    """
    return sum(data_keys.erase(keys) for keys in _over())


def restore(path: Path) -> tuple[int, int]:
    """Restore the missing keys of this copy to which a report refers.

    Returns how many were restored, and how many were skipped because no report refers to them. An existing key is left
    as it is, because its wrapping may be newer. Keys noted for erasure are not restored. It can be stopped and started
    again. Raises OSError, and copies.BrokenCopy before anything is written.
    """
    copies.verify(path)
    added = passed_over = 0
    batch: dict[UUID, copies.Copied] = {}

    def put() -> None:
        nonlocal added, passed_over
        keys = Report.objects.filter(data_key__in=batch).values_list("data_key", flat=True)
        named = {key for key in keys if key is not None}
        named -= set(KeyErasure.objects.filter(data_key__in=batch).values_list("data_key", flat=True))
        missing = named - _there(named)
        with transaction.atomic(using=router.alias()):
            WrappedKey.objects.bulk_create((batch[key].row for key in missing), ignore_conflicts=True)
        added += len(missing)
        passed_over += len(batch) - len(named)
        batch.clear()

    for one in copies.read(path):
        batch[one.key] = one
        if len(batch) == BATCH:
            put()
    put()
    data_keys.forget_all()
    return added, passed_over


def mute_reports(most: int) -> list[UUID]:
    """Return the public ids of at most `most` reports whose key is missing: after a restore, those erased since."""
    found: list[UUID] = []
    for named in _named():
        gone = named - _there(named)
        found += Report.objects.filter(data_key__in=gone).order_by("pk").values_list("public_id", flat=True)
        if len(found) >= most:
            break
    return found[:most]


def _named() -> Iterator[set[UUID]]:
    """Yield the keys to which reports refer, in sets of BATCH at most."""
    after = 0
    rows = Report.objects.filter(data_key__isnull=False).order_by("pk").values_list("pk", "data_key")
    while found := list(rows.filter(pk__gt=after)[:BATCH]):
        after = found[-1][0]
        yield {key for _pk, key in found if key is not None}


def _there(keys: set[UUID]) -> set[UUID]:
    return set(WrappedKey.objects.filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()


def _over() -> Iterator[set[UUID]]:
    """Yield the keys older than SPARED to which no report refers, in sets of BATCH at most."""
    before = timezone.localdate() - SPARED
    after = UUID(int=0)
    rows = WrappedKey.objects.filter(made_on__lt=before).order_by("pk").values_list("pk", flat=True)
    while found := list(rows.filter(pk__gt=after)[:BATCH]):
        after = found[-1]
        named = Report.objects.filter(data_key__in=found).values_list("data_key", flat=True)
        yield set(found) - set(named)
