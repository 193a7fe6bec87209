"""Says which series of numbers a closed day leaves, and rounds them before they are stored. Pure.

A *series* is a list of *keys*, each of people of one kind: `wait` has a key for each range of waits. What is stored is
tens of people, so that each sum and each difference of stored numbers is a multiple of ten. There are two ways.

*Chains.* The people of a day stand in a row, in the order of the keys of a series; each tenth of them, counted on from
the day before, gives a ten to the key where they stand. Every chain counts on from the same *remainder*, so that all of
them have the same sum, that of `people`: what is stored of one chain tells nothing of another. The first remainder was
drawn at random. Of any run of days, the sum differs from the people who came by less than ten.

*Keys that count on by themselves* have a remainder each: what a day counts is added to it, the tens are stored, and the
rest is the new remainder. Of any run of days each key differs from what was counted by less than ten. So are series of
many keys, which a sum tells nothing of.

Whatever is stored of a key and a run of days, ten numbers of people at least can have led to it, and nought is one of
them where nothing is stored: tests try all of them. A remainder alone says nothing: it is as likely to be any digit. A
key that never had anybody has one too. See docs/adr/0083.
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


# Chains: the keys in their order. Those who were not answered, or whose exchange has not ended, come first in each, so
# that chains of the same people cut the row at the same place. `end`: how it ended, then the force of the zone.
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
# Keys that count on by themselves. `hour`: 1:0 is Monday, 0 h to 1 h. `first_wait` and `held` are what
# `chat.statistics.staffing` fits: how the first wait ended, and how long an exchange held a place. `removal`, by the
# week of the answer: what became of a content that somebody asked to be removed (`chat.referral.removal`).
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
    """Return the remainders of these keys: those that are known, and one drawn from 0 to ROUNDING - 1 for each other.

    What is known of other keys, of a version that had more of them, is kept.
    """
    return {**known, **{key: draw() for key in keys if key not in known}}


def round_counts(counts: Counts, remainders: Remainders) -> tuple[dict[str, int], dict[str, int]]:
    """Return what may be stored of keys that count on by themselves, without noughts, and their new remainders."""
    stored, left = {}, dict(remainders)
    for key, count in counts.items():
        rest = left[key] + count
        left[key] = rest % ROUNDING
        if rest >= ROUNDING:
            stored[key] = rest - left[key]
    return stored, left


def round_chain(keys: Sequence[str], counts: Counts, remainder: int) -> tuple[dict[str, int], int]:
    """Return what may be stored of a chain, without noughts, and the remainder after it.

    Raises ValueError for a key that the chain does not have: its people would be missing from the sum.
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

    Raises ValueError where one of them does not count the same people as `people`.
    """
    people = sum(counts["people"].values())
    if any(sum(counts.get(name, {}).values()) != people for name in CHAINS):
        raise ValueError("A chain that does not count everybody.")
    rounded = {name: round_chain(keys, counts.get(name, {}), remainder) for name, keys in CHAINS.items()}
    return {name: stored for name, (stored, _after) in rounded.items()}, (remainder + people) % ROUNDING


def range_of(seconds: float, ends: Sequence[int]) -> str:
    """Return the key of the range of so many seconds: the first end that is not below them, in whole seconds."""
    at = bisect_left(ends, int(seconds))
    return str(ends[at]) if at < len(ends) else MORE


def quantile(counts: Counts, ends: Sequence[int], share: float) -> int | None:
    """Return the upper end of the range in which this share of the people is reached, in seconds.

    None without anybody, and where it is in the last range, which has no end. Keys that are no range are not counted.
    """
    ranges = [(end, counts.get(str(end), 0)) for end in ends]
    people = sum(count for _end, count in ranges) + counts.get(MORE, 0)
    reached = 0
    for end, count in ranges:
        reached += count
        if people and reached >= share * people:
            return end
    return None


def middles(counts: Counts, ends: Sequence[int]) -> list[tuple[float, int]]:
    """Return the middle of each range in seconds, with its people; of the last range, its beginning and a half more."""
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
