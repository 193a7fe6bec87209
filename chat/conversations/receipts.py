"""This module makes and verifies receipts: a receipt is a number that proves on which day a report was filed
(docs/adr/0085).

A receipt is made only when its person asks for one. The table holds only a digest of the number, and the day. Whoever
reads the table learns neither the number, which has 74 random bits, nor whose report it is.
"""

import hashlib
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from chat.models import Conversation, Receipt
from chat.rules import receipt_number
from reports.audit import log as audit_log
from reports.models import AccessKind

# An offence of this kind is prosecuted within six years (code de procédure pénale, article 8). A receipt may be needed
# for that long.
KEPT_YEARS = 6


def issue_receipt(conversation: Conversation) -> tuple[str, date]:
    """Make a receipt for a conversation, and return its number, which is shown only this once, and the day.

    The caller has proven that the reporter asks. Whoever asks again gets another number; the former one stays valid.
    """
    number = receipt_number.draw()
    filed_on = timezone.localtime(conversation.report.filed_at).date()
    Receipt.objects.create(digest=_digest_of(number), filed_on=filed_on, until=_end_of(filed_on))
    return receipt_number.write(number), filed_on


def _digest_of(number: str) -> str:
    return hashlib.sha256(f"pnav-receipt-1:{number}".encode()).hexdigest()


def _end_of(day: date) -> date:
    try:
        return day.replace(year=day.year + KEPT_YEARS)
    except ValueError:  # the day is 29 February, and the other year has none
        return day.replace(year=day.year + KEPT_YEARS, month=3, day=1)


def find_day(typed: str) -> date | None:
    """Return on which day the report of this receipt was filed; None if there is no such receipt. At most one query.

    typed: the number as somebody typed it.
    """
    number = receipt_number.read(typed)
    if number is None:
        return None
    return Receipt.objects.filter(digest=_digest_of(number)).values_list("filed_on", flat=True).first()


@transaction.atomic
def check_receipt(typed: str, *, by: Any, motive: str) -> date | None:
    """Do what `find_day` does for a member of the staff, and record it in the audit log.

    The line says that a receipt was verified and whether it is known, but not which one.
    """
    found = find_day(typed)
    detail = "receipt: known" if found else "receipt: unknown"
    audit_log.record(kind=AccessKind.SEARCH, by=by, motive=motive, detail=detail)
    return found


def forget_old(now: datetime) -> int:
    """Delete the receipts that are older than KEPT_YEARS, and return how many there were."""
    return Receipt.objects.filter(until__lte=timezone.localtime(now).date()).delete()[0]
