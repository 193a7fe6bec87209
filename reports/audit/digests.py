"""This module makes a signed, numbered digest of the audit log in each period, and delivers it to each destination
(docs/adr/0056).

`run` is one turn, which the worker takes in a separate thread, so that a slow destination delays nothing else. Several
workers may take turns at once: one of them draws a number, and one serves a destination.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction

from reports.audit import digest_destinations
from reports.audit.digest_destinations import Destination, NotDelivered
from reports.models import AccessRecord, DigestDelivery, RegisterDigest
from reports.rules import signed_digests
from reports.rules.signed_digests import ZERO, Statement

logger = logging.getLogger(__name__)

# The key of PostgreSQL's advisory lock under which a statement gets its number (reports.audit.log has 03).
NUMBERING = 0x504E4156_0D
TURN_SECONDS = 20.0  # the time between two turns, after which a failed destination is tried again
AT_ONCE = 50  # how many statements a destination gets in one turn after it was away


def period() -> timedelta:
    """Return how often a statement is made."""
    return timedelta(minutes=settings.REGISTER_DIGEST_MINUTES)


def destinations() -> list[Destination]:
    """Return the destinations that the operator named, in order."""
    return [
        digest_destinations.parse(text, authority=settings.REGISTER_DIGEST_CA) for text in settings.REGISTER_DIGEST_TO
    ]


def key() -> Ed25519PrivateKey:
    """Return the signing key. Raises signed_digests.BadKey if it is malformed or missing."""
    return signed_digests.private_key(settings.REGISTER_DIGEST_KEY)


# --- a turn ---------------------------------------------------------------------------------------------------------


def run() -> None:
    """Make a statement if one is due, then deliver to each destination what it lacks.

    Three SQL statements when nothing is due. Raises the database's errors, and BadKey.
    """
    draw(key())
    for destination in destinations():
        deliver(destination)


@transaction.atomic
def draw(signing: Ed25519PrivateKey, *, force: bool = False) -> Statement | None:
    """Sign the digest of the register, if a period has passed since the last time; otherwise return None.

    force: do so in any case. A statement is made even if the register has not grown, so that a worker that does not
    run cannot be mistaken for a quiet day.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        cursor.execute("SELECT clock_timestamp()")  # a separate statement, whose snapshot is newer than the lock
        now: datetime = cursor.fetchone()[0]
    newest = RegisterDigest.objects.order_by("-number").first()
    if newest is not None and now < newest.at + period() and not force:
        return None
    tail = AccessRecord.objects.order_by("-number").values_list("number", "digest").first() or (0, ZERO)
    statement = signed_digests.sign(
        signing, line=tail[0], head=tail[1], at=now, previous=newest.read() if newest else None
    )
    RegisterDigest.objects.create(number=statement.number, at=now, text=statement.text)
    return statement


def deliver(destination: Destination) -> bool:
    """Deliver to a destination the statements that it lacks, in order, at most AT_ONCE. Return whether all went well.

    Each is delivered, then noted. After a crash between the two it is delivered again, and the destination keeps one.
    What a file lacks is seen in the file itself, because a worker on another machine notes under the same name what it
    wrote into its own. Nothing is done if another worker serves this destination now.
    """
    DigestDelivery.objects.get_or_create(destination=destination.name)
    for _one in range(AT_ONCE):
        with transaction.atomic():
            row = (
                DigestDelivery.objects.select_for_update(skip_locked=True).filter(destination=destination.name).first()
            )
            if row is None:
                return False
            reached = destination.reached(row.number)
            following = RegisterDigest.objects.filter(number__gt=reached).order_by("number").first()
            if following is None:
                return True
            try:
                destination.deliver(following.read(), _page(following))
            except NotDelivered as error:
                row.failures += 1
                row.save(update_fields=["failures"])
                logger.warning(
                    "register_digest: not delivered kind=%s number=%d failures=%d error=%s",
                    destination.kind, following.number, row.failures, error,
                )  # fmt: skip
                return False
            row.number, row.failures, row.delivered_at = max(row.number, following.number), 0, _now()
            row.save(update_fields=["number", "failures", "delivered_at"])
    return True


def _page(last: RegisterDigest) -> list[Statement]:
    numbers = digest_destinations.page_of(last.number)
    rows = RegisterDigest.objects.filter(number__gte=numbers[0], number__lte=last.number).order_by("number")
    return [row.read() for row in rows]


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found


# --- how old it is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Age:
    """It is how far a destination is.

    place: its position among those named. number: the last statement that it has. seconds: the age of that; None if it
    has none yet. failures: how many attempts failed in a row.
    """

    place: int
    kind: str
    number: int
    seconds: float | None
    failures: int

    @property
    def label(self) -> str:
        """Return the name of the destination without its address."""
        return f"{self.place}:{self.kind}"

    @property
    def is_late(self) -> bool:
        """Return whether its last statement is older than two periods, or it has none."""
        return self.seconds is None or self.seconds > 2 * period().total_seconds()


# The age of a statement is counted from the state of the register that it describes, not from its delivery.
AGES = """
SELECT delivery.destination, delivery.number, extract(epoch FROM clock_timestamp() - digest.at)::float8,
       delivery.failures
  FROM reports_digestdelivery delivery LEFT JOIN reports_registerdigest digest ON digest.number = delivery.number
"""


def ages(rows: list[tuple[str, int, float | None, int]]) -> list[Age]:
    """Return how far each destination of the settings is, from the rows of AGES."""
    known = {name: (number, seconds, failures) for name, number, seconds, failures in rows}
    found = []
    for place, one in enumerate(destinations(), 1):
        number, seconds, failures = known.get(one.name, (0, None, 0))
        found.append(Age(place, one.kind, number, seconds, failures))
    return found
