"""This module turns demand and target into agents, for each hour of the week. Pure.

A server of the model is a *place*: an agent holds `capacity` exchanges at once. The model treats all places as one
room; the dispatcher makes a person wait for their own force up to the house's delay first, so a target shorter than
that is not one it can judge (`is_below_overflow`).
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from chat.statistics.staffing.demand import HOURS, Demand, highest_load, load_within
from chat.statistics.staffing.erlang import Queue, places_for

SECONDS = 3600
TICK_SECONDS = 2.0  # the worker's tick, at which it looks at those whose delay for their force is over


@dataclass(frozen=True, slots=True)
class Target:
    """It says which share of the people who come has to be answered within how many seconds.

    capacity: exchanges that an agent holds at once. pauses: the share of the duty that is spent in pause, 0 to under 1.
    at_least: agents there at any hour, whoever comes: the service is open day and night.
    """

    share: float = 0.95
    within_seconds: float = 180
    capacity: int = 3
    pauses: float = 0.0
    at_least: int = 1

    def __post_init__(self) -> None:
        if not (0 < self.share < 1 and self.within_seconds >= 0 and self.capacity >= 1 and 0 <= self.pauses < 1):
            raise ValueError("A target that nobody can reach, or that means nothing.")

    def is_below_overflow(self, overflow_seconds: float) -> bool:
        """Return whether the target is shorter than the delay after which the other force answers."""
        return self.within_seconds <= overflow_seconds + TICK_SECONDS


@dataclass(frozen=True, slots=True)
class Hour:
    """It is the need of one hour of the week.

    arrivals, load: expected, of the mean; busy: the cautious load that the figure is for. places, agents: available.
    likely: agents if every mean were known, never more. scheduled: agents, with those in pause.
    answered, gives_up: what the model says of that many agents, for the cautious demand.
    """

    hour: int
    arrivals: float
    load: float
    busy: float
    places: int
    agents: int
    likely: int
    scheduled: int
    answered: float
    gives_up: float

    @property
    def day(self) -> int:
        """Return the day of the week; 0 is Monday."""
        return self.hour // 24

    @property
    def of_day(self) -> int:
        """Return the hour of the day, from 0 to 23."""
        return self.hour % 24


def plan_week(demand: Demand, target: Target) -> tuple[Hour, ...]:
    """Return the fewest agents for each hour of the week, at cautious values: of arrivals, of lengths, and of the
    patience whichever end of its interval asks for more.
    """
    length, patience = demand.length, demand.patience
    loads = highest_load(demand.arrivals.expected, length, mean=length.mean)
    cautious = highest_load(demand.arrivals.cautious, length, mean=length.cautious)
    within = target.within_seconds / SECONDS
    hours = []
    likely = places = 0
    for hour in range(HOURS):
        busy = cautious[hour]
        likely = _places(loads[hour], length.mean, {patience.giving_up}, target, _near(likely, loads, hour))
        rates_of_giving_up = {patience.low, patience.giving_up, patience.high}
        places = _places(busy, length.cautious, rates_of_giving_up, target, _near(places, cautious, hour))
        agents = max(target.at_least, math.ceil(places / target.capacity))
        room = agents * target.capacity
        rates = (patience.low, patience.high)
        ends = [Queue(busy / length.cautious, 1 / length.cautious, rate, room) for rate in rates]
        hours.append(
            Hour(
                hour=hour,
                arrivals=demand.arrivals.expected[hour],
                load=loads[hour],
                busy=busy,
                places=places,
                agents=agents,
                likely=min(agents, max(target.at_least, math.ceil(likely / target.capacity))),
                scheduled=math.ceil(agents / (1 - target.pauses) - 1e-9),
                answered=min(queue.answered_within(within) for queue in ends),
                gives_up=max(queue.gives_up for queue in ends),
            )
        )
    return tuple(hours)


def _near(former: int, loads: Sequence[float], hour: int) -> int:
    """Return about how many places this hour needs, from what the hour before needed: beyond its load, as much as its
    root is larger. 0 of the first hour.
    """
    if hour == 0 or not loads[hour - 1]:
        return 0
    more = (former - loads[hour - 1]) * math.sqrt(loads[hour] / loads[hour - 1])
    return max(1, round(loads[hour] + more))


def _places(load: float, mean: float, rates: Collection[float], target: Target, near: int) -> int:
    """Return how many places are enough at each of these rates of giving up. near: where the search begins."""
    places = 0
    for giving_up in sorted(rates):
        places = places_for(
            arrivals=load / mean,
            ending=1 / mean,
            giving_up=giving_up,
            within=target.within_seconds / SECONDS,
            target=target.share,
            at_least=places,
            near=near,
        )
    return places


def expected_answers(demand: Demand, hours: tuple[Hour, ...], target: Target) -> list[float]:
    """Return what the model says of these agents when everything is as expected: the share answered in time, by hour.

    The mean over each hour, where `Hour.answered` is of its worst moment and of cautious values.
    """
    length, within = demand.length, target.within_seconds / SECONDS
    shares = []
    for hour, quarters in zip(hours, load_within(demand.arrivals.expected, length, mean=length.mean), strict=True):
        room = hour.agents * target.capacity
        queues = [Queue(load / length.mean, 1 / length.mean, demand.patience.giving_up, room) for load in quarters]
        shares.append(sum(queue.answered_within(within) for queue in queues) / len(queues))
    return shares
