"""Asks for a little work before the queue while a raid of false signalements comes. Nobody is refused.

While more signalements come than on any ordinary day, whoever sends one is asked for a second or two of computing,
which costs one person nothing and a thousand forms a lot; who has no script, or a slow telephone, waits a moment
instead. Who is in danger, or may be watched, is never asked. What is counted is signalements, all together: never who
sent them. See docs/adr/0035.
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
BITS, MOST_BITS = 14, 17  # 2**14 hashes: a second on a cheap telephone; one bit more each time the raid doubles
TOKEN_SECONDS = 15 * 60
SALT = "reports.effort"
LANE, LANE_SECONDS = "reports.lane", 60
_KEY = "reports.effort"


@dataclass(frozen=True, slots=True)
class PendingForm:
    """A form on its way: what it said, and from when on it may go without work, in seconds since 1970."""

    fields: dict[str, Any]
    ready_at: float

    @property
    def seconds_left(self) -> int:
        """Seconds until the form may be sent without the work; 0 when it may now."""
        return max(0, math.ceil(self.ready_at - time.time()))


def count_filed() -> None:
    """Count one report that was filed: how many come lately decides whether there is a raid."""
    rate_limits.count_one(COUNTED, seconds=WINDOW_SECONDS)


def _filed_lately() -> int:
    return rate_limits.recent(COUNTED, seconds=WINDOW_SECONDS)


def is_asked_of(assessment: Assessment, *, discreet: bool) -> bool:
    """Return whether this signalement has to be worked or waited for. Redis away: it has not.

    Danger, suicidal thoughts or an aggressor at home are `CRITICAL`, and go on whatever happens; so does who may be
    watched. `HIGH` is most people (every minor, every couple): for them the wait is the shortest.
    """
    if discreet or assessment.urgency == Urgency.CRITICAL:
        return False
    return _filed_lately() >= values.get(definitions.RAID)


def bits_now() -> int:
    """How hard the work is now, in bits: one more for each doubling beyond the limit of a raid, MOST_BITS at most."""
    return min(MOST_BITS, BITS + int(math.log2(max(1, _filed_lately() / values.get(definitions.RAID)))))


# --- the work -----------------------------------------------------------------------------------------------------


def make_challenge(submission_id: str) -> tuple[str, int]:
    """Return what is to be worked on, and how many bits: for this form alone, which is filed once, and for a quarter
    of an hour."""
    bits = bits_now()
    return signing.dumps([submission_id, bits], salt=SALT), bits


def is_solved(token: str, work: str, *, submission_id: str) -> bool:
    """Return whether `work` is the answer to a challenge that we set for this form lately.

    The answer is a decimal number n: SHA-256 of "token:n" begins with so many zero bits. One hash to verify.
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


def keep_form(request: HttpRequest, fields: dict[str, Any], assessment: Assessment) -> PendingForm:
    """Keep a valid form in the (sealed) visit until it may go. Sent again, it does not start its wait again."""
    before = pending_form(request)
    if before is not None:
        ready_at = before.ready_at
    else:
        others = rate_limits.count_one(LANE, seconds=LANE_SECONDS) or 0
        is_urgent = assessment.urgency > Urgency.NORMAL
        least, most = values.get(definitions.RAID_LEAST_WAIT), values.get(definitions.RAID_MOST_WAIT)
        # For who does not do the work; longer with everybody who came this minute.
        ready_at = time.time() + (least if is_urgent else min(most, least + others))
    request.session[_KEY] = {"fields": fields, "ready_at": ready_at}
    return PendingForm(fields, ready_at)


def pending_form(request: HttpRequest) -> PendingForm | None:
    """The form that this visit keeps until the work or the wait is done, if any."""
    value = request.session.get(_KEY)
    return PendingForm(value["fields"], value["ready_at"]) if value else None


def forget_form(request: HttpRequest) -> None:
    """Forget the kept form, with the name and the contact that were sealed in it."""
    request.session.pop(_KEY, None)
