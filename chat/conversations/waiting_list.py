"""Who waits, as rows: from them the `queue` frame of the consoles and the queue of the console's pages are made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chat.conversations.dispatcher import in_line
from chat.conversations.wording import place_of
from chat.messages import protocol
from chat.models import Conversation
from chat.rules.assignment import turn_key
from common import clock
from locations.models import Force
from reports.models import ReporterRole
from triage.rules import Urgency

Json = dict[str, Any]

MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class WaitingPerson:
    """Somebody in the queue: categories and a time, no message text and no answer of the triage.

    force: of their zone, None when it has none. place: the commune, or the postal code of several. is_crowded: one of
    many signalements of one network.
    """

    conversation: UUID
    since: datetime
    urgency: Urgency
    force: Force | None
    place: str
    is_minor: bool
    is_crowded: bool
    role: ReporterRole

    @property
    def urgency_name(self) -> str:
        """Stable name: normal, high, critical."""
        return self.urgency.name.lower()


@dataclass(frozen=True, slots=True)
class WaitingList:
    """The queue at one moment. total: how many wait; people: the next of them, MOST_SHOWN at most, in their order."""

    total: int
    people: tuple[WaitingPerson, ...]

    def frame(self) -> Json:
        """The `queue` frame of the protocol, for every console."""
        items = [
            {
                "conversation": str(person.conversation),
                "since": protocol.instant(person.since),
                "urgency": person.urgency_name,
                "urgency_label": str(person.urgency.label),
                "force": person.force.value if person.force else None,
                "place": person.place,
                "minor": person.is_minor,
                "role": person.role.value,
                "crowded": person.is_crowded,
            }
            for person in self.people
        ]
        return {"type": "queue", "waiting": self.total, "items": items}


def _turn_of(one: Conversation) -> tuple[int, datetime, int]:
    return turn_key(urgency=one.urgency, queued_at=one.queued_at, key=one.pk)


def read_waiting() -> WaitingList:
    """Who waits now, in the order of the queue. At most six queries, however many wait."""
    waiting = Conversation.objects.waiting()
    rows = in_line(waiting.select_related("report__municipality"), clock.now(), key=_turn_of, at_most=MOST_SHOWN)
    people = tuple(
        WaitingPerson(
            conversation=row.public_id,
            since=row.queued_at,
            urgency=Urgency(row.urgency),
            force=Force(row.force) if row.force else None,
            place=place_of(row.report),
            is_minor=row.report.is_minor,
            is_crowded=row.is_crowded,
            role=ReporterRole(row.report.role),
        )
        for row in rows
    )
    return WaitingList(total=len(people) if len(people) < MOST_SHOWN else waiting.count(), people=people)
