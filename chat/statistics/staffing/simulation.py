"""Discrete-event simulation of the queue: people arrive, wait, give up and are answered; agents come and go. Pure.

Who gets whom is decided by what decides it in the product: `assignment.share_out`, in the order of
`assignment.turn_key`, in passes of AT_ONCE and ROUNDS, at every change of capacity and, for who waits for their force,
at the worker's tick. What differs from the product is written in docs/staffing.md. Times are seconds from the
beginning.
"""

import heapq
import math
import random
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from chat.rules.assignment import AT_ONCE, ROUNDS, AgentOnDuty, TurnKey, Waiting, share_out, turn_key
from chat.statistics.staffing.demand import HOURS
from chat.statistics.staffing.plan import TICK_SECONDS
from triage.rules import Urgency

BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Person:
    """It is a person of the simulation.

    patience, held: how long they would wait, and would be answered, in seconds. force: that of their zone, empty
    without one.
    """

    at: float
    urgency: int
    force: str
    patience: float
    held: float


@dataclass(frozen=True, slots=True)
class Duty:
    """An agent's hours: takes nobody outside of `spans`, and ends what they hold."""

    force: str
    capacity: int
    spans: tuple[tuple[float, float], ...]


class Happening(IntEnum):
    """It is what comes first at one moment: who is free, before who is to be given."""

    ENDS = 0
    COMES_ON = 1
    GOES_OFF = 2
    COMES = 3
    TICKS = 4
    GIVES_UP = 5


@dataclass(slots=True)
class Run:
    """It is what happened. answered_at: by person, None when never; given: (time, person, agent), in the order
    given."""

    people: Sequence[Person]
    answered_at: list[float | None]
    given: list[tuple[float, int, int]] = field(default_factory=list)
    happenings: int = 0
    longest_queue: int = 0

    def wait(self, key: int) -> float | None:
        """Return how long a person waited, in seconds; None when they gave up."""
        answered = self.answered_at[key]
        return None if answered is None else answered - self.people[key].at

    def waits(self) -> list[float]:
        """Return the waits of those who were answered, shortest first."""
        return sorted(wait for key in range(len(self.people)) if (wait := self.wait(key)) is not None)

    def answered_within(self, seconds: float, keys: Iterable[int] | None = None) -> float:
        """Return the share of these people (all, unless told) who were answered after at most so long."""
        chosen = range(len(self.people)) if keys is None else list(keys)
        soon = sum((wait := self.wait(key)) is not None and wait <= seconds for key in chosen)
        return soon / len(chosen) if len(chosen) else math.nan

    @property
    def gave_up(self) -> float:
        """Return the share of people who gave up, from 0 to 1; not a number when nobody came."""
        return self.answered_at.count(None) / len(self.people) if self.people else math.nan

    @property
    def had_to_wait(self) -> float:
        """Return the share of people who were not answered at once, from 0 to 1; not a number when nobody came."""
        return 1 - self.answered_within(0) if self.people else math.nan


def simulate_duty(
    people: Sequence[Person], duties: Sequence[Duty], *, overflow_seconds: float, tick_seconds: float = TICK_SECONDS
) -> Run:
    """Simulate until nobody waits who could be answered or who could give up.

    people: in the order in which they come. Where nobody is on duty any more and nobody loses patience, whoever waits
    then stays unanswered.
    """
    run = Run(people, [None] * len(people))
    overflow = timedelta(seconds=overflow_seconds)
    coming = [(person.at, Happening.COMES, key) for key, person in enumerate(people)]
    shifts = [
        (at, kind, key)
        for key, duty in enumerate(duties)
        for span in duty.spans
        for at, kind in zip(span, (Happening.COMES_ON, Happening.GOES_OFF), strict=True)
    ]
    ahead: list[tuple[float, Happening, int]] = [*coming, *shifts]
    heapq.heapify(ahead)
    queue: list[tuple[TurnKey, Waiting]] = []
    on_duty = [False] * len(duties)
    load = [0] * len(duties)
    last: list[datetime | None] = [None] * len(duties)
    free: dict[int, AgentOnDuty] = {}  # the agents on duty who have room
    holder: dict[int, int] = {}

    def look_at(key: int) -> None:
        duty = duties[key]
        if on_duty[key] and load[key] < duty.capacity:
            free[key] = AgentOnDuty(key, duty.force, load[key], duty.capacity, last[key])
        else:
            free.pop(key, None)

    def dispatch(at: float, now: datetime) -> None:
        forces = {duty.force for key, duty in enumerate(duties) if on_duty[key]}
        for _round in range(ROUNDS):
            if not queue or not free:
                return
            pairs = share_out(
                (waiting for _turn, waiting in queue),
                free.values(),
                now=now,
                overflow_after=overflow,
                forces_on_duty=forces,
                at_most=AT_ONCE,
            )
            if not pairs:
                return
            for person, agent in pairs:
                del queue[bisect_left(queue, places[person], key=_turn_key_of)]
                del places[person]
                run.answered_at[person] = at
                run.given.append((at, person, agent))
                holder[person] = agent
                load[agent] += 1
                last[agent] = now
                look_at(agent)
                heapq.heappush(ahead, (at + people[person].held, Happening.ENDS, person))

    places: dict[int, TurnKey] = {}
    while ahead:
        at, kind, key = heapq.heappop(ahead)
        run.happenings += 1
        now = BEGINNING + timedelta(seconds=at)
        if kind is Happening.COMES:
            person = people[key]
            is_urgent = person.urgency > Urgency.NORMAL
            places[key] = turn_key(urgency=person.urgency, queued_at=now, key=key)
            insort(queue, (places[key], Waiting(key, person.force, is_urgent, now)), key=_turn_key_of)
            run.longest_queue = max(run.longest_queue, len(queue))
            dispatch(at, now)
            if key in places:
                if person.patience < math.inf:
                    heapq.heappush(ahead, (at + person.patience, Happening.GIVES_UP, key))
                if person.force and not is_urgent:
                    due = math.ceil((at + overflow_seconds) / tick_seconds) * tick_seconds
                    heapq.heappush(ahead, (due, Happening.TICKS, key))
        elif kind is Happening.GIVES_UP:
            if key in places:
                del queue[bisect_left(queue, places.pop(key), key=_turn_key_of)]
        elif kind is Happening.TICKS:
            if key in places:
                dispatch(at, now)
        else:
            if kind is Happening.ENDS:
                agent = holder.pop(key)
                load[agent] -= 1
            else:
                agent = key
                on_duty[agent] = kind is Happening.COMES_ON
            look_at(agent)
            dispatch(at, now)
    return run


