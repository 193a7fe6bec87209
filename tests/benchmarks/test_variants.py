"""What `benchmarks.variants` says about known figures of two values of a setting."""

import math
import random

import pytest

from benchmarks.variants import FIGURES, Variant, interval, report


def noisy(middle: float, source: random.Random) -> float:
    return middle * source.uniform(0.95, 1.05)


def test_interval_holds_a_small_difference_that_many_rounds_show():
    source = random.Random(7)
    middle, low, high = interval([noisy(1.04, source) for _round in range(60)])
    assert 1 < low < middle < high
    assert middle == pytest.approx(1.04, abs=0.015)


def test_interval_holds_one_where_nothing_differs():
    source = random.Random(7)
    _middle, low, high = interval([noisy(1, source) for _round in range(60)])
    assert low < 1 < high


def test_interval_leaves_void_rounds_out_and_says_nothing_of_none():
    assert interval([2.0, math.nan, 2.0]) == (2.0, 2.0, 2.0)
    assert all(map(math.isnan, interval([math.nan])))


def test_report_compares_rounds_of_one_pair_alone():
    """A void round of one value takes its neighbour out too: the other rounds were made at another time."""
    first, second = Variant("NAME", "read", []), Variant("NAME", "write", [])
    for figure in FIGURES:
        first.measured[figure] = [10.0, 20.0, 40.0]
        second.measured[figure] = [math.nan, 22.0, 44.0]
    lines = report(first, second).splitlines()
    assert lines[0].startswith("| NAME | read | write |")
    assert len(lines) == 2 + len(FIGURES)
    assert all(line.endswith("| 30 | 33 | 1.100 | 1.100 to 1.100 | 2 |") for line in lines[2:])
