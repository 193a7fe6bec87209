"""The figures of closed days are rounded: they are right to less than ten, and nothing about few people can be computed
from them.
"""

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chat.rules import daily_figures as rules
from chat.rules.daily_figures import CHAINS, MORE, ROUNDING, SEPARATE, WAITS

digits = st.integers(0, ROUNDING - 1)
few = st.integers(0, 25)
KEYS = ("a", "b", "c")
days_of_chain = st.lists(st.fixed_dictionaries(dict.fromkeys(KEYS, few)), min_size=1, max_size=3)
days_of_key = st.lists(few, min_size=1, max_size=6)


def rounded_chain(days, remainder):
    """Return what is stored of each day of a chain."""
    found = []
    for counts in days:
        stored, remainder = rules.round_chain(KEYS, counts, remainder)
        found.append(stored)
    return found


def rounded_key(counts, remainder):
    """Return what is stored of each day of a key that counts on by itself."""
    left, found = {"a": remainder}, []
    for count in counts:
        stored, left = rules.round_counts({"a": count}, left)
        found.append(stored.get("a", 0))
    return found


def runs(length):
    """Return every run of days: its first, and the day after its last."""
    return [(first, after) for first in range(length) for after in range(first + 1, length + 1)]


# --- what somebody can find out who has all that is stored, and knows how it is made ----------------------------------


def places(tens):
    """Return the places in the row at which so many tens have been given."""
    return range(ROUNDING * tens, ROUNDING * tens + ROUNDING)