def _turn_key_of(entry: tuple[TurnKey, Waiting]) -> TurnKey:
    return entry[0]


# --- what is lived ----------------------------------------------------------------------------------------------------

type Draw = Callable[[random.Random], float]


def exponential_draw(mean: float) -> Draw:
    """Return a draw of an exponential law. mean: in seconds; infinite for patience without end."""
    return lambda chance: chance.expovariate(1 / mean) if mean < math.inf else math.inf


def log_normal(mean: float, variation: float) -> Draw:
    """Return a draw of a log-normal law. mean: in seconds. variation: the standard deviation over the mean."""
    spread = math.sqrt(math.log1p(variation**2))
    return lambda chance: chance.lognormvariate(math.log(mean) - spread**2 / 2, spread)


@dataclass(frozen=True, slots=True)
class Crowd:
    """It says who comes: how long they hold, how patient they are, of which zones and how urgent, in these
    proportions."""

    held: Draw
    patience: Draw
    forces: tuple[tuple[str, float], ...] = (("", 1.0),)
    urgencies: tuple[tuple[int, float], ...] = ((Urgency.NORMAL, 1.0),)

    def person(self, at: float, chance: random.Random) -> Person:
        """Draw a person who comes `at` so many seconds, with their urgency, zone, patience and length."""
        return Person(
            at=at,
            urgency=_pick(self.urgencies, chance),
            force=_pick(self.forces, chance),
            patience=self.patience(chance),
            held=self.held(chance),
        )


def _pick[T](choices: Sequence[tuple[T, float]], chance: random.Random) -> T:
    if len(choices) == 1:
        return choices[0][0]
    return chance.choices([value for value, _weight in choices], [weight for _value, weight in choices])[0]


def come_by_week(rates: Sequence[float], *, weeks: float, crowd: Crowd, chance: random.Random) -> list[Person]:
    """Draw people by the rates of each hour of the week (a Poisson process whose rate changes by the hour)."""
    return [crowd.person(at, chance) for at in _times(rates, weeks * HOURS * HOUR, chance)]


def _times(rates: Sequence[float], until: float, chance: random.Random) -> Iterator[float]:
    at, hour = 0.0, 0
    while at < until:
        rate = rates[hour % HOURS] / HOUR
        end = min((hour + 1) * HOUR, until)
        # An exponential law has no memory: what was drawn beyond the hour is drawn again in the next one.
        at = at + chance.expovariate(rate) if rate > 0 else end
        if at < end:
            yield at
        else:
            at, hour = end, hour + 1


def draw_raid(count: int, *, at: float, seconds: float, crowd: Crowd, chance: random.Random) -> list[Person]:
    """Let so many people come within so many seconds, in the order of their coming."""
    return [crowd.person(moment, chance) for moment in sorted(at + chance.random() * seconds for _one in range(count))]


def duties_of(agents: Sequence[int], *, weeks: int, capacity: int, forces: Sequence[tuple[str, float]]) -> list[Duty]:
    """Return agents so that this many are there in each hour of the week. The forces are mixed in these proportions.

    The last to come is the first to go. Nobody's working day is looked at: how hours are made into shifts is another
    question.
    """
    duties, owed = [], [0.0] * len(forces)
    total = sum(weight for _force, weight in forces)
    for number in range(max(agents, default=0)):
        owed = [due + weight / total for due, (_force, weight) in zip(owed, forces, strict=True)]
        next_one = owed.index(max(owed))
        owed[next_one] -= 1
        duties.append(Duty(forces[next_one][0], capacity, tuple(_spans(agents, number, weeks))))
    return duties


def _spans(agents: Sequence[int], number: int, weeks: int) -> Iterator[tuple[float, float]]:
    began: int | None = None
    for hour in range(weeks * HOURS + 1):
        is_there = hour < weeks * HOURS and agents[hour % HOURS] > number
        if is_there and began is None:
            began = hour
        elif not is_there and began is not None:
            yield began * HOUR, hour * HOUR
            began = None
