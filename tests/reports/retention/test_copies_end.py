"""Until when a backup may contain something, as people are told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.rules.retention import DELETION_TAKES, copies_end

DUE = datetime(2027, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("visited", "since", "words_days", "rest_days"),
    [
        (-365, None, 31, 31),  # sealed with the ring, or the keys lie with the content
        (-365, -300, 8, 31),  # the exchange had a key of its own from the first day
        (-365, -10, 20, 31),  # moved ten days before, and the oldest backup is older than that
        (-365, 0, 30, 31),
        (-7, -300, 24, 31),  # a visit a week before, whose session is in a backup
        (2, -300, 33, 33),  # still there when it should be deleted, and deleted after that
    ],
)
def test_copies_end(visited, since, words_days, rest_days):
    told = copies_end(
        due_at=DUE,
        visited_at=DUE + visited * DAY,
        data_key_since=None if since is None else DUE + since * DAY,
        backup_days=30,
        data_keys_backup_days=7,
    )
    assert told.words_gone_at == DUE + words_days * DAY
    assert told.gone_at == DUE + rest_days * DAY


@pytest.mark.parametrize(("since", "keyed", "goes_with_the_words"), [
    (-300, None, False),
    (-300, -300, True),
    (-300, -23, True),  # 30 days after it was sealed with the key as well, and 7 after the deletion, are the same day
    (-300, -20, False),  # a backup from before that contains what custodians can open
    (-10, -10, True),
    (None, -300, False),
])  # fmt: skip
def test_what_is_under_seal_is_said_with_the_words_when_it_goes_with_them(since, keyed, goes_with_the_words):
    told = copies_end(
        due_at=DUE,
        visited_at=DUE - 365 * DAY,
        data_key_since=None if since is None else DUE + since * DAY,
        identity_key_since=None if keyed is None else DUE + keyed * DAY,
        backup_days=30,
        data_keys_backup_days=7,
    )
    assert told.with_identity is goes_with_the_words


@given(
    visited=st.integers(-500, 0),
    since=st.none() | st.integers(-500, 0),
    keys=st.integers(0, 60),
    more=st.integers(0, 60),
)
def test_words_never_outlive_the_rest_and_never_go_before_the_keys(visited, since, keys, more):
    told = copies_end(
        due_at=DUE,
        visited_at=DUE + visited * DAY,
        data_key_since=None if since is None else DUE + since * DAY,
        backup_days=keys + more,
        data_keys_backup_days=keys,
    )
    assert told.words_gone_at <= told.gone_at == DUE + DELETION_TAKES + (keys + more) * DAY
    assert told.words_gone_at >= DUE + DELETION_TAKES + keys * DAY
    assert told.words_gone_at >= DUE + (visited + 1 + keys + more) * DAY
    if since is not None:
        assert told.words_gone_at >= min(DUE + since * DAY + (keys + more) * DAY, told.gone_at)