def possible_of_chain(stored, key, first, after):
    """Return every number of people of this key and these days that leads to what is stored, whatever the first
    remainder.

    A world is a remainder before each day and, on each day, a place in the row where each key ends. Other chains add
    nothing: they say the same sum, and their keys may end anywhere.
    """
    at = KEYS.index(key)
    worlds = {(remainder, 0) for remainder in range(ROUNDING)}
    for number, day in enumerate(stored):
        tens = [0]
        for one in KEYS:
            tens.append(tens[-1] + day.get(one, 0) // ROUNDING)
        following = set()
        for remainder, people in worlds:
            for end in range(max(remainder, ROUNDING * tens[-1]), ROUNDING * tens[-1] + ROUNDING):
                found = {0}
                if first <= number < after:
                    lower = [remainder] if at == 0 else places(tens[at])
                    upper = [end] if at == len(KEYS) - 1 else places(tens[at + 1])
                    found = {high - low for low in lower for high in upper if remainder <= low <= high <= end}
                following |= {(end % ROUNDING, people + more) for more in found}
        worlds = following
    return {people for _remainder, people in worlds}


def possible_of_key(stored, first, after):
    """Return the same of a key that counts on by itself."""
    worlds = {(remainder, 0) for remainder in range(ROUNDING)}
    for number, tens in enumerate(stored):
        worlds = {
            (left, people + (tens + left - remainder if first <= number < after else 0))
            for remainder, people in worlds
            for left in range(ROUNDING)
            if tens + left >= remainder
        }
    return {people for _remainder, people in worlds}


def tells_of_few(possible, stored):
    """Return whether it would tell something of fewer than ten: fewer than ten numbers, or that somebody was there."""
    return len(possible) < rules.ROUNDING or (stored == 0 and 0 not in possible)


@settings(max_examples=25, deadline=None)
@given(days_of_chain, digits)
def test_no_run_of_a_chain_tells_of_few(days, remainder):
    stored = rounded_chain(days, remainder)
    for first, after in runs(len(days)):
        for key in KEYS:
            possible = possible_of_chain(stored, key, first, after)
            assert sum(day[key] for day in days[first:after]) in possible, "the judge must know the world that is true"
            assert not tells_of_few(possible, sum(day.get(key, 0) for day in stored[first:after]))


@given(days_of_key, digits)
def test_no_run_of_a_key_tells_of_few(counts, remainder):
    stored = rounded_key(counts, remainder)
    for first, after in runs(len(counts)):
        possible = possible_of_key(stored, first, after)
        assert sum(counts[first:after]) in possible
        assert not tells_of_few(possible, sum(stored[first:after]))


def test_the_judge_sees_what_tells_of_few():
    """Were a count stored as it is, or a sum rounded on its own beside its parts, the judge would say so."""
    assert tells_of_few({3}, 3)
    # Twenty people, and of each of two kinds fewer than ten, so that the first kind has two to nine.
    parts = possible_of_key([0], 0, 1)
    total = possible_of_key([20], 0, 1)
    assert tells_of_few({one for one in parts if any(one + other in total for other in parts)}, 0)


# --- the same of all keys of a series at once, beside the sum of a chain that counts the same people ------------------

# The smallest number of keys of a series whose keys are counted separately, and whose people `people` counts as well.
LEAST_KEYS = min(len(keys) for name, keys in SEPARATE.items() if name != rules.REMOVAL)
SIDE = 1024  # more than the people of one day, counted from the smallest possible number


def worlds_of_key(stored):
    """Return, for each world of a key that counts on by itself, its people of each day."""
    found: set[tuple[int, tuple[int, ...]]] = {(remainder, ()) for remainder in range(ROUNDING)}
    for tens in stored:
        found = {
            (left, (*people, tens + left - remainder))
            for remainder, people in found
            for left in range(ROUNDING)
            if tens + left >= remainder
        }
    return {people for _remainder, people in found}


def place_of(people, fewest):
    """Return the bit of so many people of each day, in a number that stands for a set of them."""
    place = 0
    for count, least in zip(people, fewest, strict=True):
        place = place * SIDE + count - least
    return place


def sums_of_keys(series):
    """Return every sum of the people of these keys, as bits, and the fewest of each day, from which the bits count.

    series: what is stored of each key, day by day. Keys know nothing of one another: each sum can be.
    """
    bits, fewest = 1, [0] * len(series[0])
    for stored in series:
        worlds = worlds_of_key(stored)
        least = [min(day) for day in zip(*worlds, strict=True)]
        fewest = [one + other for one, other in zip(fewest, least, strict=True)]
        shifted = 0
        for people in worlds:
            shifted |= bits << place_of(people, least)
        bits = shifted
    return bits, fewest


def possible_beside_the_sum(target, others, total, first, after):
    """Return every number of people of the key `target` in a run of days that leads to all that is stored.

    It is stored of it, of the other keys of its series, and of a chain whose people are those of all keys. Two days at
    most.
    """
    bits, fewest = sums_of_keys(others)
    totals = worlds_of_key(total)
    found = set()
    for people in worlds_of_key(target):
        for all_people in totals:
            rest = [one - own for one, own in zip(all_people, people, strict=True)]
            if all(0 <= count - least < SIDE for count, least in zip(rest, fewest, strict=True)) and (
                bits >> place_of(rest, fewest) & 1
            ):
                found.add(sum(people[first:after]))
                break
    return found


def stored_of(counts, draw):
    """Return what is stored of each key, day by day, and of the chain of all; first remainders drawn as the service
    does.
    """
    series = [rounded_key(days, draw.randrange(ROUNDING)) for days in counts]
    total = rounded_key([sum(day) for day in zip(*counts, strict=True)], draw.randrange(ROUNDING))
    return series, total


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(few, min_size=2, max_size=2), min_size=LEAST_KEYS, max_size=LEAST_KEYS), st.randoms())
def test_no_key_is_told_by_all_others_and_their_sum(counts, draw):
    """Whoever subtracts everything else that is stored from the sum learns nothing of few, of any run of days."""
    series, total = stored_of(counts, draw)
    key = draw.randrange(len(series))
    others = series[:key] + series[key + 1 :]
    for first, after in runs(2):
        possible = possible_beside_the_sum(series[key], others, total, first, after)
        assert sum(counts[key][first:after]) in possible, "the judge must know the world that is true"
        assert not tells_of_few(possible, sum(series[key][first:after]))


