"""Defines the series of numbers that are stored for a closed day, and rounds them before that (docs/adr/0083). Pure.

A *series* is a list of *keys*; each key counts people of one kind. For example `wait` has a key for each range of
waits. Only tens of people are stored, so that each sum and each difference of stored numbers is a multiple of ten.
There are two ways to round.

*Chains.* The people of a day are put in a row, in the order of the keys of a series. Every tenth of them, counting on
from the day before, adds ten to the key where they stand. Every chain counts on from the same *remainder*, so that all
chains have the same sum, that of `people`, and what is stored of one chain reveals nothing of another. The first
remainder was drawn at random. Over any run of days, the sum differs from the people who came by less than ten.

*Separate keys* have a remainder each. The count of a day is added to it, the tens are stored, and the rest is the new
remainder. Over any run of days, each key differs from what was counted by less than ten. Series of many keys, of which
the sum says nothing, are rounded in this way.

Whatever is stored of a key and a run of days, at least ten numbers of people can have led to it, and zero is one of
them where nothing is stored. Tests try all of them. A remainder by itself reveals nothing, because it is as likely to
be any digit; a key that never counted anybody has one too.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from chat.rules import small_counts
from chat.rules.lifecycle import Outcome
from chat.rules.removal import Answer
from locations.models import Force
from triage import rules

ROUNDING: Final = small_counts.AT_LEAST
# A day is closed so many days after its end. Then nearly every exchange has ended, and the period of seven days of the
# history is of open days only. No longer than the short grace of an erasure (`reports.rules.retention`), whatever an
# administrator sets: what goes after it is counted before.
SETTLED_DAYS: Final = 7
# Upper ends of the ranges of waits and of lengths, in seconds, whole minutes; what is longer is MORE.
WAITS: Final = tuple(60 * minutes for minutes in (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 120))
LENGTHS: Final = tuple(60 * minutes for minutes in (5, 10, 15, 20, 30, 40, 50, 60, 75, 90, 120, 180, 240, 360))
MORE, OTHER, UNKNOWN = "more", "other", "unknown"
GAVE_UP, WAITING = "gave_up", "waiting"
ANSWERED, GONE = "answered", "gone"
IN_TIME, LATE = "in_time", "late"
ONE_VOICE, SEVERAL_VOICES = "one", "several"
MINOR, NOT_MINOR = "minor", "not_minor"
EVERYBODY, NONE = "everybody", "none"
REMOVAL = "removal"

_HOURS = tuple(str(hour) for hour in range(24))
_WEEK_HOURS = tuple(f"{day}:{hour}" for day in range(1, 8) for hour in range(24))
_FORCES = (*Force.values, UNKNOWN)
_WAITS = (*map(str, WAITS), MORE)
_LENGTHS = (*map(str, LENGTHS), MORE)
_PROMISE = (IN_TIME, LATE)
_VOICES = (ONE_VOICE, SEVERAL_VOICES)


def _each(first: Iterable[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{one}:{other}" for one in first for other in second)


# Chains, with their keys in order. People who were not answered, or whose exchange has not ended, come first in each,
# so that chains of the same people cut the row at the same place. `end` has two parts: how the exchange ended, and the
# force of the zone.
CHAINS: Final[Mapping[str, tuple[str, ...]]] = {
    "people": (EVERYBODY,),
    "age": (MINOR, NOT_MINOR),
    "orientation": (*rules.Outcome.values, OTHER),
    "wait": (WAITING, GAVE_UP, *_WAITS),
    "promise": (NONE, *_PROMISE),
    "end": _each((NONE, *Outcome.values), _FORCES),
    "length": (NONE, *_LENGTHS),
    "voices": (NONE, *_VOICES),
}
# Series of separate keys. In `hour`, 1:0 is Monday from 0 h to 1 h. `first_wait` (how the first wait ended) and `held`
# (how long an exchange filled a place) are for `chat.statistics.staffing`. `removal` counts, by the week of the answer,
# what became of content that somebody asked to be removed (`chat.referral.removal`).
SEPARATE: Final[Mapping[str, tuple[str, ...]]] = {
    "hour": _WEEK_HOURS,
    "hour_wait": _each(_HOURS, (WAITING, GAVE_UP, *_WAITS)),
    "hour_promise": _each(_HOURS, _PROMISE),
    "hour_length": _each(_HOURS, _LENGTHS),
    "hour_voices": _each(_HOURS, _VOICES),
    "first_wait": _each((ANSWERED, GONE), _WAITS),
    "held": _LENGTHS,
    REMOVAL: tuple(Answer.values),
}
OF_DAYS: Final = (*CHAINS, *(name for name in SEPARATE if name != REMOVAL))

type Counts = Mapping[str, int]
type Remainders = Mapping[str, int]


def draw_remainders(keys: Iterable[str], known: Remainders, draw: Callable[[], int]) -> dict[str, int]:
    """Return the remainders of these keys: the known ones, and for each other key one drawn from 0 to ROUNDING - 1.

    Known remainders of further keys, from a version that had more of them, are kept. draw: returns a random remainder.
    """
    return {**known, **{key: draw() for key in keys if key not in known}}


def round_counts(counts: Counts, remainders: Remainders) -> tuple[dict[str, int], dict[str, int]]:
    """Return what may be stored of separate keys, without zeros, and their new remainders."""
    stored, left = {}, dict(remainders)
    for key, count in counts.items():
        rest = left[key] + count
        left[key] = rest % ROUNDING
        if rest >= ROUNDING:
            stored[key] = rest - left[key]
    return stored, left


def round_chain(keys: Sequence[str], counts: Counts, remainder: int) -> tuple[dict[str, int], int]:
    """Return what may be stored of a chain, without zeros, and the remainder after it.

    keys: all keys of the chain, in order. Raises ValueError for a count under another key, because its people would be
    missing from the sum.
    """
    if not set(counts) <= set(keys):
        raise ValueError("A key that the chain does not have.")
    stored, reached = {}, remainder
    for key in keys:
        before, reached = reached, reached + counts.get(key, 0)
        if tens := reached // ROUNDING - before // ROUNDING:
            stored[key] = tens * ROUNDING
    return stored, reached % ROUNDING


def round_chains(counts: Mapping[str, Counts], remainder: int) -> tuple[dict[str, dict[str, int]], int]:
    """Return what may be stored of all chains of one day, by name, and the remainder after it.

    Raises ValueError when the sum of one chain is not that of `people`.
    """
    people = sum(counts["people"].values())
    if any(sum(counts.get(name, {}).values()) != people for name in CHAINS):
        raise ValueError("A chain that does not count everybody.")
    rounded = {name: round_chain(keys, counts.get(name, {}), remainder) for name, keys in CHAINS.items()}
    return {name: stored for name, (stored, _after) in rounded.items()}, (remainder + people) % ROUNDING


def range_of(seconds: float, ends: Sequence[int]) -> str:
    """Return the key of the range in which so many seconds lie: its upper end, or MORE above the last one."""
    at = bisect_left(ends, int(seconds))
    return str(ends[at]) if at < len(ends) else MORE


def quantile(counts: Counts, ends: Sequence[int], share: float) -> int | None:
    """Return the upper end, in seconds, of the range in which this share (0 to 1) of the people is reached.

    None when there is nobody, and when it is the last range, which has no end. Keys that are no range are not counted.
    """
    ranges = [(end, counts.get(str(end), 0)) for end in ends]
    people = sum(count for _end, count in ranges) + counts.get(MORE, 0)
    reached = 0
    for end, count in ranges:
        reached += count
        if people and reached >= share * people:
            return end
    return None


def answered(counts: Counts) -> int:
    """Return how many of a series of waits were answered."""
    return sum(counts.get(key, 0) for key in _WAITS)


def answered_within(counts: Counts, seconds: float) -> int | None:
    """Return how many were answered within so many seconds; None when that is not the end of a range.

    The range includes its end, to the whole second.
    """
    if seconds not in WAITS:
        return None
    return sum(counts.get(str(end), 0) for end in WAITS if end <= seconds)


def middles(counts: Counts, ends: Sequence[int]) -> list[tuple[float, int]]:
    """Return (middle in seconds, people) for each range; for the last one, 1.5 times its beginning as the middle."""
    found, start = [], 0
    for end in ends:
        found.append(((start + end) / 2, counts.get(str(end), 0)))
        start = end
    return [*found, (1.5 * start, counts.get(MORE, 0))]


def part_of(counts: Counts, first: str) -> dict[str, int]:
    """Return the counts of a series of two parts whose first part is this one, by its second part."""
    begin = f"{first}:"
    return {key.removeprefix(begin): count for key, count in counts.items() if key.startswith(begin)}


def second_parts(counts: Counts) -> dict[str, int]:
    """Return the sums of a series of two parts by its second part."""
    return _sums(counts, lambda key: key.partition(":")[2])


def first_parts(counts: Counts) -> dict[str, int]:
    """Return the sums of a series of two parts by its first part."""
    return _sums(counts, lambda key: key.partition(":")[0])


def _sums(counts: Counts, part: Callable[[str], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, count in counts.items():
        found[part(key)] = found.get(part(key), 0) + count
    return found
