"""Acts are counted in windows, and nothing of them stays in Redis, whatever its clock says."""

import time
import uuid

import pytest
from django.core.cache import cache

from common import rate_limits


@pytest.mark.parametrize("behind", [-45.0, 0.0, 45.0])
def test_count_ends_by_itself_whatever_the_clock_of_redis_says(monkeypatch, behind):
    """The clock of this process is behind that of Redis, or ahead of it, by more than two windows."""
    really, name, seconds = time.time, f"frames:{uuid.uuid4()}", 10
    monkeypatch.setattr(rate_limits.time, "time", lambda: really() - behind)
    assert rate_limits.count_one(name, seconds=seconds) == 1
    assert rate_limits.count_one(name, seconds=seconds) in {1, 2}, "another window, if its border was just crossed"
    keys = rate_limits.server().keys(cache.make_key(f"limit:{name}:*"))
    assert 1 <= len(keys) <= 2
    assert all(0 < rate_limits.server().pttl(key) <= 2 * seconds * 1000 for key in keys)


def test_acts_of_this_window_and_of_the_one_before_are_recent(monkeypatch):
    moment = [3_000_000_005.0]
    monkeypatch.setattr(rate_limits.time, "time", lambda: moment[0])
    name = f"arrivals:{uuid.uuid4()}"
    for at, told in ((0, 1), (0, 2), (10, 3), (20, 2)):
        moment[0] = 3_000_000_005.0 + at
        rate_limits.count_one(name, seconds=10)
        assert rate_limits.recent(name, seconds=10) == told
