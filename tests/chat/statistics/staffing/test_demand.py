import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.statistics.staffing.demand import (
    ASSUMED,
    HOURS,
    Basis,
    Counted,
    Length,
    arrivals_of,
    assumed_arrivals,
    fit_demand,
    gamma_below,
    highest_load,
    length_of,
    load_within,
    patience_of,
    poisson_above,
    poisson_below,
    rounding_variance,
)
from chat.statistics.staffing.simulation import log_normal


@pytest.mark.parametrize(
    ("count", "below", "above"),
    [(0, 0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390), (50, 37.111, 65.919)],
)
def test_poisson_interval_as_in_tables(count, below, above):
    """The intervals are those of Garwood's table, 95 % on two sides."""
    assert poisson_below(count, 0.975) == pytest.approx(below, abs=0.001)
    assert poisson_above(count, 0.975) == pytest.approx(above, abs=0.001)


@given(st.integers(0, 300), st.floats(0.5, 0.999))
def test_poisson_interval_holds_the_count_and_is_its_own_check(count, confidence):
    above, below = poisson_above(count, confidence), poisson_below(count, confidence)
    at_most = sum(math.exp(k * math.log(above) - above - math.lgamma(k + 1)) for k in range(count + 1))
    assert at_most == pytest.approx(1 - confidence, abs=1e-6)
    assert below <= count + 0.7 and above >= count  # medians, at 0.5


def test_gamma_below_is_the_exponential_law_for_one():
    assert gamma_below(1, 2) == pytest.approx(1 - math.exp(-2))
    assert gamma_below(3, 0) == 0


def test_few_data_are_more_cautious():
    """The same mean was seen for eight weeks and for forty."""
    few = arrivals_of(Counted(8, {(week, 30): 3 for week in range(8)}), confidence=0.9)
    many = arrivals_of(Counted(40, {(week, 30): 3 for week in range(40)}), confidence=0.9)
    assert few.expected[30] == many.expected[30] == 3
    assert few.cautious[30] > many.cautious[30] > 3
    # Although nobody came in an hour, somebody may come in it.
    assert few.expected[31] == 0 < many.cautious[31] < few.cautious[31]


def test_weeks_that_differ_widen_the_interval():
    calm = arrivals_of(Counted(10, {(week, 5): 4 for week in range(10)}), confidence=0.9)
    wild = arrivals_of(Counted(10, {(week, 5): 8 * (week % 2) for week in range(10)}), confidence=0.9)
    assert calm.dispersion == 1 and wild.dispersion == pytest.approx(160 / 4 / 9)
    assert wild.expected[5] == calm.expected[5] == 4 and wild.cautious[5] > calm.cautious[5]


def test_rounding_is_no_dispersion():
    """Calm weeks whose counts are rounded, each count of an hour with its remainder, are as calm as exact ones."""
    chance = random.Random(5)
    weeks, hours = 40, range(60)
    exact, rounded = {}, {}
    for hour in hours:
        remainder = chance.randrange(10)
        for week in range(weeks):
            count = sum(chance.random() < 0.15 for _person in range(20))
            exact[week, hour] = count
            rounded[week, hour], remainder = (remainder + count) // 10 * 10, (remainder + count) % 10
    calm = arrivals_of(Counted(weeks, exact), confidence=0.9).dispersion
    assert calm == pytest.approx(arrivals_of(Counted(weeks, rounded, rounding=10), confidence=0.9).dispersion, abs=0.4)
    assert arrivals_of(Counted(weeks, rounded), confidence=0.9).dispersion > 4
    assert rounding_variance(3.0, 1) == 0 and rounding_variance(0.001, 10) == pytest.approx(0.009, rel=0.01)


def test_interval_holds_as_often_as_it_says():
    """Drawn hours: the cautious figure is below the true mean about one time in ten, never much more often."""
    chance = random.Random(7)
    mean, weeks = 1.7, 12
    came = {}
    for week in range(weeks):
        for hour in range(HOURS):
            at = chance.expovariate(mean)
            while at < 1:
                came[week, hour] = came.get((week, hour), 0) + 1
                at += chance.expovariate(mean)
    fitted = arrivals_of(Counted(weeks, came), confidence=0.9)
    assert fitted.dispersion < 1.15
    assert sum(cautious < mean for cautious in fitted.cautious) / HOURS < 0.15
    assert sum(fitted.expected) / HOURS == pytest.approx(mean, rel=0.05)


