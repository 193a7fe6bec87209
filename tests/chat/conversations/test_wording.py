"""Durations in words, where the words change."""

from datetime import timedelta

import pytest

from chat.conversations import wording


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "< 1 min"),
        (59.9, "< 1 min"),
        (60, "1 min"),
        (59 * 60 + 59, "59 min"),
        (3600, "1 h 00"),
        (3900, "1 h 05"),
        (26 * 3600 + 59 * 60, "26 h 59"),
    ],
)
def test_duration(seconds, said):
    assert wording.duration_in_words(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "00:00"), (9.9, "00:09"), (192, "03:12"), (3599, "59:59"), (3600, "1:00:00"), (3792, "1:03:12")],
)
def test_clock(seconds, said):
    assert wording.clock_in_words(timedelta(seconds=seconds)) == said