@settings(max_examples=100, deadline=None)
@given(st.lists(few, min_size=LEAST_KEYS, max_size=LEAST_KEYS), st.randoms(), st.data())
def test_no_part_of_the_keys_is_told_by_the_rest_and_the_sum(counts, draw, data):
    """It is the same of several keys together: the hours of the nights, say, from the whole and the days."""
    series, total = stored_of([[count] for count in counts], draw)
    part = data.draw(st.sets(st.integers(0, LEAST_KEYS - 1), min_size=1, max_size=LEAST_KEYS - 1))
    inside, outside = (
        sums_of_keys([stored for key, stored in enumerate(series) if (key in part) is is_in]) for is_in in (True, False)
    )
    possible = {
        number
        for number in range(inside[1][0], inside[1][0] + inside[0].bit_length())
        if inside[0] >> number - inside[1][0] & 1
        and any(
            everybody - number >= outside[1][0] and outside[0] >> everybody - number - outside[1][0] & 1
            for (everybody,) in worlds_of_key(total)
        )
    }
    assert sum(counts[key] for key in part) in possible
    assert not tells_of_few(possible, sum(series[key][0] for key in part))


def test_the_judge_of_several_keys_sees_what_tells_of_few():
    """Two keys alone beside their sum would tell: of twenty people, fewer than ten of each, two are of the first."""
    assert possible_beside_the_sum([0], [[0]], [20], 0, 1) == set(range(2, 10))
    assert tells_of_few(possible_beside_the_sum([0], [[0]], [20], 0, 1), 0)


@given(st.lists(st.tuples(digits, days_of_key), min_size=1, max_size=3))
def test_every_sum_and_every_difference_is_of_tens(series):
    """It is so whatever the days and keys: no two stored numbers are apart by one to nine people."""
    stored = [number for remainder, counts in series for number in rounded_key(counts, remainder)]
    sums = {0}
    for number in stored:
        sums |= {total + number for total in sums} | {total - number for total in sums}
    assert all(total % ROUNDING == 0 for total in sums)


# --- how right they are -----------------------------------------------------------------------------------------------


@given(days_of_chain, digits)
def test_sum_of_a_chain_is_right_to_less_than_ten_for_any_run(days, remainder):
    stored = rounded_chain(days, remainder)
    for first, after in runs(len(days)):
        people = sum(sum(day.values()) for day in days[first:after])
        assert abs(people - sum(sum(day.values()) for day in stored[first:after])) < ROUNDING
    for day, kept in zip(days, stored, strict=True):
        assert all(abs(day[key] - kept.get(key, 0)) < ROUNDING for key in KEYS)


@given(days_of_key, digits)
def test_key_is_right_to_less_than_ten_for_any_run(counts, remainder):
    stored = rounded_key(counts, remainder)
    for first, after in runs(len(counts)):
        assert abs(sum(counts[first:after]) - sum(stored[first:after])) < ROUNDING


@given(few, days_of_chain)
def test_a_remainder_says_nothing(people, days):
    """Over the ten first digits, each of them as likely, it is each digit once, whoever came."""
    left = set()
    for remainder in range(ROUNDING):
        for counts in [*days, {"a": people}]:
            _stored, remainder = rules.round_chain(KEYS, counts, remainder)
        left.add(remainder)
    assert left == set(range(ROUNDING))


@given(st.fixed_dictionaries(dict.fromkeys(KEYS, few)))
def test_each_key_is_right_on_average(counts):
    """Over the ten first digits no key is favoured."""
    sums = dict.fromkeys(KEYS, 0)
    for remainder in range(ROUNDING):
        stored, _left = rules.round_chain(KEYS, counts, remainder)
        for key, number in stored.items():
            sums[key] += number
    assert sums == {key: ROUNDING * count for key, count in counts.items()}


