"""Arrivals that look alike: many people of one place within a minute who have said nothing yet. Pure.

A raid sends twenty times the same empty report. Nobody can tell a real person among them before they say a word, so
nothing is refused and nobody is judged: they are said to be alike, and whoever says something is alike no more.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

# Ours to choose: 25,000 people a year are three an hour in all of France, so ten within a minute of one commune, of one
# role and age, who all say nothing are a raid or an event, never an ordinary hour.
AT_LEAST = 10
WITHIN = timedelta(minutes=1)
# An arrival joins a group whose last one came so long before.
JOINS_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who has said nothing. look: equal for those who are alike."""

    key: int
    at: datetime
    look: Hashable


@dataclass(frozen=True, slots=True)
class Alike:
    """Arrivals that look alike, in the order in which they came."""

    look: Hashable
    keys: tuple[int, ...]
    first_at: datetime
    last_at: datetime


def find_alike(arrivals: Iterable[Arrival], *, at_least: int = AT_LEAST, within: timedelta = WITHIN) -> list[Alike]:
    """The groups among these: each member is one of `at_least` alike arrivals that came `within` that time.

    At most one group for each look. The time is that of sorting them.
    """
    by_look: dict[Hashable, list[Arrival]] = {}
    for arrival in sorted(arrivals, key=lambda one: (one.at, one.key)):
        by_look.setdefault(arrival.look, []).append(arrival)
    found = []
    for look, line in by_look.items():
        dense: set[int] = set()
        for start in range(len(line) - at_least + 1):
            if line[start + at_least - 1].at - line[start].at <= within:
                dense.update(range(start, start + at_least))
        if dense:
            members = [line[place] for place in sorted(dense)]
            found.append(Alike(look, tuple(one.key for one in members), members[0].at, members[-1].at))
    return found
