"""The plan as a picture: whole numbers for a template, which writes the SVG. Pure.

A picture a day, so that each is readable at 320 px without being shrunk. In each bar: what is needed if the means are
exact, full; what is added because they are not well known, hatched. No colour says anything that a pattern does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chat.statistics.staffing.plan import Hour

HEIGHT = 150  # the template's frame is 324 wide: the last hour is written below the end of the day
LEFT, TOP, BOTTOM = 24, 18, 22
BAR, STEP = 10, 12
CEILING = HEIGHT - TOP - BOTTOM


@dataclass(frozen=True, slots=True)
class Bar:
    """label: the number of agents, where it is no longer the one last written and there is room; empty elsewhere."""

    x: int
    middle: int
    likely_y: int
    likely_height: int
    margin_y: int
    margin_height: int
    label: str
    label_y: int


@dataclass(frozen=True, slots=True)
class Mark:
    """at: x of an hour, or y of a number of agents."""

    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    """day: 0 for Monday. least, most: agents; most_at: the hours at which they are most, as « 14 »."""

    day: int
    bars: tuple[Bar, ...]
    agents: tuple[Mark, ...]
    hours: tuple[Mark, ...]
    least: int
    most: int
    most_at: tuple[int, ...]


def draw_week(hours: Sequence[Hour]) -> list[Day]:
    """Seven pictures of one scale."""
    top = max(hour.agents for hour in hours)
    return [_draw_day([hour for hour in hours if hour.day == day], top) for day in range(7)]


def _height(agents: int, top: int) -> int:
    return round(CEILING * agents / top)


def _draw_day(hours: Sequence[Hour], top: int) -> Day:
    bars, written, written_at = [], -1, -2
    floor = TOP + CEILING
    for hour in hours:
        x = LEFT + 2 + STEP * hour.of_day
        is_new = hour.agents != written and hour.of_day - written_at >= len(str(hour.agents))
        if is_new:
            written, written_at = hour.agents, hour.of_day
        whole, likely = _height(hour.agents, top), _height(hour.likely, top)
        bars.append(
            Bar(
                x=x,
                middle=x + BAR // 2,
                likely_y=floor - likely,
                likely_height=likely,
                margin_y=floor - whole,
                margin_height=whole - likely,
                label=str(hour.agents) if is_new else "",
                label_y=floor - whole - 4,
            )
        )
    step = max(1, math.ceil(top / 4))
    most = max(hour.agents for hour in hours)
    return Day(
        day=hours[0].day,
        bars=tuple(bars),
        agents=tuple(Mark(floor - _height(agents, top), str(agents)) for agents in range(0, top + 1, step)),
        hours=tuple(Mark(LEFT + 2 + STEP * hour, str(hour)) for hour in (0, 6, 12, 18, 24)),
        least=min(hour.agents for hour in hours),
        most=most,
        most_at=tuple(hour.of_day for hour in hours if hour.agents == most),
    )
