"""What a rule of the house is worth now: the administrator's number, else its default (`definitions`).

Read from memory: a process reads the set numbers again once KEEP_SECONDS have passed, so a change is everywhere within
half a minute, and at once where it was made. What holds a lock of the queue asks before it takes it; posting a message
asks nothing. Never called in the event loop, which asks the database nothing.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from psycopg_pool import PoolTimeout

from common.service_settings import definitions
from common.service_settings.definitions import Setting, Together
from common.service_settings.models import HouseRule

logger = logging.getLogger(__name__)

KEEP_SECONDS = 20.0
SAVING = 0x504E4156_20  # the key of PostgreSQL's advisory lock: one saving at a time


class SettingsCache:
    """The set numbers as this process read them last. clock: seconds that only grow."""

    def __init__(self, read: Callable[[], Mapping[str, int]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._values: Mapping[str, int] | None = None  # None: never read, or forgotten
        self._read_at = 0.0
        self._generation = 0
        self._reading = threading.Lock()

    def values(self) -> Mapping[str, int]:
        """At most KEEP_SECONDS old, and as long again as a reading takes: one thread reads, the others go on with what
        is known. The last known ones while the database is away. Raises what the database says in a transaction, which
        could not go on, and where nothing is known yet."""
        known = self._values
        if known is not None and self._clock() - self._read_at < KEEP_SECONDS:
            return known
        if not self._reading.acquire(blocking=known is None):
            return known or {}
        try:
            if self._values is not None and self._clock() - self._read_at < KEEP_SECONDS:
                return self._values  # somebody read while this thread waited
            return self._again(known)
        finally:
            self._reading.release()

    def _again(self, known: Mapping[str, int] | None) -> Mapping[str, int]:
        generation, at = self._generation, self._clock()
        try:
            found = self._read()
        except (DatabaseError, InterfaceError, PoolTimeout) as error:
            if known is None or connection.in_atomic_block:
                raise
            logger.warning("house rules: the database does not answer (%s)", type(error).__name__)
            found = known
        if generation == self._generation:  # forgotten meanwhile: this may be from before the change
            self._values, self._read_at = found, at
        return found

    def forget(self) -> None:
        """Read again at the next question: after a change in this process."""
        self._generation += 1
        self._values = None

    def put(self, values: Mapping[str, int]) -> None:
        """Take these for what was just read: tests."""
        self._generation += 1
        self._values, self._read_at = dict(values), self._clock()


def _read_set() -> dict[str, int]:
    """What administrators set. A number of a rule that is gone, or beyond bounds that are narrower now, is left out."""
    found = {}
    for key, value in HouseRule.objects.values_list("key", "value"):
        rule = definitions.BY_KEY.get(key)
        if rule is not None and rule.fits(value):
            found[key] = value
        else:
            logger.warning("house rules: %s is set to what no rule allows; its default holds", key)
    return found


_shelf = SettingsCache(_read_set)
forget, put = _shelf.forget, _shelf.put


def default_of(rule: Setting) -> int:
    """Without anything set: the environment's number where it names one, else the code's."""
    if not rule.setting:
        return rule.default
    value: int = getattr(settings, rule.setting)
    return -(-value // definitions.SECONDS[rule.unit]) if rule.setting_seconds else value


def get(rule: Setting) -> int:
    """The number that holds now."""
    return _shelf.values().get(rule.key, default_of(rule))


def get_duration(rule: Setting) -> timedelta:
    """So long. For rules of time."""
    return rule.span(get(rule))


# --- setting ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One number that becomes another."""

    rule: Setting
    before: int
    after: int

    @property
    def words(self) -> str:
        """« Durée d'un code de reprise : 72 heures → 48 heures », for the history and the register."""
        return f"{self.rule.label} : {self.rule.words(self.before)} → {self.rule.words(self.after)}"


class ChangedMeanwhile(Exception):
    """Somebody set one of these meanwhile: what was shown is no longer what would change."""


class CannotHoldTogether(Exception):
    """These numbers cannot hold together with those that are set."""

    def __init__(self, broken: list[Together]) -> None:
        super().__init__()
        self.broken = broken


def all_values() -> dict[str, int]:
    """Every rule's number, read from the database now: for the page that sets them."""
    found = _read_set()
    return {rule.key: found.get(rule.key, default_of(rule)) for rule in definitions.SETTINGS}


@transaction.atomic
def change(changes: list[Change]) -> None:
    """Set these numbers; a default keeps no row. The caller writes who did it, in the same transaction.

    One saving at a time: the second one sees what the first committed. Raises Moved, Apart; ValueError for a number
    out of its bounds.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SAVING])
    now = all_values()
    for one in changes:
        if not one.rule.fits(one.after):
            raise ValueError("out of bounds")
        if now[one.rule.key] != one.before:
            raise ChangedMeanwhile
    if apart := definitions.broken(now | {one.rule.key: one.after for one in changes}):
        raise CannotHoldTogether(apart)
    for one in changes:
        if one.after == default_of(one.rule):
            HouseRule.objects.filter(key=one.rule.key).delete()
        else:
            HouseRule.objects.update_or_create(key=one.rule.key, defaults={"value": one.after})
    transaction.on_commit(forget)
