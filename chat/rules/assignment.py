"""Decides which agent answers which person, and estimates waits (docs/adr/0009). Pure: `now` is an argument."""

import heapq
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from chat.rules.lifecycle import HEAVY, LIGHT

# A pass of the dispatcher assigns this many people in one transaction. Their rows are locked meanwhile, for some 26 ms,
# while people write. Half as many would be locked for as long, because most of a pass is statements that cost the same
# for one person and for forty.
AT_ONCE = 40
# A call of the dispatcher makes at most this many transactions, so that a long queue cannot occupy a worker for long.
# The next tick goes on.
ROUNDS = 5


def may_overflow(
    *, waited: timedelta, overflow_after: timedelta, is_urgent: bool, preferred_force_on_duty: bool
) -> bool:
    """Return whether an agent of the other force may take a person of this zone (docs/adr/0009).

    It may after the delay, and at once when the person is urgent or nobody of the preferred force is on duty, because
    waiting would then be of no use.
    """
    return is_urgent or not preferred_force_on_duty or waited >= overflow_after


# The order of turns, as columns: the most urgent person first, then the one who has waited longest. The same order is
# written in Python by `turn_key`, in SQL by `chat.conversations.position.IS_BEFORE`, and by the index
# « conversation_queue », which follows this line. To change it, see CONTRIBUTING.md, « Another order of the queue ».
# Only people of crowded networks beyond their share are not in this order (`with_share`).
IN_TURN = ("-urgency", "queued_at", "pk")

type TurnKey = tuple[int, datetime, int]


def turn_key(*, urgency: int, queued_at: datetime, key: int) -> TurnKey:
    """Return the value by which people in the queue are compared: the smallest is next."""
    return (-urgency, queued_at, key)


# --- people of a crowded network --------------------------------------------------------------------------------------
#
# A raid of false reports that all say « danger » must not keep everybody else waiting. A person in real danger in the
# same school or household must not wait behind everybody either. So these people keep their urgency, but the number of
# them who are with agents is bounded. Up to their share, each has the place that their urgency gives. Those beyond it
# come after all others, still the most urgent first. Nobody is refused, and no place of an agent stays empty for a
# crowded network (docs/adr/0053). People of a group of look-alikes who have said nothing leave some places free beyond
# their share, because a raid that fills all of them delays whoever comes next (docs/adr/0142).

CROWD_PART = 8  # one conversation for this many places; if each fills two places, that is a quarter of all places
# A conversation that was closed sooner still counts for this long after it was assigned. Otherwise, where there are few
# places, a raid would get all of them, one false report after another, as fast as agents recognise them.
CROWD_SECONDS = 180


