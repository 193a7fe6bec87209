"""What a conversation may become, and how long a person may have to wait. Pure: `now` is an argument."""

import heapq
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from triage.rules import Urgency


class Status(models.TextChoices):
    """Where a conversation stands. The values are those of the protocol."""

    WAITING = "waiting", _("En attente")
    ACTIVE = "active", _("En cours")
    CLOSED = "closed", _("Terminé")
    ABANDONED = "abandoned", _("Abandonné")


class Author(models.TextChoices):
    """Who wrote a message. The values are those of the protocol."""

    REPORTER = "reporter", _("La personne")
    AGENT = "agent", _("L'agent")
    SYSTEM = "system", _("Pnav")


class Availability(models.TextChoices):
    """What an agent says of themselves; being present is another thing, see `Agent.seen_at`."""

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

# A pass of the dispatcher gives so many in one transaction: their rows are locked meanwhile, and people write.
AT_ONCE = 20
# It makes at most so many transactions, so that a crowd cannot hold a worker for long; the next tick goes on.
ROUNDS = 10
# The places of an agent that a conversation fills (docs/adr/0040).
LIGHT, HEAVY = 1, 2

# Promised to a waiting person whose page closes or whose network fails: back within this time, they have their place.
PLACE_KEPT = timedelta(minutes=5)


def can_move(before: str, after: str) -> bool:
    """Whether a conversation may go from one status to another."""
    return after in MOVES[before]


def weight_of(urgency: int) -> int:
    """How many places a conversation of this urgency fills, unless its agent says otherwise."""
    return HEAVY if urgency >= Urgency.CRITICAL else LIGHT


def may_overflow(
    *, waited: timedelta, overflow_after: timedelta, is_urgent: bool, preferred_force_on_duty: bool
) -> bool:
    """Whether an agent of the other force may take a person of this zone.

    At once when it is urgent or when nobody of the preferred force is on duty: waiting would serve nothing.
    """
    return is_urgent or not preferred_force_on_duty or waited >= overflow_after


# The order of the queue, as columns: the most urgent, then the oldest. `turn` says the same of one person.
IN_TURN = ("-urgency", "queued_at", "pk")


def turn(*, urgency: int, queued_at: datetime, key: int) -> tuple[int, datetime, int]:
    """A person's place in the queue, as what is compared: the least is next."""
    return (-urgency, queued_at, key)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person who waits and is there. `force`: of their zone, empty when it has none. `weight`: places they fill."""

    key: int
    force: str
    is_urgent: bool
    queued_at: datetime
    weight: int = LIGHT


@dataclass(frozen=True, slots=True)
class Room:
    """An agent on duty: so many places filled of so many. `last_assigned_at`: None before the first one."""

    key: int
    force: str
    load: int
    capacity: int
    last_assigned_at: datetime | None


# Share of the places that are filled, last given somebody, key, places filled, places: in the order of turns.
type _Free = tuple[float, datetime, int, int, int]


def share_out(
    people: Iterable[Waiting],
    rooms: Iterable[Room],
    *,
    now: datetime,
    overflow_after: timedelta,
    forces_on_duty: Collection[str],
    at_most: int,
) -> list[tuple[int, int]]:
    """Who goes to whom: pairs of keys, a person's and an agent's, in the order of the queue.

    people: in the order of the queue; read no further than needed. forces_on_duty: those with an agent, full or not.
    Each person in turn gets an agent of the zone's force, or of any other when `may_overflow`; whoever has to wait for
    their force holds up nobody behind. Among agents with room: those whose room is enough for the person's weight, then
    the least loaded for their capacity, then the one who was given somebody longest ago.
    An agent whose places are all filled is given nobody. Where nobody has room for the whole weight, the last place is
    enough: whoever weighs most is in the greatest danger, and must not wait where somebody lighter would not.
    """
    never = datetime.min.replace(tzinfo=UTC)
    free: dict[str, list[_Free]] = {}
    for room in rooms:
        if room.load < room.capacity:
            entry = (room.load / room.capacity, room.last_assigned_at or never, room.key, room.load, room.capacity)
            free.setdefault(room.force, []).append(entry)
    for heap in free.values():
        heapq.heapify(heap)
    pairs: list[tuple[int, int]] = []
    if not free:
        return pairs
    for person in people:
        force = person.force
        if force not in free:
            if force and not may_overflow(
                waited=now - person.queued_at,
                overflow_after=overflow_after,
                is_urgent=person.is_urgent,
                preferred_force_on_duty=force in forces_on_duty,
            ):
                continue
            force = min(free, key=lambda force: _first(free[force], person.weight))
        _share, _last, key, load, capacity = _take_first(free[force], person.weight)
        pairs.append((person.key, key))
        load += person.weight
        if load < capacity:
            heapq.heappush(free[force], (load / capacity, now, key, load, capacity))
        elif not free[force]:
            del free[force]
        if not free or len(pairs) == at_most:
            break
    return pairs


def _first(heap: list[_Free], weight: int) -> tuple[bool, _Free]:
    """The agent who comes first for this weight, and whether their room is too small for the whole of it."""
    if weight == LIGHT:
        return False, heap[0]
    return min((load + weight > capacity, entry) for entry in heap for *_rank, load, capacity in [entry])


def _take_first(heap: list[_Free], weight: int) -> _Free:
    _is_too_small, entry = _first(heap, weight)
    if entry is heap[0]:
        return heapq.heappop(heap)
    heap.remove(entry)
    heapq.heapify(heap)
    return entry


def estimate_wait(*, position: int, slots: int, free: int, average_minutes: int) -> tuple[int, int] | None:
    """The range of minutes a person at this place may wait, or None when nobody can say.

    position: 1 for the next person. slots: places that the agents on duty have together.
    free: those not in use now. average_minutes: length of a conversation.
    A conversation under way ends on average after half its length; the range goes from a third of the estimate to
    the double of it, in steps a person can use. Nobody on duty gives no figure: an invented one would be a lie.
    """
    if slots <= 0:
        return None
    if position <= free:
        return (0, 2)
    turns = position - free
    expected = average_minutes * turns / slots
    low = math.floor(expected / 3)
    high = math.ceil(expected * 2)
    # Rounded outwards, each by itself: a later place never gets a shorter wait.
    return (low // 5 * 5 if low >= 5 else low, max(2, -(-high // 5) * 5 if high > 10 else high))


def is_lease_over(*, seen_at: datetime | None, now: datetime, lease: timedelta) -> bool:
    """Whether somebody last seen then is to be counted as gone."""
    return seen_at is None or now - seen_at > lease
