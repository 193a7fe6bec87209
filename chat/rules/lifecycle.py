"""Says what a conversation may become, and how long a person may have to wait. Pure: `now` is an argument."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from triage.rules import Urgency


class Status(models.TextChoices):
    """The states of a conversation. The values are those of the protocol."""

    WAITING = "waiting", _("En attente")
    ACTIVE = "active", _("En cours")
    CLOSED = "closed", _("Terminé")
    ABANDONED = "abandoned", _("Abandonné")


class Author(models.TextChoices):
    """The authors of messages. The values are those of the protocol."""

    REPORTER = "reporter", _("La personne")
    AGENT = "agent", _("L'agent")
    SYSTEM = "system", _("Pnav")


class Availability(models.TextChoices):
    """The availability that agents declare. Being present is another thing: see `Agent.seen_at`."""

    AVAILABLE = "available", _("Disponible")
    PAUSE = "pause", _("En pause")
    AWAY = "away", _("Absent")


class Outcome(models.TextChoices):
    """How a conversation ended, chosen by the agent who closes it."""

    ADVISED = "advised", _("Conseils donnés")
    COMPLAINT = "complaint", _("Orientation vers une plainte")
    PARTNERS = "partners", _("Orientation vers des partenaires")
    TRANSMITTED = "transmitted", _("Transmission au service compétent")
    LEFT = "left", _("La personne est partie")
    OTHER = "other", _("Autre")


class UrgencyReason(models.TextChoices):
    """Why the urgency changes. Chosen; more can be written, sealed."""

    DANGER = "danger", _("Danger immédiat")
    SUICIDE = "suicide", _("Idées suicidaires")
    THREAT = "threat", _("Menaces précises ou violences")
    IMAGE = "image", _("Image intime, diffusée ou près de l'être")
    MINOR = "minor", _("Mineur exposé")
    SAFE = "safe", _("La personne est en sécurité ou entourée")
    CALMER = "calmer", _("La situation s'est apaisée")
    MISTAKEN = "mistaken", _("Les réponses de l'orientation ne disaient pas cela")
    OTHER = "other", _("Autre raison")


MOVES: dict[str, frozenset[str]] = {
    # A waiting person may leave for good (closed) or fade away (abandoned).
    Status.WAITING: frozenset({Status.ACTIVE, Status.CLOSED, Status.ABANDONED}),
    # Back to waiting when the agent's lease ends: the old place is kept.
    Status.ACTIVE: frozenset({Status.WAITING, Status.CLOSED}),
    Status.CLOSED: frozenset(),
    # Coming back with the code of a conversation that was abandoned puts it in the queue again.
    Status.ABANDONED: frozenset({Status.WAITING, Status.CLOSED}),
}

OPEN = frozenset({Status.WAITING, Status.ACTIVE})
# The places of an agent that a conversation fills (docs/adr/0040).
LIGHT, HEAVY = 1, 2


def can_move(before: str, after: str) -> bool:
    """Whether a conversation may go from one status to another."""
    return after in MOVES[before]


def weight_of(urgency: int, *, critical: int) -> int:
    """How many places a conversation of this urgency fills, unless its agent says otherwise.

    critical: places of a critical one, LIGHT or HEAVY; the house's rule.
    """
    return critical if urgency >= Urgency.CRITICAL else LIGHT


def is_lease_over(*, seen_at: datetime | None, now: datetime, lease: timedelta) -> bool:
    """Whether somebody last seen then is to be counted as gone."""
    return seen_at is None or now - seen_at > lease
