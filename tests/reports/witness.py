"""A custodian who was present, as tests need one."""

from typing import Any

from reports.models import OpeningRequest
from reports.openings import actions as opening_actions


def confirm(*, request_id: int, by: Any) -> OpeningRequest:
    """Confirm what stands there now, as somebody does who has just read it on the page."""
    fingerprint = opening_actions.reply_fingerprint(OpeningRequest.objects.get(pk=request_id))
    return opening_actions.confirm_answer(request_id=request_id, by=by, fingerprint=fingerprint)
