"""Says what the service promises, and how close it is to breaking it. Pure: facts and numbers in, levels out."""

from dataclasses import dataclass
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Measure(TextChoices):
    """The measures that have a limit which administrators set (`live_board.LIMITS`)."""

    WAIT = "wait", _("Attente d'une personne")
    WAIT_URGENT = "wait_urgent", _("Attente d'une personne en urgence")
    SILENCE = "silence", _("Silence de l'agent")
    ON_DUTY = "on_duty", _("Agents disponibles")
    UNREAD = "unread", _("Transmission non lue par l'unité")


class Level(IntEnum):
    """How a promise stands."""

    KEPT = 0
    NEAR = 1
    BROKEN = 2

    @property
    def sign(self) -> str:
        """A shape that says the same as the word, for who sees no colour."""
        return {Level.KEPT: "●", Level.NEAR: "▲", Level.BROKEN: "■"}[self]

    @property
    def label(self) -> str:
        """The level in a word, which the colour only repeats."""
        return str({Level.KEPT: _("Tenu"), Level.NEAR: _("Bientôt dépassé"), Level.BROKEN: _("Dépassé")}[self])


@dataclass(frozen=True, slots=True)
class Limit:
    """minutes, or agents for ON_DUTY. warn_percent: of the limit, from which it is near; of no use for ON_DUTY."""

    limit: int
    warn_percent: int


def level_of_time(seconds: float, limit: Limit) -> Level:
    """Return the level of something that has lasted so long."""
    if seconds >= limit.limit * 60:
        return Level.BROKEN
    return Level.NEAR if seconds >= limit.limit * 60 * limit.warn_percent / 100 else Level.KEPT


def level_of_duty(*, on_duty: int, free: int, limit: Limit) -> Level:
    """Return the level of the agents on duty: too few is broken; just enough, or all of them full, is near."""
    if on_duty < limit.limit:
        return Level.BROKEN
    return Level.NEAR if on_duty == limit.limit or free <= 0 else Level.KEPT
