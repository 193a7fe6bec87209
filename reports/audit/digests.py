"""Draw a digest of the audit log each period, sign and number it, and deliver it to each destination.

`run` is one turn, which the worker takes in a thread of its own: what is slow or away holds up nobody. Several workers
may take turns at once: a number is drawn by one of them, and a destination is served by one. docs/adr/0056.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from psycopg_pool import PoolTimeout

from common.database_errors import describe_error
from reports.audit import digest_destinations
from reports.audit.digest_destinations import Destination, NotDelivered
from reports.models import AccessRecord, DigestDelivery, RegisterDigest
from reports.rules import signed_digests
from reports.rules.signed_digests import ZERO, Statement

logger = logging.getLogger(__name__)

# The key of PostgreSQL's advisory lock under which a statement takes its number (reports.audit.log has 03).
NUMBERING = 0x504E4156_0D
TURN_SECONDS = 20.0  # between two turns: a destination that was away is tried again then
AT_ONCE = 50  # statements brought to one destination in a turn, when it was away for long


def period() -> timedelta:
    """How often a statement is drawn."""
    return timedelta(minutes=settings.REGISTER_DIGEST_MINUTES)


def destinations() -> list[Destination]:
    """Return the destinations that the operator named, in order."""
    return [
        digest_destinations.parse(text, authority=settings.REGISTER_DIGEST_CA) for text in settings.REGISTER_DIGEST_TO
    ]


def key() -> Ed25519PrivateKey:
    """Return the key that signs. Raises signed_digests.BadKey, also when there is none."""
    return signed_digests.private_key(settings.REGISTER_DIGEST_KEY)


# --- a turn ---------------------------------------------------------------------------------------------------------


def run() -> None:
    """Draw what is due, then bring to each destination what it lacks. Raises errors of the database, and BadKey.

    Costs three statements when nothing is due.
    """
    draw(key())
    for destination in destinations():
        deliver(destination)


@transaction.atomic
def draw(signing: Ed25519PrivateKey, *, force: bool = False) -> Statement | None:
    """Sign the register as it stands, when a period is over since the last time; None when it is not.

    force: now. Also when the register did not grow: silence of the worker must not look like a quiet day.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERING])
        cursor.execute("SELECT clock_timestamp()")  # a statement after the lock: its snapshot is younger
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
    """Bring to one destination the statements that it lacks, in order, AT_ONCE at most; whether nothing went wrong.

    Each is delivered, then noted: after a crash between the two it is delivered again, and a destination that has it
    keeps one. Another worker that serves this destination now is left to it.
    """
    DigestDelivery.objects.get_or_create(destination=destination.name)
    for _one in range(AT_ONCE):
        with transaction.atomic():
            row = (
                DigestDelivery.objects.select_for_update(skip_locked=True).filter(destination=destination.name).first()
            )
            if row is None:
                return False
            following = RegisterDigest.objects.filter(number__gt=row.number).order_by("number").first()
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
            row.number, row.failures, row.delivered_at = following.number, 0, _now()
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


# --- beside the worker ----------------------------------------------------------------------------------------------


class Turns(threading.Thread):
    """Turns until it is stopped, in a thread with a connection of its own. Nothing that happens in one ends it.

    label: what the log calls it.
    """

    def __init__(
        self,
        stop: threading.Event,
        *,
        turn: Callable[[], None] = run,
        seconds: float = TURN_SECONDS,
        label: str = "register_digest",
    ) -> None:
        super().__init__(name=label.replace("_", "-"), daemon=True)
        self._stopped, self._turn, self._seconds, self._label = stop, turn, seconds, label

    def run(self) -> None:
        while not self._stopped.is_set():
            close_old_connections()
            try:
                self._turn()
            except (
                DatabaseError,
                InterfaceError,
                PoolTimeout,
                ValueError,
            ) as error:  # a key or a row that is none, too
                logger.warning("%s: a turn failed and will be tried again (%s)", self._label, describe_error(error))
            except Exception as error:  # noqa: BLE001  of ours: no turn is the last one for it
                logger.error("%s: an error in a turn; the next ones go on (%s)", self._label, type(error).__name__)
            finally:
                close_old_connections()
            self._stopped.wait(self._seconds)


# --- how old it is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Age:
    """A destination: its place among those named, its kind, the number that it has last, and how old that is, in
    seconds; None for none yet. failures: in a row."""

    place: int
    kind: str
    number: int
    seconds: float | None
    failures: int

    @property
    def label(self) -> str:
        """Return which destination this is, without its address."""
        return f"{self.place}:{self.kind}"

    @property
    def is_late(self) -> bool:
        """Return whether what it has is older than two periods, or it has nothing."""
        return self.seconds is None or self.seconds > 2 * period().total_seconds()


# The age of a statement is that of the register it speaks of, not of its delivery: what arrives late is old.
AGES = """
SELECT delivery.destination, delivery.number, extract(epoch FROM clock_timestamp() - digest.at)::float8,
       delivery.failures
  FROM reports_digestdelivery delivery LEFT JOIN reports_registerdigest digest ON digest.number = delivery.number
"""


def ages(rows: list[tuple[str, int, float | None, int]]) -> list[Age]:
    """Return the destinations that are named now, by the rows of AGES."""
    known = {name: (number, seconds, failures) for name, number, seconds, failures in rows}
    found = []
    for place, one in enumerate(destinations(), 1):
        number, seconds, failures = known.get(one.name, (0, None, 0))
        found.append(Age(place, one.kind, number, seconds, failures))
    return found
