"""What the harness needs from the product's own code."""

import pytest
from django.db import IntegrityError

from benchmarks.faults import records


def test_conversations_are_made_again_when_the_worker_wrote_of_those_that_go(monkeypatch):
    tries = []

    def make(count):
        tries.append(count)
        if len(tries) < 3:
            raise IntegrityError("still referenced from an event that was written meanwhile")
        return ["made"]

    monkeypatch.setattr(records, "_make_conversations", make)
    monkeypatch.setattr(records, "CLEAR_SECONDS", 0)
    assert records.make_conversations(7) == ["made"] and tries == [7, 7, 7]


def test_what_is_wrong_each_time_is_raised(monkeypatch):
    tries = []

    def fail(_count):
        tries.append(1)
        raise IntegrityError

    monkeypatch.setattr(records, "_make_conversations", fail)
    monkeypatch.setattr(records, "CLEAR_SECONDS", 0)
    with pytest.raises(IntegrityError):
        records.make_conversations(7)
    assert len(tries) == records.CLEAR_TRIES
