"""A custodian who was there, as tests need one."""

from typing import Any

from reports import openings
from reports.models import OpeningRequest


def confirm(*, request_id: int, by: Any) -> OpeningRequest:
    """Confirm what stands there now, as somebody does who has just read it on the page."""
    fingerprint = openings.reply_fingerprint(OpeningRequest.objects.get(pk=request_id))
    return openings.confirm(request_id=request_id, by=by, fingerprint=fingerprint)
