"""Stores whether a worker is alive and when each of its duties was last done, for whatever monitors the service.

When a worker is dead or hangs, no lease ends, nobody is dispatched and nothing is deleted, but nothing fails visibly.
So a worker stores every BEAT_SECONDS that it is alive, and what it has done since. `run_worker --alive` and /metrics
read that.
"""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Max, Q

from chat.models import WorkerDuty, WorkerHeartbeat
from common import clock
from common.sql import fetch_rows

BEAT_SECONDS = 5.0
# A worker counts as alive for this long after its last beat. A tick normally takes two seconds, but under load several
# of its statements may each wait up to their time limit (8 s).
ALIVE = timedelta(seconds=90)
# The same during a purge, which goes through everything that is due, in batches, without a beat; and during the closing
# of days.
ALIVE_WHILE_PURGING = timedelta(hours=1)
FIGURES = "figures"
# Rows of workers are kept this long after their last beat; a container has a new name after each deployment.
KEPT = timedelta(days=1)
# Rows of duties that this worker does not have are kept this long after the last success. One that it has is kept, so
# that the alert lasts as long as the outage.
DUTY_KEPT = timedelta(days=30)

# The statements of a beat: one row for the worker, and one for each duty. Ages are seconds before PostgreSQL's time.
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
    """It is the state of all workers.

    workers: how many are alive. seen_at: the last beat of any worker; None if there never was one.
    """

    workers: int
    seen_at: datetime | None


class Report:
    """It is what one worker has done since it last stored it: one entry for each duty. Its threads share it.

    name: the worker's name. monotonic: the clock, in seconds; tests give another one. without: duties that workers no
    longer have by their settings; their rows are deleted, which would otherwise count as late.
    """

    def __init__(self, name: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.without: list[str] = []
        self._monotonic = monotonic
        self._done: dict[str, float] = {}
        self._errors: Counter[str] = Counter()
        self._has: set[str] = set()  # the duties that were noted
        self._lock = threading.Lock()
        self._written_at = self._forgot_at = float("-inf")

    def succeeded(self, duty: str) -> None:
        """Note that a duty was done now. The next heartbeat stores it."""
        with self._lock:
            self._has.add(duty)
            self._done[duty] = self._monotonic()

    def failed(self, duty: str) -> None:
        """Count one error of a duty. The next heartbeat stores it."""
        with self._lock:
            self._has.add(duty)
            self._errors[duty] += 1

    def known(self, duty: str) -> None:
        """Note that a duty was due and was not done, which is no error. If it was never done, its row says so."""
        with self._lock:
            self._has.add(duty)
            self._errors[duty] += 0

    @property
    def is_due(self) -> bool:
        """Return whether BEAT_SECONDS have passed since the last heartbeat."""
        return self._monotonic() - self._written_at >= BEAT_SECONDS

    def write(self, *, busy_with: str = "") -> None:
        """Store that this worker is alive, and what it did. If this fails, the next call stores it.

        busy_with: a duty that begins now and may take long. At most two statements, and about once in KEPT those of
        `forget_the_gone`. Raises the errors of django.db.
        """
        now = self._monotonic()
        fetch_rows(BEAT, {"name": self.name, "busy": busy_with})
        with self._lock:
            done, errors, has = dict(self._done), Counter(self._errors), set(self._has)
        names = sorted(done.keys() | errors.keys())
        if names:
            ages = ["NULL" if name not in done else f"{now - done[name]:.3f}" for name in names]
            values = {"names": names, "ages": ages, "errors": [str(errors[name]) for name in names]}
            fetch_rows(DUTIES, {key: "{" + ",".join(those) + "}" for key, those in values.items()})
        if now - self._forgot_at >= KEPT.total_seconds():
            forget_the_gone(self.without, has)
            self._forgot_at = now
        with self._lock:  # what was noted meanwhile is stored by the next one
            self._done = {name: at for name, at in self._done.items() if at != done.get(name)}
            self._errors -= errors
        self._written_at = now

    def end(self) -> None:
        """Store what this worker did, and that it is gone: it ends in order. One statement more than `write`.

        Otherwise it would count as alive beside its successor, which has another name in a container, and then be
        missed.
        """
        self.write()
        WorkerHeartbeat.objects.filter(name=self.name).delete()


def may_take(duty: str) -> timedelta:
    """Return for how long a worker may do this duty without a beat before it counts as dead.

    `run_worker --alive` and the watchdog apply it. duty: "" for an ordinary tick.
    """
    return ALIVE_WHILE_PURGING if duty == FIGURES or duty in settings.PURGE_COMMANDS else ALIVE


def own_name() -> str:
    """Return this worker's name: WORKER_NAME, which tells several on one host apart, or else the name of the host."""
    return (settings.WORKER_NAME or socket.gethostname())[:80]


def forget_the_gone(without: Collection[str] = (), has: Collection[str] = ()) -> None:
    """Delete the rows of workers that were not seen for KEPT, and of duties that were not done for DUTY_KEPT.

    without: duties whose rows are deleted whenever they were done. has: duties whose rows are kept however long they
    were not done.
    """
    now = clock.now()
    WorkerHeartbeat.objects.filter(seen_at__lt=now - KEPT).delete()
    is_old = Q(succeeded_at__lt=now - DUTY_KEPT) & ~Q(name__in=has)
    WorkerDuty.objects.filter(is_old | Q(name__in=without)).delete()


def is_alive(name: str) -> bool:
    """Return whether this worker was seen lately. One query."""
    row = WorkerHeartbeat.objects.filter(name=name).first()
    return row is not None and _is_fresh(row, clock.now())


def _is_fresh(row: WorkerHeartbeat, now: datetime) -> bool:
    return row.seen_at > now - may_take(row.busy_with)


def status() -> Status:
    """Return how many workers are alive, and when one was last seen. Two queries, which read 1,000 rows at most."""
    now = clock.now()
    rows = WorkerHeartbeat.objects.filter(seen_at__gt=now - ALIVE_WHILE_PURGING)[:1000]
    seen_at = WorkerHeartbeat.objects.aggregate(seen_at=Max("seen_at"))["seen_at"]
    return Status(sum(_is_fresh(row, now) for row in rows), seen_at)


def duties() -> list[WorkerDuty]:
    """Return the duties that workers have, or did within DUTY_KEPT, by their name. One query of some twenty rows."""
    return list(WorkerDuty.objects.order_by("name"))
