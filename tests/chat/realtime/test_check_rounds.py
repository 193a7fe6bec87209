"""Every connection is checked when its time has come, neither later nor twice, and the others are not touched."""

import math
from types import SimpleNamespace

import pytest

from chat.realtime import connection
from chat.realtime.check_rounds import TICK_SECONDS, TICKS, CheckRounds


def some(count):
    return [_Checked() for _each in range(count)]


class _Checked(SimpleNamespace):
    check_tick = 0
    __hash__ = object.__hash__
    __eq__ = object.__eq__


def ticks_until(rounds, one, most=TICKS):
    return next((tick for tick in range(1, most + 1) if one in rounds.take_due()), None)


@pytest.mark.parametrize("seconds", [0.25, 0.3, 1, 2, 18, 63])
def test_check_comes_at_its_time_or_at_most_a_tick_later(seconds):
    for begin in range(0, TICKS, 51):
        rounds, [one] = CheckRounds(), some(1)
        for _tick in range(begin):
            rounds.take_due()
        rounds.put(one, seconds)
        ticks = ticks_until(rounds, one)
        assert ticks == math.ceil(seconds / TICK_SECONDS)
        assert ticks_until(rounds, one) is None, "it was checked once, and is not until it is put again"


@pytest.mark.parametrize(("seconds", "ticks"), [(0, 1), (-3, 1), (1000, TICKS - 1)])
def test_time_that_is_none_or_too_far_is_the_nearest_there_is(seconds, ticks):
    rounds, [one] = CheckRounds(), some(1)
    rounds.put(one, seconds)
    assert ticks_until(rounds, one) == ticks


def test_nobody_is_skipped_and_nobody_comes_twice_in_a_round():
    """Ten thousand that came over one period: each once in each of the next ones, and a share at each tick."""
    rounds, period = CheckRounds(), round(connection.CHECK_SECONDS / TICK_SECONDS)
    everybody = some(140 * period)
    for tick in range(period):
        assert not rounds.take_due()
        for one in everybody[140 * tick : 140 * (tick + 1)]:
            rounds.put(one, connection.CHECK_SECONDS)
    for _period in range(3):
        seen = []
        for _tick in range(period):
            due = rounds.take_due()
            assert len(due) == 140
            for one in due:
                rounds.put(one, connection.CHECK_SECONDS)
            seen += due
        assert len(seen) == len(everybody) and set(seen) == set(everybody)


def test_putting_again_replaces_the_check_that_was_to_come():
    rounds, [one] = CheckRounds(), some(1)
    rounds.put(one, 18)
    rounds.put(one, 2)
    assert ticks_until(rounds, one) == 8
    assert ticks_until(rounds, one) is None


def test_who_is_removed_does_not_come_and_who_was_never_put_may_be_removed():
    rounds, [one, other, stranger] = CheckRounds(), some(3)
    rounds.put(one, 1)
    rounds.put(other, 1)
    rounds.remove(one)
    rounds.remove(stranger)
    found = [each for _tick in range(TICKS) for each in rounds.take_due()]
    assert found == [other]


def test_what_is_promised_is_kept():
    """docs/protocol.md: a socket whose visit has ended closes within twenty seconds."""
    assert connection.CHECK_SECONDS + 2 * TICK_SECONDS < 20
    assert connection.CHECK_SECONDS < TICKS * TICK_SECONDS
