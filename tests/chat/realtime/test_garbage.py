"""When the objects of connections are frozen, and when everything is collected."""

import gc

import pytest

from chat.realtime import garbage
from chat.realtime.garbage import (
    FULL_SECONDS,
    FULL_SECONDS_MOST,
    GONE_MOST,
    HURRY_SECONDS,
    MANY,
    NOT_AGAIN_SECONDS,
    TOGETHER,
    Garbage,
)
from pnav import asgi


class Collector:
    """It stands for Python's collector, and writes down what is asked of it. found: what a collection returns."""

    def __init__(self):
        self.asked: list[str] = []
        self.found = 0

    def freeze(self):
        self.asked.append("freeze")

    def unfreeze(self):
        self.asked.append("unfreeze")

    def collect(self):
        self.asked.append("collect")
        return self.found


@pytest.fixture
def collector(monkeypatch):
    made = Collector()
    monkeypatch.setattr(garbage, "gc", made)
    return made


def came(kept, first, last):
    for count in range(first, last + 1):
        kept.opened(count)


def left(kept, count, last):
    while count > last:
        count -= 1
        kept.ended(count)


def test_a_crowd_is_frozen_fifty_at_a_time(collector):
    kept = Garbage(0.0)
    came(kept, 1, MANY - 1)
    assert collector.asked == []  # with few connections Python's own collections are short
    came(kept, MANY, MANY + 10 * TOGETHER - 1)
    assert collector.asked == ["freeze"] * 10
    kept.look(MANY + 10 * TOGETHER - 1, FULL_SECONDS_MOST * 2)
    assert collector.asked == ["freeze"] * 10  # nobody has left, so there is nothing to find


def test_who_comes_again_after_everybody_was_cut_off_is_frozen_too(collector):
    kept = Garbage(0.0)
    came(kept, 1, 4 * MANY)
    left(kept, 4 * MANY, 0)
    collector.asked.clear()
    came(kept, 1, 4 * MANY)
    assert len(collector.asked) == (3 * MANY) // TOGETHER + 1


def test_a_few_who_come_and_go_are_not_frozen_for_ever(collector):
    kept = Garbage(0.0)
    came(kept, 1, 2 * MANY)
    collector.asked.clear()
    for _turn in range(50):
        left(kept, 2 * MANY, 2 * MANY - TOGETHER + 1)
        came(kept, 2 * MANY - TOGETHER + 2, 2 * MANY)
    assert collector.asked == []


def test_each_collection_that_finds_nothing_puts_the_next_one_off(collector):
    kept = Garbage(0.0)
    came(kept, 1, MANY)
    now, waits = 0.0, []
    for _time in range(6):
        left(kept, MANY, MANY - 1)
        collector.asked.clear()
        since = 0.0
        while not collector.asked:
            since += FULL_SECONDS / 2
            kept.look(MANY, now + since)
        assert collector.asked == ["unfreeze", "collect", "freeze"]
        waits.append(since)
        now += since
    assert waits == [450, 750, 1350, 2550, 3750, 3750]  # the first look after 300 s, 600, 1,200, 2,400 and an hour
    collector.found = 1000
    left(kept, MANY, MANY - 1)
    kept.look(MANY, now + FULL_SECONDS_MOST + 1)
    assert kept._patience == FULL_SECONDS


def test_where_connections_leave_something_behind_it_is_collected_each_generation(collector):
    kept = Garbage(0.0)
    came(kept, 1, MANY)
    kept.opened(MANY)
    left(kept, GONE_MOST + MANY, MANY)
    collector.found = 30 * GONE_MOST
    collector.asked.clear()
    kept.look(MANY, 1.0)
    assert collector.asked == []  # nothing is collected while they are still leaving
    kept.look(MANY, NOT_AGAIN_SECONDS + 1)
    assert collector.asked == ["unfreeze", "collect", "freeze"]
    collector.asked.clear()
    left(kept, 2 * MANY, MANY)
    kept.look(MANY, 2 * NOT_AGAIN_SECONDS + 2)
    assert collector.asked == ["unfreeze", "collect", "freeze"]
    assert kept._patience == FULL_SECONDS


def test_of_few_nobody_is_frozen_by_a_collection_and_what_was_loaded_at_the_start_stays_so(collector):
    kept = Garbage(0.0)
    came(kept, 1, 300)
    left(kept, 300, 50)
    kept.look(50, FULL_SECONDS + 1)
    assert collector.asked == ["collect"]


def test_after_a_crowd_has_gone_nobody_new_is_frozen(collector):
    kept = Garbage(0.0)
    came(kept, 1, MANY)
    left(kept, MANY, 50)
    collector.asked.clear()
    kept.look(50, FULL_SECONDS + 1)
    assert collector.asked == ["unfreeze", "collect", "freeze"]  # what was loaded is frozen again
    collector.asked.clear()
    came(kept, 51, 300)
    left(kept, 300, 50)
    kept.look(50, 2 * FULL_SECONDS_MOST)
    assert collector.asked == ["collect"]


def test_where_memory_is_short_it_is_collected_a_minute_after_the_last_time_if_somebody_has_left(collector):
    kept = Garbage(0.0)
    came(kept, 1, MANY)
    collector.asked.clear()
    kept.hurry()
    kept.look(MANY, HURRY_SECONDS + 1)
    assert collector.asked == []  # nobody has left
    left(kept, MANY, MANY - 1)
    kept.look(MANY - 1, HURRY_SECONDS)
    assert collector.asked == []
    kept.look(MANY - 1, HURRY_SECONDS + 1)
    assert collector.asked == ["unfreeze", "collect", "freeze"]
    left(kept, MANY - 1, MANY - 2)
    kept.look(MANY - 2, 3 * HURRY_SECONDS)
    assert len(collector.asked) == 3  # memory is not short any more


def test_fifty_connections_start_no_collection(monkeypatch):
    """Some eighty objects each, of which the collector counts those that came and have not gone."""
    monkeypatch.setattr(asgi.sys, "setswitchinterval", lambda _seconds: None)
    before = gc.get_threshold()
    monkeypatch.setattr(asgi.gc, "freeze", lambda: None)
    monkeypatch.setattr(asgi, "quieten_autobahn", lambda: None)
    try:
        asgi._settle(has_sockets=True)
        assert gc.get_threshold()[0] >= 80 * TOGETHER
    finally:
        gc.set_threshold(*before)
