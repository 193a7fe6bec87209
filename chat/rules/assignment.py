"""Decides who is answered by whom, and how long a person may have to wait. Pure: `now` is an argument."""

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from chat.rules.lifecycle import LIGHT

# A pass of the dispatcher gives so many in one transaction: their rows are locked meanwhile, for some 26 ms, and people
# write. Half as many are held for as long: most of a pass is statements that cost the same for one and for forty.
AT_ONCE = 40
# It makes at most so many transactions, so that a crowd cannot hold a worker for long; the next tick goes on.
ROUNDS = 5


def may_overflow(
    *, waited: timedelta, overflow_after: timedelta, is_urgent: bool, preferred_force_on_duty: bool
) -> bool:
    """Whether an agent of the other force may take a person of this zone.

    At once when it is urgent or when nobody of the preferred force is on duty: waiting would serve nothing.
    """
    return is_urgent or not preferred_force_on_duty or waited >= overflow_after


# The order of turns, as columns: the most urgent, then the oldest. The same order is said of one person by `turn_key`,
# in SQL by `chat.conversations.position.IS_BEFORE`, and by the index « conversation_queue », which follows this line.
# Whoever changes it: CONTRIBUTING.md, « Another order of the queue ». The queue is in that order, but for those of
# crowded networks beyond their share (`with_share`).
IN_TURN = ("-urgency", "queued_at", "pk")

type TurnKey = tuple[int, datetime, int]


def turn_key(*, urgency: int, queued_at: datetime, key: int) -> TurnKey:
    """A person's place in the queue, as what is compared: the least is next."""
    return (-urgency, queued_at, key)


# --- people of a crowded network --------------------------------------------------------------------------------------
#
# A raid of false reports that all say « danger » must not keep everybody else waiting, and a real danger in the same
# school or household must not wait behind everybody. So their urgency stays, and what they take of the agents is
# bounded: while fewer of them than their share are with agents, each has the place that their urgency gives; those
# beyond it come after all others, still the most urgent first. Nobody is refused, and no place stays empty for it.

CROWD_PART = 8  # one conversation for so many places: of those that weigh two, a quarter of the places
# One that was ended sooner counts for so long: where there are few places, a raid would else have each of them in turn,
# false report after false report, as fast as agents see through them.
CROWD_SECONDS = 180


def share_of(slots: int) -> int:
    """How many conversations of crowded networks may be with agents at once, who have so many places: at least one."""
    return max(1, slots // CROWD_PART)


def with_share[T](free: Iterable[T], crowded: Iterable[T], *, room: int, key: Callable[[T], Any]) -> Iterator[T]:
    """The whole queue: who is `free` and who is `crowded`, each in the order of turns.

    room: so many of the crowded still have their ordinary place; the others come last. key: the order of turns. Read no
    further than needed.
    """
    rest = iter(crowded)
    yield from heapq.merge(free, islice(rest, room), key=key)
    yield from rest


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person who waits and is there. `force`: of their zone, empty when it has none. `weight`: places they fill.

    Of somebody who was passed on: `unit`, the key of the unit asked for; `avoided`, of the agents who passed them on;
    `queued_at` is then the moment of it, for their place is given by the order.
    """

    key: int
    force: str
    is_urgent: bool
    queued_at: datetime
    weight: int = LIGHT
    unit: int = 0
    avoided: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Room:
    """An agent on duty: so many places filled of so many. `last_assigned_at`: None before the first one."""

    key: int
    force: str
    load: int
    capacity: int
    last_assigned_at: datetime | None
    unit: int = 0


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
    """Assign people to agents: return pairs of keys, a person's and an agent's, in the order of the queue.

    people: in the order of the queue; read no further than needed. forces_on_duty: those with an agent, full or not.
    Each person in turn gets an agent of the zone's force, or of any other when `may_overflow`; whoever has to wait for
    their force holds up nobody behind. Among agents with room: those whose room is enough for the person's weight, then
    the least loaded for their capacity, then the one who was given somebody longest ago.
    An agent whose places are all filled is given nobody. Where nobody has room for the whole weight, the last place is
    enough: whoever weighs most is in the greatest danger, and must not wait where somebody lighter would not.
    Somebody who was passed on goes to the unit asked for, and never to `avoided` (`_agent_for`).
    """
    never = datetime.min.replace(tzinfo=UTC)
    free: dict[str, list[_Free]] = {}
    units: dict[int, int] = {}
    for room in rooms:
        if room.load < room.capacity:
            entry = (room.load / room.capacity, room.last_assigned_at or never, room.key, room.load, room.capacity)
            free.setdefault(room.force, []).append(entry)
            units[room.key] = room.unit
    for heap in free.values():
        heapq.heapify(heap)
    pairs: list[tuple[int, int]] = []
    if not free:
        return pairs

    def may_go_elsewhere(person: Waiting, waited: timedelta) -> bool:
        return not person.force or may_overflow(
            waited=waited,
            overflow_after=overflow_after,
            is_urgent=person.is_urgent,
            preferred_force_on_duty=person.force in forces_on_duty,
        )

    for person in people:
        force = person.force
        waited = now - person.queued_at
        if person.unit or person.avoided:
            must_be_unit = bool(person.unit) and not person.is_urgent and waited < overflow_after
            found = _agent_for(
                person, free, units, must_be_unit=must_be_unit, anywhere=may_go_elsewhere(person, waited)
            )
            if found is None:
                continue
            force, entry = found
            _take(free[force], entry)
        else:
            if force not in free:
                if not may_go_elsewhere(person, waited):
                    continue
                force = min(free, key=lambda force: _first(free[force], person.weight))
            _is_small, entry = _first(free[force], person.weight)
            _take(free[force], entry)
        _share, _last, key, load, capacity = entry
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
    return min((_is_too_small(entry, weight), entry) for entry in heap)


def _is_too_small(entry: _Free, weight: int) -> bool:
    *_rank, load, capacity = entry
    return load + weight > capacity


def _take(heap: list[_Free], entry: _Free) -> None:
    if entry is heap[0]:
        heapq.heappop(heap)
    else:
        heap.remove(entry)
        heapq.heapify(heap)


def _agent_for(
    person: Waiting, free: dict[str, list[_Free]], units: dict[int, int], *, must_be_unit: bool, anywhere: bool
) -> tuple[str, _Free] | None:
    """The agent for somebody who was passed on: of the unit asked for, else of the force, else of another.

    Never an agent who passed them on. must_be_unit: nobody outside the unit yet. anywhere: the other force may. Among
    those who may: as for everybody, first whose room is enough for the weight.
    """
    agents = [(entry, force) for force, heap in free.items() for entry in heap if entry[2] not in person.avoided]
    of_unit = [agent for agent in agents if person.unit and units[agent[0][2]] == person.unit]
    of_force = [agent for agent in agents if agent[1] == person.force]
    fitting = of_unit or ([] if must_be_unit else of_force or (agents if anywhere else []))
    if not fitting:
        return None
    entry, force = min(fitting, key=lambda agent: (_is_too_small(agent[0], person.weight), agent))
    return force, entry


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