@given(st.data(), digits)
def test_all_chains_have_one_sum(data, remainder):
    people = data.draw(few)
    counts = {}
    for name, keys in CHAINS.items():
        cuts = sorted(data.draw(st.lists(st.integers(0, people), min_size=len(keys) - 1, max_size=len(keys) - 1)))
        counts[name] = {
            key: after - before for key, (before, after) in zip(keys, pairwise([0, *cuts, people]), strict=True)
        }
    stored, left = rules.round_chains(counts, remainder)
    assert {sum(kept.values()) for kept in stored.values()} == {(remainder + people) // ROUNDING * ROUNDING}
    assert left == (remainder + people) % ROUNDING


def test_chain_that_leaves_somebody_out_is_an_error():
    counts = {name: {keys[0]: 3} for name, keys in CHAINS.items()}
    rules.round_chains(counts, 0)
    with pytest.raises(ValueError, match="everybody"):
        rules.round_chains({**counts, "age": {"minor": 2}}, 0)
    with pytest.raises(ValueError, match="does not have"):
        rules.round_chain(KEYS, {"d": 1}, 0)


# --- ranges -----------------------------------------------------------------------------------------------------------


@given(st.integers(0, 20_000))
def test_range_is_the_first_end_that_is_not_below(seconds):
    key = rules.range_of(seconds, WAITS)
    assert key == MORE if seconds > WAITS[-1] else seconds <= int(key)
    assert all(end < seconds or str(end) == key or end > int(key) for end in WAITS) if key != MORE else True


@given(st.lists(st.integers(0, 8_000), min_size=1, max_size=30), st.sampled_from([0.5, 0.95]))
def test_quantile_is_the_range_of_that_person(waits, share):
    counts: dict[str, int] = {}
    for wait in waits:
        key = rules.range_of(wait, WAITS)
        counts[key] = counts.get(key, 0) + 1
    ordered = sorted(waits)
    there = next(wait for number, wait in enumerate(ordered, 1) if number >= share * len(ordered))
    key = rules.range_of(there, WAITS)
    assert rules.quantile(counts, WAITS, share) == (None if key == MORE else int(key))


def test_quantile_of_nobody_and_of_what_is_no_range():
    assert rules.quantile({}, WAITS, 0.5) is None
    assert rules.quantile({"gave_up": 30, "60": 10}, WAITS, 0.95) == 60


@given(st.dictionaries(st.sampled_from([*map(str, WAITS), MORE]), few))
def test_middles_have_everybody_and_lie_in_their_range(counts):
    assume(counts)
    found = rules.middles(counts, WAITS)
    assert sum(count for _middle, count in found) == sum(counts.values())
    assert all(
        rules.range_of(middle, WAITS) == key for (middle, _n), key in zip(found, [*map(str, WAITS), MORE], strict=True)
    )


def test_parts_of_keys():
    counts = {"advised:police": 20, "advised:gendarmerie": 10, "none:police": 10}
    assert rules.first_parts(counts) == {"advised": 30, "none": 10}
    assert rules.second_parts(counts) == {"police": 30, "gendarmerie": 10}
    assert rules.part_of(counts, "advised") == {"police": 20, "gendarmerie": 10}


def test_no_key_is_in_two_places():
    assert not set(CHAINS) & set(SEPARATE)
    for keys in (*CHAINS.values(), *SEPARATE.values()):
        assert len(set(keys)) == len(keys) and all(len(key) <= 40 for key in keys)


def test_ranges_are_those_of_the_days_that_are_kept():
    """A day that is closed is never counted again: other ranges would make its rows unreadable."""
    assert [seconds / 60 for seconds in rules.WAITS] == [1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 120]
    assert [seconds / 60 for seconds in rules.LENGTHS] == [
        5, 10, 15, 20, 30, 40, 50, 60, 75, 90, 120, 180, 240, 360,
    ]  # fmt: skip
    assert rules._each(("a", "b"), ("x", "y")) == ("a:x", "a:y", "b:x", "b:y")
