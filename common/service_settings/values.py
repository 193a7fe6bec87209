"""This module gives the value of each service setting now: what an administrator set, otherwise its default
(`definitions`).

Values are cached: a process reads them again after KEEP_SECONDS, so that a change is effective everywhere within half a
minute, and at once in the process that made it. Code that locks the queue reads them before it takes the lock; posting
a message reads none. Nothing here may be called in the event loop, which must not query the database.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from common.cached_reading import CachedReading
from common.service_settings import definitions
from common.service_settings.definitions import Setting, Together
from common.service_settings.models import HouseRule

logger = logging.getLogger(__name__)

KEEP_SECONDS = 20.0
SAVING = 0x504E4156_20  # the key of the advisory lock in PostgreSQL that lets one process at a time save settings


def _read_set() -> dict[str, int]:
    """Read the values that administrators set.

    A value is left out if its setting no longer exists, or if it is outside bounds that are narrower now.
    """
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
    """Return the value of a setting that nobody has changed: the environment's if it gives one, else the code's."""
    if not rule.setting:
        return rule.default
    value: int = getattr(settings, rule.setting)
    return -(-value // definitions.SECONDS[rule.unit]) if rule.setting_seconds else value


def check_defaults() -> None:
    """Raise ImproperlyConfigured unless the defaults are within their bounds and hold together, the environment's too.

    Called when a process starts. A number that the environment gives passes by the checks of the page, which would then
    refuse to save any other number beside it. The settings of commands that work without the service (`pnav.offline`)
    have none of these, and nothing is checked.
    """
    if not any(hasattr(settings, rule.setting) for rule in definitions.SETTINGS if rule.setting):
        return
    defaults = {rule.key: default_of(rule) for rule in definitions.SETTINGS}
    for rule in definitions.SETTINGS:
        if rule.setting and not rule.fits(defaults[rule.key]):
            raise ImproperlyConfigured(f"{rule.setting} must be {rule.least} to {rule.most} {rule.unit}.")
    for one in definitions.broken(defaults):
        lower, upper = (rule.setting or f"the default of {rule.key}" for rule in (one.lower, one.upper))
        raise ImproperlyConfigured(f"{upper} must not be below {lower}.")


def get(rule: Setting) -> int:
    """Return the present value of a setting."""
    return _set_values.get().get(rule.key, default_of(rule))


def get_duration(rule: Setting) -> timedelta:
    """Return the present value of a setting of time. Raises KeyError for another unit."""
    return rule.span(get(rule))


# --- setting ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """It is one setting and the values that it changes from and to."""

    rule: Setting
    before: int
    after: int

    @property
    def words(self) -> str:
        """Return « Durée d'un code de reprise : 72 heures → 48 heures », for the history and the register."""
        return f"{self.rule.label} : {self.rule.words(self.before)} → {self.rule.words(self.after)}"


class ChangedMeanwhile(Exception):
    """Somebody else has changed one of these settings since they were shown."""


class CannotHoldTogether(Exception):
    """These values contradict each other or other settings. broken: the conditions that do not hold."""

    def __init__(self, broken: list[Together]) -> None:
        super().__init__()
        self.broken = broken


def all_values() -> dict[str, int]:
    """Return the values of all settings by key, read from the database now, for the page that changes them."""
    found = _read_set()
    return {rule.key: found.get(rule.key, default_of(rule)) for rule in definitions.SETTINGS}


@transaction.atomic
def change(changes: list[Change]) -> None:
    """Save these changes; a setting with its default has no row. The caller records who did it, in the transaction.

    One caller at a time saves, so that the second one sees what the first has committed. Raises ChangedMeanwhile,
    CannotHoldTogether, and ValueError for a value outside its bounds.
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
