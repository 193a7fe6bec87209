"""Token buckets of a process, which are shared by key."""

import gc

import pytest

from chat import token_bucket
from chat.token_bucket import BucketsByKey


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(token_bucket.time, "monotonic", lambda: now[0])
    return now


def test_who_comes_back_finds_what_they_left_until_it_would_be_full(clock):
    buckets = BucketsByKey(60, 2)
    mine = buckets.of("mine")
    assert all(mine.take() for _page in range(60)) and not mine.take()
    assert buckets.of("theirs") is not mine
    buckets.let_go(mine)
    del mine
    gc.collect()
    clock[0] += 1
    again = buckets.of("mine")
    assert [again.take() for _page in range(3)] == [True, True, False]
    buckets.let_go(again)
    del again
    clock[0] += 30
    assert buckets.of("mine").level == 60


def test_what_is_paid_is_gone_and_comes_back(clock):
    bucket = token_bucket.Bucket(60, 2)
    clock[0] += 100
    bucket.pay(50)
    assert bucket.level == 10
    bucket.pay(50)
    assert bucket.level == 0, "nobody owes anything"
    clock[0] += 1
    assert [bucket.take() for _page in range(3)] == [True, True, False]


def test_what_was_let_go_is_forgotten_once_it_would_be_full(clock):
    buckets = BucketsByKey(60, 2)
    for number in range(100):
        buckets.let_go(buckets.of(number))
        clock[0] += 1
    assert len(buckets._left) == 30 and len(buckets._known) == 30
