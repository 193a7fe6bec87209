"""Keeps whether a worker lives and when each of its duties was last done; what watches the service reads it.

A worker that is dead or stands still is silent: no lease ends, nothing is dispatched, nothing is deleted. So it says
every BEAT_SECONDS that it lives, and what it has done since; `run_worker --alive` and /metrics read that.
"""

import socket
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Max

from chat.models import WorkerDuty, WorkerHeartbeat
from common import clock
from common.sql import fetch_rows

BEAT_SECONDS = 5.0
# A tick of two seconds that waits for a database under load may take some of its time limits (8 s a statement).
ALIVE = timedelta(seconds=90)
# A purge walks through all that is due, in batches, and says nothing meanwhile; so does the closing of days.
ALIVE_WHILE_PURGING = timedelta(hours=1)
FIGURES = "figures"
KEPT = timedelta(days=1)  # a container has a new name after each deployment
DUTY_KEPT = timedelta(days=30)  # an alert has told of a duty long before

# Two statements, of one row and of as many as there are duties. The ages count back from PostgreSQL's clock.
BEAT = """
INSERT INTO chat_workerheartbeat (name, seen_at, busy_with) VALUES (%(name)s::text, clock_timestamp(), %(busy)s::text)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, busy_with = excluded.busy_with
RETURNING name
"""
DUTIES = """
INSERT INTO chat_workerduty AS known (name, succeeded_at, errors)
SELECT name, clock_timestamp() - age * interval '1 s', errors
FROM unnest(%(names)s::text[], %(ages)s::float8[], %(errors)s::int8[]) AS done (name, age, errors) ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    succeeded_at = greatest(known.succeeded_at, excluded.succeeded_at), errors = known.errors + excluded.errors
RETURNING name
"""


class Status(NamedTuple):
    """workers: how many were seen within ALIVE, or are at a purge. seen_at: the last beat of any; None: never."""

    workers: int
    seen_at: datetime | None


class Report:
    """What one worker has done since it last wrote it down. Bounded: one entry for each duty."""

    def __init__(self, name: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._monotonic = monotonic
        self._done: dict[str, float] = {}
        self._errors: Counter[str] = Counter()
        self._written_at = self._forgot_at = float("-inf")

    def succeeded(self, duty: str) -> None:
        """Note that a duty was done now; written with the next heartbeat."""
        self._done[duty] = self._monotonic()

    def failed(self, duty: str) -> None:
        """Count one error of a duty; written with the next heartbeat."""
        self._errors[duty] += 1

    @property
    def is_due(self) -> bool:
        """Return whether BEAT_SECONDS have passed since the last writing."""
        return self._monotonic() - self._written_at >= BEAT_SECONDS

    def write(self, *, busy_with: str = "") -> None:
        """Say that this worker lives, and what it did. What could not be written is kept for the next time.

        busy_with: a duty that begins now and may take long. Two statements; a third one, once in KEPT or so, for names
        that are gone.
        """
        now = self._monotonic()
        fetch_rows(BEAT, {"name": self.name, "busy": busy_with})
        names = sorted(self._done.keys() | self._errors.keys())
        if names:
            ages = ["NULL" if name not in self._done else f"{now - self._done[name]:.3f}" for name in names]
            values = {"names": names, "ages": ages, "errors": [str(self._errors[name]) for name in names]}
            fetch_rows(DUTIES, {key: "{" + ",".join(those) + "}" for key, those in values.items()})
        if now - self._forgot_at >= KEPT.total_seconds():
            forget_the_gone()
            self._forgot_at = now
        self._done.clear()
        self._errors.clear()
        self._written_at = now


def may_take(duty: str) -> timedelta:
    """Return how long a worker may do this without a word: of whoever watches it, by `--alive` or by a watchdog."""
    return ALIVE_WHILE_PURGING if duty == FIGURES or duty in settings.PURGE_COMMANDS else ALIVE


def own_name() -> str:
    """Return this worker's name: WORKER_NAME, for several on one host, or the host's; a container has its own."""
    return (settings.WORKER_NAME or socket.gethostname())[:80]


def forget_the_gone() -> None:
    """Delete the rows of workers unseen for KEPT, and of duties that no version does any more. Three statements."""
    now = clock.now()
    WorkerHeartbeat.objects.filter(seen_at__lt=now - KEPT).delete()
    WorkerDuty.objects.filter(succeeded_at__lt=now - DUTY_KEPT).delete()


def is_alive(name: str) -> bool:
    """Return whether this worker was seen lately. One query."""
    row = WorkerHeartbeat.objects.filter(name=name).first()
    return row is not None and _is_fresh(row, clock.now())


def _is_fresh(row: WorkerHeartbeat, now: datetime) -> bool:
    return row.seen_at > now - may_take(row.busy_with)


def status() -> Status:
    """Return how many workers live, and when one was last seen. Two queries; a row for each worker of the last day."""
    now = clock.now()
    rows = WorkerHeartbeat.objects.filter(seen_at__gt=now - ALIVE_WHILE_PURGING)[:1000]
    seen_at = WorkerHeartbeat.objects.aggregate(seen_at=Max("seen_at"))["seen_at"]
    return Status(sum(_is_fresh(row, now) for row in rows), seen_at)


def duties() -> list[WorkerDuty]:
    """Return every duty that any worker ever did, by its name. One query of some twenty rows."""
    return list(WorkerDuty.objects.order_by("name"))
