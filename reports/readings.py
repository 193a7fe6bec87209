"""Who read what concerns somebody, as that person may see it: roles and times, never accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from reports import sentences
from reports.models import AccessKind, AccessRecord
from sentences.catalogue import Sentence

# What the person is shown, in their words.
SHOWN: Mapping[str, Sentence] = {
    AccessKind.READING: sentences.READ,
    AccessKind.EXPORT: sentences.COPIED,
    AccessKind.PAPER: sentences.PAPERED,
    AccessKind.TRANSMITTED: sentences.TRANSMITTED,
    AccessKind.TRANSMISSION: sentences.READ_SUMMARY,
    AccessKind.REASSIGNMENT: sentences.REASSIGNED,
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
    AccessKind.ON_CALL: "who decides for a unit meanwhile: nothing of the exchange is read for it",
    AccessKind.WHISPER: "a word between colleagues: nothing of the exchange is read for it",
    AccessKind.APPROVAL: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_ADD: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_CHANGE: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_DELETE: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_ACTION: "an object of the admin, which shows no exchange",
}
AT_MOST = 100


# Roles as a person outside the service understands them; the keys are those of the accounts.
READERS: Mapping[str, Sentence] = {
    "agent": sentences.AGENT,
    "supervisor": sentences.SUPERVISOR,
    "custodian": sentences.CUSTODIAN,
    "unit": sentences.UNIT,
    "administrator": sentences.ADMINISTRATOR,
    AccessRecord.SERVICE: sentences.SERVICE,
}


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
    return [Reading(_who(role, kind), SHOWN[kind].say(), at) for role, kind, at in rows]


def _who(role: str, kind: str) -> str:
    if kind in BY_INTERLOCUTOR:
        return sentences.WHO_ANSWERED.say()
    return READERS.get(role, sentences.SOMEBODY).say()
