"""This module reads the people who wait, as rows. The `queue` frame of consoles and the queue on their pages come from
these."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, When

from chat.conversations import lookalikes
from chat.conversations.dispatcher import in_line
from chat.conversations.whereabouts import whereabouts_of, with_departure
from chat.conversations.wording import place_of
from chat.messages import protocol
from chat.models import Conversation
from chat.models.casework import Emergency
from chat.models.conversation import is_here
from chat.rules.assignment import IN_TURN, TurnKey, turn_key
from chat.rules.whereabouts import Whereabouts
from common import clock
from common.choices import read_choice
from common.sql import fetch_rows
from locations.models import Force
from reports.models import ReporterRole
from triage.rules import Urgency

Json = dict[str, Any]

MOST_SHOWN = 100

# Whether somebody waits; in a group of arrivals that look alike; from a crowded network. So it is known what to ask.
_WHO_WAITS = """
SELECT EXISTS (SELECT FROM chat_conversation WHERE status = 'waiting'),
       EXISTS (SELECT FROM chat_conversation WHERE status = 'waiting' AND lookalike_group IS NOT NULL),
       EXISTS (SELECT FROM chat_conversation WHERE status = 'waiting' AND is_crowded)
"""


@dataclass(frozen=True, slots=True)
class WaitingPerson:
    """Somebody in the queue: categories and times, but no message and no answer of the triage.

    since: when they joined the queue. force: that of their zone; None when it has none. place: the commune, or the
    postal code when it has several. is_crowded: whether theirs is one of many reports from one network.
    whereabouts: judged by their last sign of life, at `seen_at`. has_emergency: whether a procedure is open that began
    before they came back to the queue. is_marked: by words of suicide or danger that nobody has dealt with.
    """

    conversation: UUID
    since: datetime
    urgency: Urgency
    force: Force | None
    place: str
    is_minor: bool
    is_crowded: bool
    role: ReporterRole
    whereabouts: Whereabouts
    seen_at: datetime
    has_emergency: bool
    is_marked: bool

    @property
    def urgency_name(self) -> str:
        """Return the name of the degree that frames and pages use: normal, high or critical."""
        return self.urgency.name.lower()


@dataclass(frozen=True, slots=True)
class WaitingList:
    """It is the queue at one moment.

    total: how many wait. present: how many of them may get their turn; the others (`apart`) are passed over until they
    are seen again. people: the next ones, then those apart, MOST_SHOWN at most; then others who
    are marked (`WaitingPerson.is_marked`), as many at most. groups: arrivals that look alike, whose members are not
    among `people`.
    """

    total: int
    present: int
    people: tuple[WaitingPerson, ...]
    groups: tuple[lookalikes.Shown, ...] = ()

    @property
    def apart(self) -> int:
        """Return how many wait whose turn is passed over for now, because they are offline or have left."""
        return self.total - self.present

    @property
    def marked(self) -> int:
        """Return how many of `people` are marked. Members of `groups` are not counted."""
        return sum(person.is_marked for person in self.people)

    @property
    def usual_force(self) -> Force | None:
        """Return the force of two or more of `people` and of more than half of them, which consoles do not repeat.

        None: no force is that of so many, or somebody has none. A row without a force in sight could then be either.
        """
        forces = Counter(person.force for person in self.people)
        if not forces or None in forces:
            return None
        [(force, count)] = forces.most_common(1)
        return force if count > 1 and 2 * count > len(self.people) else None

    @property
    def shown(self) -> list[WaitingPerson]:
        """Return `people` as consoles list them: first those who are marked or in an open procedure.

        It changes nobody's turn (ADR 0116).
        """
        return sorted(self.people, key=lambda person: not (person.is_marked or person.has_emergency))

    def frame(self, *, is_closed: bool) -> Json:
        """Make the `queue` frame of the protocol, for every console. is_closed: nobody new can come to the queue."""
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
                "marked": person.is_marked,
                "emergency": person.has_emergency,
                "whereabouts": person.whereabouts.value,
                # For people who are present it would change with each beat, and so would the frame.
                "seen_at": None if person.whereabouts is Whereabouts.HERE else protocol.instant(person.seen_at),
            }
            for person in self.shown
        ]
        return {
            "type": "queue",
            "waiting": self.total,
            "present": self.present,
            "apart": self.apart,
            "closed": is_closed,
            "items": items,
            "groups": [
                {
                    "group": str(one.group.public_id),
                    "count": one.count,
                    "seconds": one.seconds,
                    "place": one.group.place,
                    "critical": one.critical,
                    "taken_by": one.group.taken_by.shown_name if one.group.taken_by else "",
                }
                for one in self.groups
            ],
        }


def _turn_key_of(one: Conversation) -> TurnKey:
    return turn_key(urgency=one.urgency, queued_at=one.queued_at, key=one.pk)


def read_queue() -> WaitingList:
    """Read the people who wait now, as `read_waiting` does, with no more queries than they need: one if nobody waits.

    It is for whoever reads the queue again and again: Django writes eight queries in the time of twenty messages.
    """
    [(is_somebody, has_groups, has_crowded)] = fetch_rows(_WHO_WAITS, [])
    if not is_somebody:
        return WaitingList(total=0, present=0, people=(), groups=())
    return read_waiting(has_groups=has_groups, has_crowded=has_crowded)


def read_waiting(*, has_groups: bool = True, has_crowded: bool = True) -> WaitingList:
    """Read the people who wait now.

    Those whose turn may come are first, in the order of the queue; then come those who are passed over, the earliest
    arrival first; then others who wrote of danger. At most nine queries, however many wait. has_groups, has_crowded:
    false where it is known that no arrivals look alike, and that nobody of a crowded network waits.
    """
    now = clock.now()
    groups = tuple(lookalikes.waiting_groups(now)) if has_groups else ()
    waiting = Conversation.objects.waiting()
    if groups:
        waiting = waiting.exclude(lookalike_group__in=[one.group.public_id for one in groups])
    emergency = Emergency.objects.filter(conversation=OuterRef("pk"), ended_at__isnull=True)
    shown: Any = with_departure(waiting.select_related("report__municipality"))
    shown = shown.annotate(
        has_emergency=Exists(emergency), marked_seqs=F("danger_mark__seqs"), dealt_seq=F("danger_mark__dealt_seq")
    )
    rows = _rows(shown, now, has_crowded=has_crowded)
    people = tuple(_person(row, now) for row in rows)
    if len(people) < MOST_SHOWN:
        present = sum(person.whereabouts.holds_turn for person in people)
        people = tuple(sorted(people, key=lambda person: not person.whereabouts.holds_turn))
        total = len(people)
    else:
        counts = waiting.aggregate(total=Count("pk"), present=Count("pk", filter=is_here(now)))
        total, present = counts["total"], counts["present"]
        # The board calls for somebody who wrote of danger wherever they stand, so they are shown wherever they stand.
        others = shown.filter(danger_mark__isnull=False).exclude(pk__in=[row.pk for row in rows]).order_by(*IN_TURN)
        marked = (_person(row, now) for row in others[:MOST_SHOWN])
        people += tuple(person for person in marked if person.is_marked)
    return WaitingList(
        total=total + sum(one.count for one in groups),
        present=present + sum(one.here for one in groups),
        people=people,
        groups=groups,
    )


def _rows(shown: Any, now: datetime, *, has_crowded: bool) -> list[Any]:
    """Return MOST_SHOWN of these people at most. One query, of no more rows, where nobody is of a crowded network."""
    if not has_crowded:
        # Whoever is here has none of this, and so comes first.
        apart_since = Case(When(is_here(now), then=None), default=F("queued_at"))
        ordered = shown.order_by(apart_since.asc(nulls_first=True), *IN_TURN)
        # The keys first: what belongs to a person is read of those that are shown, however many wait.
        return list(ordered.filter(pk__in=ordered.values("pk")[:MOST_SHOWN]))
    rows = list(in_line(shown.here(now), now, key=_turn_key_of, at_most=MOST_SHOWN))
    if left := MOST_SHOWN - len(rows):
        rows += list(shown.elsewhere(now).order_by("queued_at", "pk")[:left])
    return rows


def _person(row: Any, now: datetime) -> WaitingPerson:
    return WaitingPerson(
        conversation=row.public_id,
        since=row.queued_at,
        urgency=read_choice(Urgency, row.urgency, Urgency.NORMAL),
        force=Force(row.force) if row.force in Force.values else None,
        place=place_of(row.report),
        is_minor=row.report.is_minor,
        is_crowded=row.is_crowded,
        role=read_choice(ReporterRole, row.report.role, ReporterRole.VICTIM),
        whereabouts=whereabouts_of(row, now),
        seen_at=row.reporter_seen_at,
        has_emergency=row.has_emergency,
        is_marked=any(seq > row.dealt_seq for seq in row.marked_seqs or ()),
    )
