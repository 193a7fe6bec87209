"""Lists who read what concerns a person, as that person may see it: roles and times, never accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from common.texts.catalogue import Sentence
from reports import texts as report_texts
from reports.models import AccessKind, AccessRecord

# The kinds that the person is shown, with their sentences.
SHOWN: Mapping[str, Sentence] = {
    AccessKind.READING: report_texts.READ,
    AccessKind.EXPORT: report_texts.COPIED,
    AccessKind.PAPER: report_texts.PAPERED,
    AccessKind.TRANSMITTED: report_texts.TRANSMITTED,
    AccessKind.TRANSMISSION: report_texts.READ_SUMMARY,
    AccessKind.REASSIGNMENT: report_texts.REASSIGNED,
    AccessKind.CAPTURE_ORIGINAL: report_texts.OPENED_ORIGINAL,
    AccessKind.CAPTURE_LOCKED: report_texts.LOCKED_CAPTURE,
}
# These acts are done by the agent who answered the exchange, who is not « another agent ».
BY_INTERLOCUTOR = {AccessKind.PAPER, AccessKind.TRANSMITTED}
# The kinds that the person is not shown, and why. A test checks that each kind is in one of the two lists.
WITHHELD: Mapping[str, str] = {
    AccessKind.COPY: "their own act, or that of whoever has their code: the page of the copy is where it is done",
    AccessKind.OPENING: "an investigation may depend on it: whether it is told is the prosecutor's to say (ADR 0032)",
    AccessKind.SEARCH: "somebody looked into the register, not into the exchange",
    AccessKind.RETENTION: "a run of the service, about nobody",
    AccessKind.FREEZE: "a judicial need is told by the justice, not by this page",
    AccessKind.ERASURE: "the request and its answer have their own place on the page",
    AccessKind.ON_CALL: "who decides for a unit meanwhile: nothing of the exchange is read for it",
    AccessKind.WHISPER: "a word between colleagues: nothing of the exchange is read for it",
    AccessKind.GIVEN: "whose turn it was: the line in their thread says who answers, and nothing of it is read for it",
    AccessKind.AGENT_PAUSED: "a decision about an agent: nothing of any exchange is read for it",
    AccessKind.AGENT_IDLE: "an agent who was not there: nothing of any exchange is read for it",
    AccessKind.GROUP_CLOSED: "the line in their own thread says it: nothing of the exchange was read for it",
    AccessKind.APPROVAL: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_ADD: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_CHANGE: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_DELETE: "an object of the admin, which shows no exchange",
    AccessKind.ADMIN_ACTION: "an object of the admin, which shows no exchange",
}
# The detail of a line of AccessKind.TRANSMISSION: not the summary was read, but the page of the captures beside it.
CAPTURES = "captures"
AT_MOST = 100


# Words for roles that a person outside the service understands, by the roles of accounts.
READERS: Mapping[str, Sentence] = {
    "agent": report_texts.AGENT,
    "supervisor": report_texts.SUPERVISOR,
    "custodian": report_texts.CUSTODIAN,
    "unit": report_texts.UNIT,
    "administrator": report_texts.ADMINISTRATOR,
    AccessRecord.SERVICE: report_texts.SERVICE,
}


@dataclass(frozen=True, slots=True)
class ReadingByStaff:
    """It is one reading. who, did: in words of the active language."""

    who: str
    did: str
    at: datetime


def readings_of(subjects: Iterable[object]) -> list[ReadingByStaff]:
    """Return the readings of these public ids, the last one first, at most AT_MOST. One query, by an index."""
    lines = AccessRecord.objects.filter(subject__in=[str(subject) for subject in subjects], kind__in=SHOWN)
    # A unit's dossier is one act with two lines: that the summary was read, which is told, and which archive was given.
    lines = lines.exclude(kind=AccessKind.TRANSMISSION, detail__startswith="archive:")
    rows = lines.order_by("-number").values_list("role", "kind", "detail", "at")[:AT_MOST]
    return [ReadingByStaff(_who(role, kind), _did(kind, detail), at) for role, kind, detail, at in rows]


def _did(kind: str, detail: str) -> str:
    is_of_captures = kind == AccessKind.TRANSMISSION and detail == CAPTURES
    return (report_texts.SAW_CAPTURES if is_of_captures else SHOWN[kind]).say()


def _who(role: str, kind: str) -> str:
    # An agent sets aside what they were shown themselves; a supervisor decides what becomes of it.
    is_set_aside = kind == AccessKind.CAPTURE_LOCKED and role == "agent"
    if kind in BY_INTERLOCUTOR or is_set_aside:
        return report_texts.WHO_ANSWERED.say()
    return READERS.get(role, report_texts.SOMEBODY).say()
