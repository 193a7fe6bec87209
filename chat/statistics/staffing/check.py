"""This module checks that the model says what the dispatcher does: a year and a raid, simulated with the agents of a
plan. Pure.

The clock of the machine is not looked at: whoever asks measures.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from chat.statistics.staffing.demand import HOURS, Demand
from chat.statistics.staffing.plan import Hour, Target, expected_answers
from chat.statistics.staffing.simulation import (
    HOUR,
    Crowd,
    Duty,
    Person,
    Run,
    come_by_week,
    draw_raid,
    duties_of,
    exponential_draw,
    log_normal,
    simulate_duty,
)
from triage.rules import Urgency

YEAR_WEEKS = 52
# Both forces alike, one person in ten urgent: the product's facts give no figures, and the result hardly moves.
FORCES = (("police", 0.5), ("gendarmerie", 0.5))
URGENCIES = ((int(Urgency.NORMAL), 0.9), (int(Urgency.HIGH), 0.08), (int(Urgency.CRITICAL), 0.02))


@dataclass(frozen=True, slots=True)
class Agreement:
    """It is the share answered in time: by the model and by the simulation; of the year, and of one block of hours.

    blocks: (model, simulation, people) for each hour of the day, all days together: single hours see too few people.
    """

    model: float
    simulated: float
    blocks: tuple[tuple[float, float, int], ...]
    run: Run

    @property
    def difference(self) -> float:
        """Return the difference; it is positive when the simulation answers more."""
        return self.simulated - self.model

    @property
    def widest(self) -> float:
        """Return the largest difference of an hour of the day."""
        return max((abs(simulated - model) for model, simulated, _people in self.blocks), default=0.0)


def crowd_of(demand: Demand) -> Crowd:
    """Return people as the demand has them.

    A length that varies like an exponential one is still drawn from a log-normal law, because lengths of talks follow
    it.
    """
    giving_up = demand.patience.giving_up
    return Crowd(
        held=log_normal(demand.length.mean * HOUR, demand.length.variation),
        patience=exponential_draw(HOUR / giving_up if giving_up else float("inf")),
        forces=FORCES,
        urgencies=URGENCIES,
    )


def live_a_year(
    demand: Demand, hours: tuple[Hour, ...], target: Target, *, overflow_seconds: float, seed: int
) -> Agreement:
    """Return a year with the agents of the plan, judged from the second week: the first one begins empty."""
    chance = random.Random(seed)  # noqa: S311  a simulation, which must give the same twice
    weeks = YEAR_WEEKS + 1
    people = come_by_week(demand.arrivals.expected, weeks=weeks, crowd=crowd_of(demand), chance=chance)
    run = simulate_duty(people, _duties(hours, target, weeks), overflow_seconds=overflow_seconds)
    by_hour: list[list[int]] = [[] for _hour in range(HOURS)]
    for key, person in enumerate(people):
        if person.at >= HOURS * HOUR:
            by_hour[int(person.at // HOUR) % HOURS].append(key)
    expected = expected_answers(demand, hours, target)
    blocks = tuple(
        _block([(expected[hour], by_hour[hour]) for hour in range(of_day, HOURS, 24)], run, target)
        for of_day in range(24)
    )
    blocks = tuple(block for block in blocks if block[2])
    count = sum(people for _model, _simulated, people in blocks)
    return Agreement(
        model=sum(model * people for model, _simulated, people in blocks) / count,
        simulated=sum(simulated * people for _model, simulated, people in blocks) / count,
        blocks=blocks,
        run=run,
    )


def _block(cells: Sequence[tuple[float, list[int]]], run: Run, target: Target) -> tuple[float, float, int]:
    keys = [key for _share, cell in cells for key in cell]
    if not keys:
        return 0.0, 0.0, 0
    model = sum(share * len(cell) for share, cell in cells) / len(keys)
    return model, run.answered_within(target.within_seconds, keys), len(keys)


def _duties(hours: tuple[Hour, ...], target: Target, weeks: int) -> list[Duty]:
    agents = [hour.agents for hour in hours]
    return duties_of(agents, weeks=weeks, capacity=target.capacity, forces=FORCES)


@dataclass(frozen=True, slots=True)
class Raid:
    """It is what a crowd does: longest_queue, and hours until nobody of the raid waits any more."""

    people: int
    answered: int
    longest_queue: int
    median_wait: float
    over_after_hours: float
    run: Run


RAID_PEOPLE, RAID_SECONDS, RAID_HOUR = 500, 600.0, 24 + 20


def live_a_raid(demand: Demand, hours: tuple[Hour, ...], target: Target, *, overflow_seconds: float, seed: int) -> Raid:
    """Simulate a raid: five hundred people in ten minutes on a Tuesday evening, besides all others, in three weeks."""
    chance = random.Random(seed)  # noqa: S311  a simulation, which must give the same twice
    weeks = 3
    crowd = crowd_of(demand)
    usual = come_by_week(demand.arrivals.expected, weeks=weeks, crowd=crowd, chance=chance)
    begins = RAID_HOUR * HOUR
    crowds: list[Person] = draw_raid(RAID_PEOPLE, at=begins, seconds=RAID_SECONDS, crowd=crowd, chance=chance)
    people = sorted([*usual, *crowds], key=lambda person: person.at)
    run = simulate_duty(people, _duties(hours, target, weeks), overflow_seconds=overflow_seconds)
    of_raid = {id(person) for person in crowds}
    keys = [key for key, person in enumerate(people) if id(person) in of_raid]
    waits = sorted(wait for key in keys if (wait := run.wait(key)) is not None)
    ends = [run.answered_at[key] or people[key].at + people[key].patience for key in keys]
    return Raid(
        people=len(keys),
        answered=len(waits),
        longest_queue=run.longest_queue,
        median_wait=waits[len(waits) // 2] if waits else 0.0,
        over_after_hours=(max(ends) - begins) / HOUR,
        run=run,
    )
