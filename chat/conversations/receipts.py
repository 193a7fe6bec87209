"""Makes and verifies receipts: a number that tells on which day a report was filed (docs/adr/0085).

None is made unless its person asks. The number is kept by its digest alone, beside a day: whoever reads the table finds
neither the number (74 random bits) nor whose it is.
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

# An offence of this kind is prosecuted within six years (code de procédure pénale, article 8): as long, a receipt may
# be needed.
KEPT_YEARS = 6


def issue_receipt(conversation: Conversation) -> tuple[str, date]:
    """Make one for a conversation that was just obtained as its reporter's: its number, shown this once, and the day.

    One row. Whoever asks again gets another number; the one before stays good.
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
    except ValueError:  # 29 February
        return day.replace(year=day.year + KEPT_YEARS, month=3, day=1)


def find_day(typed: str) -> date | None:
    """Return on which day the report of this receipt was filed; None for no such receipt. At most one query."""
    number = receipt_number.read(typed)
    if number is None:
        return None
    return Receipt.objects.filter(digest=_digest_of(number)).values_list("filed_on", flat=True).first()


@transaction.atomic
def check_receipt(typed: str, *, by: Any, motive: str) -> date | None:
    """`find_day` for a member of the staff, with its line in the register: that one was verified, and the answer; not
    which."""
    found = find_day(typed)
    detail = "receipt: known" if found else "receipt: unknown"
    audit_log.record(kind=AccessKind.SEARCH, by=by, motive=motive, detail=detail)
    return found


def forget_old(now: datetime) -> int:
    """Delete the receipts whose time is over, and return how many there were."""
    return Receipt.objects.filter(until__lte=timezone.localtime(now).date()).delete()[0]
