"""Service levels, as pure functions."""

import pytest

from chat.rules.service_level import Level, Limit, level_of_duty, level_of_time


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.KEPT), (125, Level.KEPT), (126, Level.NEAR), (179, Level.NEAR), (180, Level.BROKEN)],
)
def test_level_of_time_warns_at_seventy_percent(seconds, level):
    assert level_of_time(seconds, Limit(3, 70)) is level


@pytest.mark.parametrize(
    ("on_duty", "free", "level"), [(0, 0, Level.BROKEN), (1, 2, Level.NEAR), (2, 0, Level.NEAR), (2, 1, Level.KEPT)]
)
def test_level_of_duty(on_duty, free, level):
    assert level_of_duty(on_duty=on_duty, free=free, limit=Limit(1, 100)) is level


def test_level_is_said_by_shape_and_word():
    assert len({level.sign for level in Level}) == len({level.label for level in Level}) == 3
