"""The wrapped keys beside the reports that they belong to: what is missing, what is over, and the way back from a copy.

A copy holds keys that were erased since. So what is put back is only what a report names: the reports are there, or
they were restored from a backup, and say themselves which exchanges exist.
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

BATCH = 1_000  # keys compared or put back in one statement
# A key of its own database is there before its report is committed, and one that was just restored may find its report
# in a later backup: nothing younger is called over.
SPARED = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Compared:
    """reports: that name a key. missing: those whose key is not there, so that they open no more. over: keys that no
    report names, older than SPARED."""

    reports: int
    missing: int
    over: int


def compare() -> Compared:
    """Read every key and every report that names one, BATCH at a time. Nothing is changed."""
    reports = missing = 0
    for named in _named():
        reports += len(named)
        missing += len(named - _there(named))
    return Compared(reports, missing, sum(len(keys) for keys in _over()))


def erase_over() -> int:
    """Erase the keys that no report names: of a filing that failed, or of exchanges that a restored backup does not
    have. How many. To be done only when no other backup is to be restored: with the key the exchange is lost."""
    return sum(data_keys.erase(keys) for keys in _over())


def restore(path: Path) -> tuple[int, int]:
    """Put back what this copy holds, a report names and is not there: how many were put back, how many were passed
    over because no report names them.

    A key that is there stays as it is: its wrap may be newer. Keys noted for erasure are not put back. It can be
    stopped and started again. Raises copies.BrokenCopy before anything is written, OSError.
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
    """Return the public ids of reports whose key is gone, `most` at most: after a restore, those that were erased
    since."""
    found: list[UUID] = []
    for named in _named():
        gone = named - _there(named)
        found += Report.objects.filter(data_key__in=gone).order_by("pk").values_list("public_id", flat=True)
        if len(found) >= most:
            break
    return found[:most]


def _named() -> Iterator[set[UUID]]:
    """Return the keys that reports name, in sets of BATCH at most."""
    after = 0
    rows = Report.objects.filter(data_key__isnull=False).order_by("pk").values_list("pk", "data_key")
    while found := list(rows.filter(pk__gt=after)[:BATCH]):
        after = found[-1][0]
        yield {key for _pk, key in found if key is not None}


def _there(keys: set[UUID]) -> set[UUID]:
    return set(WrappedKey.objects.filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()


def _over() -> Iterator[set[UUID]]:
    """Return the keys that no report names and that are not young, in sets of BATCH at most."""
    before = timezone.localdate() - SPARED
    after = UUID(int=0)
    rows = WrappedKey.objects.filter(made_on__lt=before).order_by("pk").values_list("pk", flat=True)
    while found := list(rows.filter(pk__gt=after)[:BATCH]):
        after = found[-1]
        named = Report.objects.filter(data_key__in=found).values_list("data_key", flat=True)
        yield set(found) - set(named)
