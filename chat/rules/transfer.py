"""These are the choices and states of passing a conversation from one agent to another. Pure."""

from dataclasses import dataclass
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from locations.models import Force

# In characters. Delays are settings of the service (`common.service_settings.definitions`).
SUMMARY_MAX, NOTE_MAX = 2000, 300


class Manner(models.TextChoices):
    """It says how an exchange is passed on: at once (cold), with a summary that was read (warm), or by a supervisor."""

    COLD = "cold", _("Tout de suite")
    WARM = "warm", _("Avec un résumé que la personne relit")
    ORDERED = "ordered", _("Par un superviseur")


class HandoverState(models.TextChoices):
    """These are the states of a handover. While it is open (READING, OFFERED), the agent who passes it on goes on
    answering."""

    READING = "reading", _("La personne relit le résumé")
    OFFERED = "offered", _("Attend la réponse")
    ACCEPTED = "accepted", _("Accepté")
    QUEUED = "queued", _("Remis dans la file")
    DECLINED = "declined", _("Décliné")
    EXPIRED = "expired", _("Sans réponse")
    WITHDRAWN = "withdrawn", _("Retiré")
    LOST = "lost", _("Sans objet : l'échange a changé de mains ou de statut")


OPEN = frozenset({HandoverState.READING, HandoverState.OFFERED})
# After these the exchange stayed with the agent who wanted to pass it on, and the person was told so.
STAYED = frozenset({HandoverState.DECLINED, HandoverState.EXPIRED, HandoverState.WITHDRAWN})


class Answer(models.TextChoices):
    """It is the person's answer to the summary. Only a summary that they agreed to, or corrected, is shared."""

    AGREED = "agreed", _("Résumé relu et accepté")
    CORRECTED = "corrected", _("Résumé corrigé par la personne")
    REFUSED = "refused", _("Résumé refusé : il n'est pas transmis")
    SILENT = "silent", _("Résumé non relu : il n'est pas transmis")


SHARED = frozenset({Answer.AGREED, Answer.CORRECTED})


class Reason(models.TextChoices):
    """It says why a conversation is passed on. It is chosen from a list, so that the history can hold it: it is not
    private.
    """

    COMPETENCE = "competence", _("Relève d'un autre service")
    EXPERIENCE = "experience", _("Demande une autre expérience")
    END_OF_DUTY = "end_of_duty", _("Fin de service")
    REQUEST = "request", _("La personne le demande")
    IMPARTIALITY = "impartiality", _("Je connais une personne concernée")
    OTHER = "other", _("Autre")


class Part(models.TextChoices):
    """These are the parts of a handover that hold text. Each is encrypted by itself."""

    SUMMARY = "summary", _("Résumé")
    CORRECTION = "correction", _("Résumé, dans les mots de la personne")
    NOTE = "note", _("Précision")
    REFUSAL = "refusal", _("Motif du refus")


@dataclass(frozen=True, slots=True)
class Target:
    """The receiver of a conversation that is passed on: exactly one of the three is set. agent and unit are keys."""

    agent: int = 0
    unit: int = 0
    force: str = ""

    def __str__(self) -> str:
        """Write the target as a form carries it: « agent-12 », « unit-3 », « force-police »."""
        if self.agent:
            return f"agent-{self.agent}"
        return f"unit-{self.unit}" if self.unit else f"force-{self.force}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a target as a form carries it (see `__str__`). Raises ValueError for anything else."""
        kind, _dash, key = text.partition("-")
        if kind == "force" and key in Force.values:
            return cls(force=key)
        if kind in {"agent", "unit"} and key.isascii() and key.isdigit() and len(key) < 10 and int(key):
            return cls(agent=int(key)) if kind == "agent" else cls(unit=int(key))
        raise ValueError("not a target")
