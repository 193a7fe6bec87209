"""Erases the data keys of deleted reports, so that backups of them cannot be read (docs/adr/0081).

The keys may be in another database than the reports. So a deletion notes the keys in its own transaction (`note`), and
they are erased after its commit (`carry_out`). A deletion that is rolled back erases nothing, and a process that is
killed in between leaves the note for the next run. A frozen report is not deleted, so its key is kept.
"""

import logging
from collections.abc import Collection

from django.db import transaction

from common.data_keys import keys as data_keys
from reports.audit import log as audit_log
from reports.models import KeyErasure, Report

logger = logging.getLogger(__name__)
BATCH = 500  # how many keys one statement erases


def note(report_ids: Collection[int]) -> None:
    """Note the data keys of these reports, which the caller deletes in the same transaction. Two statements."""
    keys = Report.objects.filter(pk__in=report_ids).values_list("data_key", flat=True)
    noted = [KeyErasure(data_key=key) for key in keys if key is not None]
    KeyErasure.objects.bulk_create(noted, ignore_conflicts=True)


def carry_out() -> int:
    """Erase the noted keys, BATCH at a time, record how many in the register, and return how many.

    Must be called outside a transaction. Several workers may do it at once: each note is taken by one. A key to which a
    report still refers is not erased, and is logged as an error at each run.
    """
    erased = 0
    after = 0
    while rows := list(KeyErasure.objects.filter(pk__gt=after).order_by("pk")[:BATCH]):
        after = rows[-1].pk
        noted = {row.data_key for row in rows}
        used = set(Report.objects.filter(data_key__in=noted).values_list("data_key", flat=True))
        if used:
            logger.error("retention: %s data keys are noted for erasure and in use", len(used))
        done = data_keys.erase(noted - used)
        with transaction.atomic():
            KeyErasure.objects.filter(pk__in=[row.pk for row in rows if row.data_key not in used]).delete()
            audit_log.record_removal(data_keys=done)
        erased += done
    return erased
