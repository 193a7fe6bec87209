"""Lines of the audit log, written as an act writes them: in a transaction of its own."""

from typing import Any

from django.db import transaction

from reports.audit import log as audit_log


@transaction.atomic
def record(**values: Any) -> None:
    audit_log.record(**values)


@transaction.atomic
def record_many(**values: Any) -> None:
    audit_log.record_many(**values)
