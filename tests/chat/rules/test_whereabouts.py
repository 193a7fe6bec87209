"""Where a person is, judged by the last sign of them."""

from datetime import UTC, datetime, timedelta

import pytest

from chat.rules.whereabouts import Whereabouts, find_whereabouts

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def where(ago: timedelta, *, is_hidden: bool = False, left: timedelta | None = None) -> Whereabouts:
    return find_whereabouts(
        seen_at=NOW - ago,
        is_hidden=is_hidden,
        left_at=None if left is None else NOW - left,
        now=NOW,
        absent_after=90 * SECOND,
        asleep_for=10 * MINUTE,
    )


@pytest.mark.parametrize(
    ("ago", "is_hidden", "left", "found"),
    [
        (0 * SECOND, False, None, Whereabouts.HERE),
        (90 * SECOND, False, None, Whereabouts.HERE),
        (91 * SECOND, False, None, Whereabouts.OFFLINE),
        (90 * SECOND, True, None, Whereabouts.HERE),
        (91 * SECOND, True, None, Whereabouts.ASLEEP),
        (10 * MINUTE, True, None, Whereabouts.ASLEEP),
        (10 * MINUTE + SECOND, True, None, Whereabouts.OFFLINE),
        (5 * SECOND, False, 3 * SECOND, Whereabouts.LEFT),
        (5 * MINUTE, True, 3 * MINUTE, Whereabouts.LEFT),
        (2 * SECOND, False, 3 * SECOND, Whereabouts.LEFT),  # a beat that was written late
        (2 * SECOND, False, 7 * SECOND, Whereabouts.LEFT),
        (2 * SECOND, False, 8 * SECOND, Whereabouts.HERE),  # they came back
    ],
)
def test_whereabouts_follow_the_last_sign(ago, is_hidden, left, found):
    assert where(ago, is_hidden=is_hidden, left=left) is found


def test_turn_is_held_by_who_is_there_or_whose_page_sleeps():
    assert [one for one in Whereabouts if one.holds_turn] == [Whereabouts.HERE, Whereabouts.ASLEEP]
