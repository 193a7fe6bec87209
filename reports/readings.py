"""Who read what concerns somebody, as that person may see it: roles and times, never accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from reports.models import AccessKind, AccessRecord

# What the person is shown, in their words.
SHOWN: Mapping[str, object] = {
    AccessKind.READING: _("a lu l'échange"),
    AccessKind.EXPORT: _("a copié l'échange"),
    AccessKind.PAPER: _("en a fait un document"),
    AccessKind.TRANSMITTED: _("a transmis un résumé à une unité"),
    AccessKind.TRANSMISSION: _("a lu le résumé transmis"),
    AccessKind.REASSIGNMENT: _("a confié l'échange à quelqu'un d'autre"),
}
# Done by the one who answered, who is a party: not « another agent ».
BY_INTERLOCUTOR = {AccessKind.PAPER, AccessKind.TRANSMITTED}
# What they are not shown, and why. Each kind of the register is in one of the two: a test asks.
WITHHELD: Mapping[str, str] = {
    AccessKind.OPENING: "an investigation may depend on it: whether it is told is the prosecutor's to say (ADR 0032)",
    AccessKind.SEARCH: "somebody looked into the register, not into the exchange",
    AccessKind.RETENTION: "a run of the service, about nobody",
    AccessKind.FREEZE: "a judicial need is told by the justice, not by this page",
    AccessKind.ERASURE: "the request and its answer have their own place on the page",
    AccessKind.WHISPER: "a word between colleagues: nothing of the exchange is read for it",
    AccessKind.ADMIN_ADD: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_CHANGE: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_DELETE: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_ACTION: "an object of the admin, which shows no exchange",
}
AT_MOST = 100


class Reader(TextChoices):
    """Roles as a person outside the service understands them; the values are those of the accounts."""

    AGENT = "agent", _("Un autre agent")
    SUPERVISOR = "supervisor", _("Un superviseur")
    CUSTODIAN = "custodian", _("Un référent levée d'anonymat")
    UNIT = "unit", _("L'unité")
    ADMINISTRATOR = "administrator", _("Un administrateur")
    SERVICE = AccessRecord.SERVICE, _("Le service, automatiquement")


@dataclass(frozen=True, slots=True)
class Reading:
    """who, did: in words of the active language."""

    who: str
    did: str
    at: datetime


def read(subjects: Iterable[object]) -> list[Reading]:
    """The readings of these public ids, the last one first, at most AT_MOST. One query, by the index on the subject."""
    lines = AccessRecord.objects.filter(subject__in=[str(subject) for subject in subjects], kind__in=SHOWN)
    rows = lines.order_by("-number").values_list("role", "kind", "at")[:AT_MOST]
    return [Reading(_who(role, kind), str(SHOWN[kind]), at) for role, kind, at in rows]


def _who(role: str, kind: str) -> str:
    if kind in BY_INTERLOCUTOR:
        return str(_("La personne qui a répondu"))
    return str(Reader(role).label) if role in Reader.values else str(_("Une personne du service"))
