"""Asks browsers for a proof of work during a raid of false signalements (docs/adr/0035). Nobody is refused.

When more signalements come than on any ordinary day, each sender's browser has to compute for a second or two. That
costs one person nothing, and a thousand forms a lot. People without JavaScript, or with a slow telephone, wait a moment
instead. People in danger, or who may be watched, are never asked. Only the number of all signalements is counted, never
who sent them.
"""

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import HttpRequest

from common import rate_limits
from common.service_settings import definitions, values
from triage.rules import Assessment, Urgency

COUNTED = "reports.filed"
WINDOW_SECONDS = 10 * 60
BITS, MOST_BITS = 14, 17  # 2**14 hashes take a second on a cheap telephone; each doubling of the raid adds a bit
TOKEN_SECONDS = 15 * 60
SALT = "reports.effort"
LANE, LANE_SECONDS = "reports.lane", 60
_KEY = "reports.effort"


@dataclass(frozen=True, slots=True)
class PendingForm:
    """It is a form that waits: its fields, and from when it is accepted without the work, in seconds since 1970."""

    fields: dict[str, Any]
    ready_at: float

    @property
    def seconds_left(self) -> int:
        """Return the seconds until the form is accepted without the work; 0 when it already is."""
        return max(0, math.ceil(self.ready_at - time.time()))


def count_filed() -> None:
    """Count one filed report. The number of recent ones decides whether there is a raid."""
    rate_limits.count_one(COUNTED, seconds=WINDOW_SECONDS)


def _filed_lately() -> int:
    return rate_limits.recent(COUNTED, seconds=WINDOW_SECONDS)


def is_asked_of(assessment: Assessment, *, discreet: bool) -> bool:
    """Return whether the work, or the wait, is required for this signalement. It is not while Redis is away.

    Danger, suicidal thoughts or an aggressor at home are `CRITICAL`, and are always accepted at once; so are people who
    may be watched. `HIGH` are most people (every minor, every couple), who wait for the shortest time.
    """
    if discreet or assessment.urgency == Urgency.CRITICAL:
        return False
    return _filed_lately() >= values.get(definitions.RAID)


def bits_now() -> int:
    """Return the difficulty of the work in bits: one more for each doubling beyond a raid's limit, up to MOST_BITS."""
    return min(MOST_BITS, BITS + int(math.log2(max(1, _filed_lately() / values.get(definitions.RAID)))))


# --- the work -----------------------------------------------------------------------------------------------------


def make_challenge(submission_id: str) -> tuple[str, int]:
    """Return a challenge and its bits. It is valid for this form, which is filed once, and for a quarter of an hour."""
    bits = bits_now()
    return signing.dumps([submission_id, bits], salt=SALT), bits


def is_solved(token: str, work: str, *, submission_id: str) -> bool:
    """Return whether `work` solves a challenge that was made for this form lately.

    The solution is a decimal number n for which SHA-256 of "token:n" begins with so many zero bits. Checking it takes
    one hash.
    """
    try:
        asked_for, bits = signing.loads(token, salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return False
    if asked_for != submission_id or not (work.isascii() and work.isdigit() and len(work) <= 12):
        return False
    digest = hashlib.sha256(f"{token}:{work}".encode()).digest()
    return int.from_bytes(digest) >> (256 - bits) == 0


# --- the wait -----------------------------------------------------------------------------------------------------


def keep_form(request: HttpRequest, fields: dict[str, Any], urgency: Urgency) -> PendingForm:
    """Keep a valid form in the (encrypted) session until it is accepted.

    Sending it again does not restart its wait, and shortens it when the person has become urgent, as a minor who had
    pressed the wrong age has.
    """
    before = pending_form(request)
    least, most = values.get(definitions.RAID_LEAST_WAIT), values.get(definitions.RAID_MOST_WAIT)
    is_urgent = urgency > Urgency.NORMAL
    if before is None:
        others = rate_limits.count_one(LANE, seconds=LANE_SECONDS) or 0
        # This is the wait of those who do not do the work. Each person who came this minute makes it longer.
        ready_at = time.time() + (least if is_urgent else min(most, least + others))
    elif is_urgent:
        ready_at = min(before.ready_at, time.time() + least)
    else:
        ready_at = before.ready_at
    request.session[_KEY] = {"fields": fields, "ready_at": ready_at}
    return PendingForm(fields, ready_at)


def pending_form(request: HttpRequest) -> PendingForm | None:
    """Return the form that waits in this visit, if any."""
    value = request.session.get(_KEY)
    return PendingForm(value["fields"], value["ready_at"]) if value else None


def forget_form(request: HttpRequest) -> None:
    """Forget the waiting form, with the sealed name and contact in it."""
    request.session.pop(_KEY, None)
