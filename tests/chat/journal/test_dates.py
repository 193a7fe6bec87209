"""The order of uncertain dates is total, does not depend on the order of the input, and is true where the truth can be
known.
"""

import random
from datetime import date, datetime, time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.journal import dates
from chat.journal.dates import Moment, Precision, order_key

# Few days and hours, so that facts coincide; and the first and last days that exist.
DAYS = st.one_of(st.dates(date(2027, 3, 1), date(2027, 3, 6)), st.sampled_from([date.min, date.max]))
HOURS = st.builds(time, st.sampled_from([0, 1, 12, 23]), st.sampled_from([0, 30, 59]))


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    precision = draw(st.sampled_from(Precision))
    if precision is Precision.UNKNOWN:
        return Moment()
    if precision is Precision.DAY:
        return Moment(precision, draw(DAYS))
    if precision is Precision.MINUTE:
        return Moment(precision, draw(DAYS), draw(HOURS))
    return Moment(precision, draw(DAYS), draw(st.none() | HOURS))


def facts() -> st.SearchStrategy[list[tuple[Moment, int]]]:
    """Return dates with the numbers of their facts, which no two share."""
    return st.lists(moments(), max_size=12).map(lambda found: [(moment, n) for n, moment in enumerate(found, 1)])


def keys(found: list[tuple[Moment, int]]) -> list[dates.Key]:
    return [order_key(*fact) for fact in found]


@given(facts())
def test_order_is_total(found):
    """Of two facts one comes first, never both, never none."""
    for one in keys(found):
        for other in keys(found):
            assert (one < other) + (other < one) + (one == other) == 1
    assert len(set(keys(found))) == len(found)


@given(facts())
def test_order_is_transitive(found):
    all_keys = keys(found)
    for one in all_keys:
        for other in all_keys:
            for third in all_keys:
                assert not (one < other < third) or one < third


@given(facts(), st.randoms(use_true_random=False))
def test_order_is_the_same_whatever_order_facts_come_in(found, chance: random.Random):
    mixed = chance.sample(found, len(found))
    assert sorted(mixed, key=lambda fact: order_key(*fact)) == sorted(found, key=lambda fact: order_key(*fact))


@given(facts())
def test_facts_of_one_date_stand_as_they_were_noted(found):
    in_order = sorted(found, key=lambda fact: order_key(*fact))
    for (one, first), (other, second) in pairwise(in_order):
        assert one != other or first < second


@given(facts())
def test_what_is_unknown_comes_last(found):
    in_order = [moment.is_known for moment, _number in sorted(found, key=lambda fact: order_key(*fact))]
    assert in_order == sorted(in_order, reverse=True)


@given(facts())
def test_facts_that_cannot_have_been_at_once_stand_as_they_were(found):
    """Whatever « vers » leaves open: what ended before another one began comes before it."""
    for one, first in found:
        for other, second in found:
            if one.span is not None and other.span is not None and one.span[1] < other.span[0]:
                assert order_key(one, first) < order_key(other, second)


@given(moments())
def test_moment_lies_in_its_span(moment):
    if moment.span is None or moment.point is None:
        assert not moment.is_known
    else:
        assert moment.span[0] <= moment.point <= moment.span[1]


@given(moments())
def test_date_is_sealed_and_read_as_it_was_told(moment):
    assert dates.from_words(dates.as_words(moment)) == moment


def test_surer_comes_first_and_a_day_before_its_hours():
    day, hour = date(2027, 3, 12), time(18, 5)
    in_order = [
        Moment(Precision.DAY, day),
        Moment(Precision.ABOUT, day),
        Moment(Precision.MINUTE, day, time(9, 0)),
        Moment(Precision.MINUTE, day, hour),
        Moment(Precision.ABOUT, day, hour),
        Moment(Precision.DAY, date(2027, 3, 13)),
        Moment(),
    ]
    mixed = [(moment, number) for number, moment in enumerate(reversed(in_order))]
    assert [moment for moment, _number in sorted(mixed, key=lambda fact: order_key(*fact))] == in_order


@pytest.mark.parametrize(
    "words",
    [
        {"precision": "minute", "day": "2027-03-12", "hour": ""},
        {"precision": "day", "day": "2027-03-12", "hour": "18:05"},
        {"precision": "century", "day": "2027-03-12", "hour": "18:05"},
    ],
)
def test_date_of_another_version_is_about_its_day(words):
    moment = dates.from_words(words)
    assert moment.precision is Precision.ABOUT and moment.day == date(2027, 3, 12)


@pytest.mark.parametrize("words", [{}, {"precision": "day"}, {"precision": "unknown", "day": "mars"}])
def test_date_that_says_nothing_is_unknown(words):
    assert dates.from_words(words) == Moment()


@pytest.mark.parametrize(
    "told",
    [
        (Precision.MINUTE, date(2027, 3, 12), None),
        (Precision.DAY, date(2027, 3, 12), time(18, 5)),
        (Precision.UNKNOWN, date(2027, 3, 12), None),
        (Precision.ABOUT, None, time(18, 5)),
    ],
)
def test_date_that_says_two_things_is_refused(told):
    with pytest.raises(ValueError, match="two things"):
        Moment(*told)


def test_span_of_a_day_is_its_minutes():
    assert Moment(Precision.DAY, date(2027, 3, 12)).span == (datetime(2027, 3, 12), datetime(2027, 3, 12, 23, 59))  # noqa: DTZ001
