"""Gives the value of each service setting now: what an administrator set, otherwise its default (`definitions`).

Read from memory: a process reads the set numbers again once KEEP_SECONDS have passed, so a change is everywhere within
half a minute, and at once where it was made. What holds a lock of the queue asks before it takes it; posting a message
asks nothing. Never called in the event loop, which asks the database nothing.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from common.cached_reading import CachedReading
from common.service_settings import definitions
from common.service_settings.definitions import Setting, Together
from common.service_settings.models import HouseRule

logger = logging.getLogger(__name__)

KEEP_SECONDS = 20.0
SAVING = 0x504E4156_20  # the key of PostgreSQL's advisory lock: one saving at a time


def _read_set() -> dict[str, int]:
    """What administrators set. A number of a rule that is gone, or beyond bounds that are narrower now, is left out."""
    found = {}
    for key, value in HouseRule.objects.values_list("key", "value"):
        rule = definitions.BY_KEY.get(key)
        if rule is not None and rule.fits(value):
            found[key] = value
        else:
            logger.warning("service settings: %s is set to what no rule allows; its default holds", key)
    return found


_set_values: CachedReading[Mapping[str, int]] = CachedReading(_read_set, KEEP_SECONDS, name="service settings")
forget, put = _set_values.forget, _set_values.put


def default_of(rule: Setting) -> int:
    """Without anything set: the environment's number where it names one, else the code's."""
    if not rule.setting:
        return rule.default
    value: int = getattr(settings, rule.setting)
    return -(-value // definitions.SECONDS[rule.unit]) if rule.setting_seconds else value


def get(rule: Setting) -> int:
    """The number that holds now."""
    return _set_values.get().get(rule.key, default_of(rule))


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
