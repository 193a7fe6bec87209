"""This module says where a situation may go, how urgent it may be, and which services are outside this one.

These stay in the code: reports and statistics keep their values, and a result that leaves this site leaves it to an
address that was reviewed.

The destinations come from the table « Where each situation goes » of the service's reference facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

from triage.questionnaire.questions import Text

SEVENTEEN_CYBER_URL: Final = "https://17cyber.gouv.fr"
OPEN_DOOR: Final = _("Je veux parler à quelqu'un quand même")
WRITE_NOW: Final = _("Écrire à un policier maintenant")


class Urgency(IntegerChoices):
    """It is the degree of urgency, which orders the queue with the highest first."""

    NORMAL = 0, _("Normale")
    HIGH = 1, _("Élevée")
    CRITICAL = 2, _("Critique")


class Outcome(TextChoices):
    """It is where a situation goes."""

    UNFINISHED = "unfinished", _("Orientation non terminée")
    DANGER = "danger", _("Danger immédiat : 17, 112, 114")
    SUICIDE = "suicide", _("Idées suicidaires : 3114")
    CHAT = "chat", _("Tchat")
    CHAT_MINOR = "chat_minor", _("Tchat, parcours mineurs")
    SINGLE_INSULT = "single_insult", _("Fait isolé : explications, tchat possible")
    SEVENTEEN_CYBER_THESEE = "17cyber_thesee", _("17 Cyber, puis THESEE")
    SEVENTEEN_CYBER_PERCEVAL = "17cyber_perceval", _("17 Cyber, puis PERCEVAL")
    SEVENTEEN_CYBER_PHAROS = "17cyber_pharos", _("17 Cyber, puis PHAROS")
    SEVENTEEN_CYBER_ORGANISATION = "17cyber_organisation", _("17 Cyber, pour les organisations")
    SEVENTEEN_CYBER_ASSISTANCE = "17cyber_assistance", _("17 Cyber, assistance")
    SMS_33700 = "33700", _("33700, SMS indésirables")


@dataclass(frozen=True)
class Destination:
    """It is a service outside this one. leads_to names the service behind it, and is empty when that depends."""

    name: str
    url: str
    leads_to: str
    explanation: Text


DESTINATIONS: Mapping[Outcome, Destination] = {
    Outcome.SEVENTEEN_CYBER_THESEE: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "THESEE",
        _("17 Cyber mène à THESEE, le service pour les arnaques en ligne."),
    ),
    Outcome.SEVENTEEN_CYBER_PERCEVAL: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "PERCEVAL",
        _("17 Cyber mène à PERCEVAL, le service pour une carte bancaire utilisée en ligne alors qu'on l'a toujours."),
    ),
    Outcome.SEVENTEEN_CYBER_PHAROS: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "PHAROS",
        _("17 Cyber mène à PHAROS, le service pour les contenus illégaux que tout le monde peut voir."),
    ),
    Outcome.SEVENTEEN_CYBER_ORGANISATION: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "",
        _("17 Cyber dira quel service répond au cas d'une entreprise, d'une association ou d'une administration."),
    ),
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "",
        _("17 Cyber dira quel service répond à ce cas. Il peut s'agir de THESEE, de PERCEVAL ou de PHAROS."),
    ),
}

# They are said beside the open door, because the sources do not agree on this case.
DESTINATIONS_BESIDE: Mapping[Outcome, Destination] = {
    Outcome.SINGLE_INSULT: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "",
        _("17 Cyber peut aussi dire quel service répond à ce cas."),
    ),
}
