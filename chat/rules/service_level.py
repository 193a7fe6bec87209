"""These are the measures that the service watches, and how close each is to its limit. Pure: numbers in, levels out."""

from dataclasses import dataclass
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Measure(TextChoices):
    """These are the measures that have a limit which administrators set (`live_board.LIMITS`)."""

    WAIT = "wait", _("Attente d'une personne")
    WAIT_URGENT = "wait_urgent", _("Attente d'une personne en urgence")
    SILENCE = "silence", _("Silence de l'agent")
    ON_DUTY = "on_duty", _("Agents disponibles")
    UNREAD = "unread", _("Transmission non lue par l'unité")


class Level(IntEnum):
    """It is how a measure stands against its limit: kept, nearly broken, or broken."""

    KEPT = 0
    NEAR = 1
    BROKEN = 2

    @property
    def sign(self) -> str:
        """Return a shape that says the same as the word, for people who do not see colours."""
        return {Level.KEPT: "●", Level.NEAR: "▲", Level.BROKEN: "■"}[self]

    @property
    def label(self) -> str:
        """Return the level in a word, which the colour only repeats."""
        return str({Level.KEPT: _("Tenu"), Level.NEAR: _("Bientôt dépassé"), Level.BROKEN: _("Dépassé")}[self])


@dataclass(frozen=True, slots=True)
class Limit:
    """It is the limit of a measure.

    limit: in minutes; for ON_DUTY a number of agents. warn_percent: at how many per cent of the limit the level
    becomes NEAR. ON_DUTY has 100, which nobody reads.
    """

    limit: int
    warn_percent: int

    @property
    def near_ms(self) -> int:
        """Return after how many milliseconds something that lasts is NEAR. A script counts with it."""
        return self.limit * 600 * self.warn_percent

    @property
    def broken_ms(self) -> int:
        """Return after how many milliseconds something that lasts is BROKEN."""
        return self.limit * 60_000


def level_of_time(seconds: float, limit: Limit) -> Level:
    """Return the level of something that has lasted for so many seconds."""
    if seconds >= limit.limit * 60:
        return Level.BROKEN
    return Level.NEAR if seconds >= limit.limit * 60 * limit.warn_percent / 100 else Level.KEPT


def level_of_duty(*, on_duty: int, free: int, limit: Limit) -> Level:
    """Return the level of the agents on duty. Too few are BROKEN; just enough, or no free place, is NEAR."""
    if on_duty < limit.limit:
        return Level.BROKEN
    return Level.NEAR if on_duty == limit.limit or free <= 0 else Level.KEPT
