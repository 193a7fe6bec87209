"""This module finds arrivals that look alike: many people of one place within a minute who have said nothing yet. Pure.

A raid sends the same empty report twenty times. Nobody can recognise a real person among them before that person says a
word. So nothing is refused and nobody is judged: they are only marked as alike, and whoever says something is not any
more (docs/adr/0074).
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

# Our own choice. 25,000 people a year are three an hour in all of France. Ten within a minute, of one commune, one role
# and one age, who all say nothing, are therefore a raid or an event, and never an ordinary hour.
AT_LEAST = 10
WITHIN = timedelta(minutes=1)
# An arrival joins a group whose last arrival was at most this long before.
JOINS_FOR = timedelta(minutes=10)
ANSWER_TIME = timedelta(minutes=2)  # the least time between the question for a word and the closing


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who has said nothing. look: a value that is equal for those who are alike."""

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
    """Return the groups among these arrivals, at most one for each look.

    Each member is one of `at_least` alike arrivals that came within the time `within`. It takes the time of sorting.
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
