"""These are the states of a conversation, the moves between them, and the choices that go with them. Pure."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from triage.rules import Urgency


class Status(models.TextChoices):
    """These are the states of a conversation. The values are those of the protocol."""

    WAITING = "waiting", _("En attente")
    ACTIVE = "active", _("En cours")
    CLOSED = "closed", _("Terminé")
    ABANDONED = "abandoned", _("Abandonné")


class Author(models.TextChoices):
    """These are the authors of messages. The values are those of the protocol."""

    REPORTER = "reporter", _("La personne")
    AGENT = "agent", _("L'agent")
    SYSTEM = "system", _("Pnav")


class Availability(models.TextChoices):
    """It is the availability that agents declare. Whether they are present is something else: see `Agent.seen_at`."""

    AVAILABLE = "available", _("Disponible")
    PAUSE = "pause", _("En pause")
    AWAY = "away", _("Absent")


class PauseOrder(models.TextChoices):
    """It says why a supervisor sets an agent in pause, as it is read beside « En pause » by everybody in the service.

    The reasons are fixed, so that nothing private is written.
    """

    SILENT = "silent", _("par un superviseur – des personnes attendent une réponse")
    ASKED = "asked", _("par un superviseur – l'agent l'a demandé")
    REST = "rest", _("par un superviseur – pour souffler")
    END = "end", _("par un superviseur – fin de service")
    OTHER = "other", _("par un superviseur – raison de service")

    @property
    def reason(self) -> str:
        """Return the reason alone, as a supervisor chooses it: « Fin de service »."""
        said = str(self.label).partition(" – ")[2]
        return said[:1].upper() + said[1:]


def is_ordered(pause_reason: str) -> bool:
    """Return whether this reason of a pause, as it is stored with the agent, is one that a supervisor chose."""
    return any(pause_reason == str(one.label) for one in PauseOrder)


# The detail of the event by which somebody left an agent who gave no sign of life (`chat.conversations.idle`).
NO_SIGN = "no_sign"
# The detail of the event by which somebody in danger was given to an agent whose places were all filled
# (`chat.conversations.dormancy.give_over_capacity`).
OVER_CAPACITY = "over_capacity"
IDLE = _("automatique à {time} – pas de signe")


def idle_reason(time: str) -> str:
    """Return the reason of the pause of an agent whose page saw no sign of them. time: its hour, « 04:09 »."""
    return str(IDLE).format(time=time)


def is_idle(pause_reason: str) -> bool:
    """Return whether this reason of a pause, as it is stored with the agent, is one of `idle_reason`."""
    before, _time, after = str(IDLE).partition("{time}")
    return pause_reason.startswith(before) and pause_reason.endswith(after)


ON_THE_PHONE = _("au téléphone jusqu'à {time}")


def phone_reason(time: str) -> str:
    """Return the reason of the pause of an agent who telephones. time: the hour of its end, « 04:24 »."""
    return str(ON_THE_PHONE).format(time=time)


def is_on_the_phone(pause_reason: str) -> bool:
    """Return whether this reason of a pause, as it is stored with the agent, is one of `phone_reason`."""
    before, _time, after = str(ON_THE_PHONE).partition("{time}")
    return pause_reason.startswith(before) and pause_reason.endswith(after)


class Outcome(models.TextChoices):
    """It says how a conversation ended: what the agent who closes it chose, or LEFT when the person closes it.

    OTHER when an agent ends a group of look-alikes. Who closed it is `Conversation.closed_by`.
    """

    ADVISED = "advised", _("Conseils donnés")
    COMPLAINT = "complaint", _("Orientation vers une plainte")
    PARTNERS = "partners", _("Orientation vers des partenaires")
    TRANSMITTED = "transmitted", _("Transmission au service compétent")
    LEFT = "left", _("La personne est partie")
    OTHER = "other", _("Autre")


class UrgencyReason(models.TextChoices):
    """It says why the urgency is changed. Agents choose a reason; what they write besides is stored encrypted."""

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
    # A person who waits may leave for good (closed), or just not be seen any more (abandoned).
    Status.WAITING: frozenset({Status.ACTIVE, Status.CLOSED, Status.ABANDONED}),
    # When the agent's lease ends, the conversation waits again, at its old place.
    Status.ACTIVE: frozenset({Status.WAITING, Status.CLOSED}),
    Status.CLOSED: frozenset(),
    # When the person of an abandoned conversation comes back, it is in the queue again.
    Status.ABANDONED: frozenset({Status.WAITING, Status.CLOSED}),
}

OPEN = frozenset({Status.WAITING, Status.ACTIVE})
# The places of an agent that a conversation fills (docs/adr/0040).
LIGHT, HEAVY = 1, 2


def can_move(before: str, after: str) -> bool:
    """Return whether a conversation may go from one status to another."""
    return after in MOVES[before]


def weight_of(urgency: int, *, critical: int) -> int:
    """Return how many places a conversation of this urgency fills, unless its agent says otherwise.

    critical: places of a critical one, LIGHT or HEAVY, which is a setting of the service.
    """
    return critical if urgency >= Urgency.CRITICAL else LIGHT


def is_lease_over(*, seen_at: datetime | None, now: datetime, lease: timedelta) -> bool:
    """Return whether somebody who was last seen then counts as gone. seen_at: None if never."""
    return seen_at is None or now - seen_at > lease
