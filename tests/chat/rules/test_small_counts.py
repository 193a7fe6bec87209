"""Small counts are never shown and can never be computed. The functions are pure."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.rules.small_counts import AT_LEAST, parts, percent, rounded

tables = st.lists(st.integers(0, 60), min_size=1, max_size=7).map(
    lambda counts: [(str(n), c) for n, c in enumerate(counts)]
)


@pytest.mark.parametrize(("count", "said"), [(0, None), (9, None), (10, 10), (19, 10), (1234, 1230)])
def test_rounded(count, said):
    assert rounded(count) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (9, 100, None),
        (91, 100, None),
        (10, 100, 10),
        (90, 100, 90),
        (0, 0, None),
        (14, 39, None),
        (17, 47, 25),
        (437, 1000, 44),
        (10, 499, 5),
    ],
)
def test_percent_neither_side_is_small(part, whole, said):
    assert percent(part, whole) == said


@given(st.integers(0, 400), st.data())
def test_percents_do_not_tell_the_number_that_was_rounded(whole, data):
    """Who reads « au moins 40 » and three shares of it cannot say which of the ten it was: else the figures of two
    weeks, or of two periods, would give one person by subtraction."""
    shares = [percent(data.draw(st.integers(0, whole)), whole) for _each in range(3)]
    tens = whole // AT_LEAST * AT_LEAST
    for said in filter(None, shares):
        possible = {one for one in range(tens, tens + AT_LEAST) if any(percent(n, one) == said for n in range(one + 1))}
        assert len(possible) == AT_LEAST


@given(st.integers(40, 3000), st.data())
def test_percents_leave_no_small_rest(whole, data):
    """Answered, gone before an answer, and the few who are neither: two shares do not tell how few."""
    rest = data.draw(st.integers(0, AT_LEAST - 1))
    one = data.draw(st.integers(AT_LEAST, whole - AT_LEAST - rest))
    shares = (percent(one, whole), percent(whole - one - rest, whole))
    if None in shares:
        return
    step = math.gcd(*shares, 100)
    assert step * (whole // AT_LEAST * AT_LEAST) >= 100 * AT_LEAST


@given(tables)
def test_parts_no_small_count_is_shown(table):
    counts = dict(table)
    for name, said in parts(table).shown:
        assert counts[name] >= AT_LEAST and said % AT_LEAST == 0 and said <= counts[name] < said + AT_LEAST


@given(tables)
def test_parts_a_hidden_one_is_never_alone_nor_among_few(table):
    """Who knows the exact total and the exact shown parts learns the sum of at least two, of at least ten people."""
    found = parts(table)
    shown = {name for name, _said in found.shown}
    hidden = [count for name, count in table if name not in shown]
    assert found.has_others == bool(hidden)
    if hidden and shown:
        assert len(hidden) >= 2 and sum(hidden) >= AT_LEAST
    assert found.others is None or found.others <= sum(hidden)


@given(tables)
def test_parts_nothing_is_hidden_without_a_small_one(table):
    if all(count >= AT_LEAST for _name, count in table):
        assert not parts(table).has_others


def test_parts_one_small_takes_the_next_with_it():
    found = parts([("a", 500), ("b", 3), ("c", 40), ("d", 60)])
    assert (found.shown, found.others) == ([("a", 500), ("d", 60)], 40)


@given(st.integers(10, 4000), st.integers(0, 9))
def test_difference_of_two_periods_tells_no_small_count(month, rest):
    """Twelve months less thirty days: what is said would be the same, or ten apart, for any small count between."""
    said = {rounded(month + few) - rounded(month) for few in range(AT_LEAST)}
    assert said <= {0, AT_LEAST}
    assert rounded(month + rest) - rounded(month) != rest or rest == 0
