from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chat.lifecycle import Status, can_move, estimate_wait, is_lease_over, may_overflow

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Status.WAITING, Status.ACTIVE, True),
        (Status.ACTIVE, Status.WAITING, True),
        (Status.ACTIVE, Status.CLOSED, True),
        (Status.ABANDONED, Status.WAITING, True),
        (Status.ACTIVE, Status.ABANDONED, False),
        (Status.CLOSED, Status.WAITING, False),
        (Status.CLOSED, Status.ACTIVE, False),
    ],
)
def test_can_move(before, after, expected):
    assert can_move(before, after) is expected


def test_can_move_closed_is_the_end():
    assert not any(can_move(Status.CLOSED, after) for after in Status)


@pytest.mark.parametrize(
    ("waited", "urgent", "preferred", "expected"),
    [
        (0 * MINUTE, False, True, False),
        (2 * MINUTE, False, True, True),
        (0 * MINUTE, True, True, True),
        (0 * MINUTE, False, False, True),
    ],
)
def test_may_overflow(waited, urgent, preferred, expected):
    assert (
        may_overflow(waited=waited, overflow_after=MINUTE, is_urgent=urgent, preferred_force_on_duty=preferred)
        is expected
    )


def test_estimate_wait_nobody_on_duty_gives_no_figure():
    assert estimate_wait(position=1, slots=0, free=0, average_minutes=55) is None


def test_estimate_wait_free_agent_is_soon():
    assert estimate_wait(position=1, slots=3, free=1, average_minutes=55) == (0, 2)


def test_estimate_wait_full_house():
    assert estimate_wait(position=1, slots=3, free=0, average_minutes=55) == (5, 40)


@example(position=1, slots=1, free=0, average=3)
@given(st.integers(1, 500), st.integers(1, 150), st.integers(0, 150), st.integers(1, 300))
def test_estimate_wait_is_an_ordered_range_that_grows(position, slots, free, average):
    low, high = estimate_wait(position=position, slots=slots, free=free, average_minutes=average)
    assert 0 <= low < high
    later = estimate_wait(position=position + 1, slots=slots, free=free, average_minutes=average)
    assert later[0] >= low and later[1] >= high


def test_is_lease_over():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_lease_over(seen_at=None, now=now, lease=MINUTE)
    assert not is_lease_over(seen_at=now - MINUTE, now=now, lease=MINUTE)
    assert is_lease_over(seen_at=now - 2 * MINUTE, now=now, lease=MINUTE)