def share_of(slots: int) -> int:
    """Return how many conversations of crowded networks may be with agents at once: at least one.

    slots: places that the agents on duty have together.
    """
    return max(1, slots // CROWD_PART)


SPARE_PART = 4  # one place of this many stays free of silent look-alikes beyond their share


def spare_of(slots: int) -> int:
    """Return how many free places silent look-alikes beyond their share leave: a quarter of all, and room for one
    person in great danger at least.

    slots: places that the agents on duty have together.
    """
    return max(HEAVY, slots // SPARE_PART)


def with_share[T](free: Iterable[T], crowded: Iterable[T], *, room: int, key: Callable[[T], Any]) -> Iterator[T]:
    """Merge the two parts of the queue into one: people of ordinary networks (`free`) and of crowded ones (`crowded`).

    Both are in the order of turns. room: how many of the crowded have their ordinary place; the others come last.
    key: returns the turn key of a person. Both are read no further than the result is.
    """
    rest = iter(crowded)
    yield from heapq.merge(free, islice(rest, room), key=key)
    yield from rest


@dataclass(frozen=True, slots=True)
class Waiting:
    """It is a person who waits and is present.

    force: that of their zone; empty when it has none. waits_since: from when their wait is counted for the other force
    (`may_overflow`); their place in the queue is given by the order of the list. weight: the places of an agent that
    they fill. leaves_spare: whether they are a look-alike beyond the share who has said nothing (`spare_of`).
    For a person who was passed on by an agent: waits_since is the moment of the passing-on, or of their place where no
    team was asked for; unit is the key of the unit asked for, or 0. avoided holds the keys of the agents who passed
    them on and must not get them back.
    """

    key: int
    force: str
    is_urgent: bool
    waits_since: datetime
    weight: int = LIGHT
    unit: int = 0
    avoided: frozenset[int] = frozenset()
    leaves_spare: bool = False


@dataclass(frozen=True, slots=True)
class AgentOnDuty:
    """It is an agent on duty.

    load: places that are filled, of `capacity`. last_assigned_at: when they were last given somebody; None if never.
    unit: the key of their unit.
    """

    key: int
    force: str
    load: int
    capacity: int
    last_assigned_at: datetime | None
    unit: int = 0


# An agent with room, as a tuple that sorts by turn: share of places that are filled, when last given somebody, key of
# the agent, places filled, capacity.
type _Free = tuple[float, datetime, int, int, int]


def share_out(
    people: Iterable[Waiting],
    agents: Iterable[AgentOnDuty],
    *,
    now: datetime,
    overflow_after: timedelta,
    forces_on_duty: Collection[str],
    at_most: int,
    beyond_spare: int | None = None,
) -> list[tuple[int, int]]:
    """Assign people to agents. Return pairs of keys, a person's and an agent's, in the order of the queue.

    people: in the order of the queue; read no further than needed. overflow_after: see `may_overflow`.
    forces_on_duty: the forces with an agent on duty, even if all of them are full. at_most: most pairs.
    beyond_spare: how many places of all agents are free beyond those that `spare_of` keeps; None if nobody leaves any.
    The first person who leaves spare places and finds none beyond them ends the pass, because all who follow come last.
    Each person in turn gets an agent of the force of their zone, or of another force when `may_overflow`. Whoever has
    to wait for their force holds up nobody behind them. Agents with enough room for the person's weight come first,
    then the least loaded for their capacity, then the one who was given somebody longest ago.
    An agent whose places are all filled is given nobody. Where nobody has room for the whole weight, one free place is
    enough: those who weigh most are in the greatest danger, and must not wait where a lighter person would not.
    A person who was passed on goes to the unit asked for, and never to an agent in `avoided` (`_agent_for`).
    """
    never = datetime.min.replace(tzinfo=UTC)
    free: dict[str, list[_Free]] = {}
    units: dict[int, int] = {}
    for agent in agents:
        if agent.load < agent.capacity:
            share, last_at = agent.load / agent.capacity, agent.last_assigned_at or never
            entry = (share, last_at, agent.key, agent.load, agent.capacity)
            free.setdefault(agent.force, []).append(entry)
            units[agent.key] = agent.unit
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
        if person.leaves_spare and beyond_spare is not None and beyond_spare <= 0:
            break
        force = person.force
        waited = now - person.waits_since
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
            _is_room_too_small, entry = _first(free[force], person.weight)
            _take(free[force], entry)
        _share, _last, key, load, capacity = entry
        pairs.append((person.key, key))
        if beyond_spare is not None:
            beyond_spare -= min(person.weight, capacity - load)
        load += person.weight
        if load < capacity:
            heapq.heappush(free[force], (load / capacity, now, key, load, capacity))
        elif not free[force]:
            del free[force]
        if not free or len(pairs) == at_most:
            break
    return pairs


def _first(heap: list[_Free], weight: int) -> tuple[bool, _Free]:
    """Return the agent who comes first for this weight, as (whether their room is too small for it, agent)."""
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
    """Choose the agent for a person who was passed on: of the unit asked for, else of the force, else of another.

    It is never an agent who passed the person on. must_be_unit: nobody outside the unit may take them yet. anywhere:
    the other force may. Among those who may, the order is as for everybody. None when nobody may.
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
    """Return the range of minutes (from, to) that a person at this position may wait; None when nothing can be said.

    position: 1 for the next person. slots: places that the agents on duty have together. free: those not in use now.
    average_minutes: length of a conversation.
    The range goes from a third of the estimate to the double of it, rounded to steps that are of use to a person. When
    nobody is on duty there is no range, because any figure would be invented.
    """
    if slots <= 0:
        return None
    if position <= free:
        return (0, 2)
    turns = position - free
    expected = average_minutes * turns / slots
    low = math.floor(expected / 3)
    high = math.ceil(expected * 2)
    # Both ends are rounded outwards, each by itself, so that a later position never gets a shorter wait.
    return (low // 5 * 5 if low >= 5 else low, max(2, -(-high // 5) * 5 if high > 10 else high))
