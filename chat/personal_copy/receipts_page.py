"""Handles the form by which staff verify receipts, for the pages that have it."""

from typing import Any

from django.http import HttpRequest

from chat.conversations import receipts
from chat.rules import receipt_number
from common import rate_limits

CHECKS, CHECKS_SECONDS = 20, 60  # how many checks an account may make in this time


def answer_of(request: HttpRequest, *, motive: str) -> tuple[dict[str, Any], int]:
    """Return the context of `staff/_receipt.html`, and the status of the page.

    An account may verify CHECKS in CHECKS_SECONDS. Each takes one query and writes one line of the register.
    """
    typed = request.POST.get("number", "").strip()[: receipt_number.TYPED_MOST]
    context: dict[str, Any] = {"typed": typed, "answer": "", "day": None, "max": receipt_number.TYPED_MOST}
    if request.method != "POST" or not typed:
        return context, 200
    account = request.user
    if rate_limits.is_over(f"receipt:{account.pk}", limit=CHECKS, seconds=CHECKS_SECONDS):
        return {**context, "answer": "often"}, 429
    day = receipts.check_receipt(typed, by=account, motive=motive)
    return {**context, "answer": "yes" if day else "no", "day": day}, 200