def test_patience_counts_those_who_were_answered():
    """True patience is 20 minutes, and answers come at random: leaving the answered out would say much less."""
    chance = random.Random(3)
    gone, waited, waited_of_gone = 0, 0.0, 0.0
    for _one in range(20_000):
        patience, offered = chance.expovariate(3), chance.expovariate(12)
        gone += patience < offered
        waited += min(patience, offered)
        waited_of_gone += patience if patience < offered else 0
    fitted = patience_of(gone, waited, confidence=0.9)
    assert fitted.giving_up == pytest.approx(3, rel=0.03) and fitted.low < 3 < fitted.high
    assert gone / waited_of_gone > 10


def test_length_of_sums():
    fitted = length_of(4, 4.0, 4.0 + 4 * 0.25, confidence=0.9)
    assert (fitted.mean, fitted.variation) == (1, 0.5)
    assert fitted.cautious == pytest.approx(1 + 1.2816 * 0.5 / 2, abs=1e-4)


@given(st.floats(0.1, 5), st.floats(0, 3), st.floats(0, 200))
def test_held_within_grows_to_the_mean(mean, variation, hours):
    length = Length(Basis.RECORDED, mean, variation, mean)
    held = length.held_within(hours, mean)
    assert 0 <= held <= min(hours, mean) + 1e-9
    assert length.held_within(hours + 1, mean) >= held - 1e-12
    if variation < 1:
        assert length.held_within(1000, mean) == pytest.approx(mean, rel=1e-3)


def test_held_within_is_what_is_drawn():
    chance, length = random.Random(5), Length(Basis.RECORDED, 0.9, 1.4, 0.9)
    draw = log_normal(0.9, 1.4)
    drawn = [draw(chance) for _one in range(40_000)]
    for hours in (0.25, 1, 4):
        expected = sum(min(one, hours) for one in drawn) / len(drawn)
        assert length.held_within(hours, 0.9) == pytest.approx(expected, rel=0.02)


def test_load_of_a_flat_week_is_arrivals_times_length():
    for quarters in load_within([2.0] * HOURS, ASSUMED, mean=ASSUMED.mean):
        assert quarters == pytest.approx([2 * 55 / 60] * 5, rel=0.001)


def test_load_comes_after_the_arrivals():
    """Everybody comes between 20 h and 21 h on Monday: at 21 h there are most, at 23 h still some, at noon none."""
    rates = [0.0] * HOURS
    rates[20] = 10
    loads = highest_load(rates, ASSUMED, mean=ASSUMED.mean)
    assert loads[20] == loads[21] == max(loads)  # the end of one hour is the beginning of the other
    assert loads[22] > loads[23] > 0.5 and loads[12] < 0.01 and loads[19] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("mean", "variation"), [(1 / 60, 1.2), (5 / 60, 1), (0.5, 0.5), (1.5, 0.5)])
def test_load_is_never_less_than_nothing(mean, variation):
    """Hours after everybody has gone, what is left is a difference of two sums, and was −7e-14: no queue has that."""
    rates = [10.0 if hour == 20 else 0.0 for hour in range(HOURS)]
    length = Length(Basis.RECORDED, mean, variation, mean)
    assert min(min(quarters) for quarters in load_within(rates, length, mean=mean)) == 0


def test_fit_too_little_is_assumed():
    demand = fit_demand(Counted(7, {(0, 3): 10_000}), confidence=0.9)
    assert demand.is_assumed and demand.arrivals.basis is Basis.ASSUMED
    assert demand.arrivals.expected == assumed_arrivals().expected
    assert demand.arrivals.per_week == pytest.approx(479, abs=1)
    assert demand.patience.giving_up == 0 and demand.length.mean == 55 / 60


def test_fit_each_part_by_itself():
    came = {(week, hour): 1 for week in range(8) for hour in range(100)}
    demand = fit_demand(Counted(8, came, gone=29, waited=9, ended=100, held=120, held_squared=200), confidence=0.9)
    assert demand.arrivals.basis is demand.length.basis is Basis.RECORDED and demand.is_assumed
    assert demand.patience.basis is Basis.ASSUMED
    assert not fit_demand(Counted(8, came, 30, 9, 100, 120, 200), confidence=0.9).is_assumed


def test_assumed_arrivals_profile():
    assert assumed_arrivals(1000, [1, *[0] * 167]).expected[0] == pytest.approx(1000 * 168 / 8766)
    with pytest.raises(ValueError, match="168"):
        assumed_arrivals(1000, [1])
