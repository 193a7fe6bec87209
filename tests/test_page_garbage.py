"""A process of pages collects everything while no page is under way, and looks once at what the first ones loaded."""

import subprocess
import sys
import time
from itertools import pairwise
from unittest.mock import Mock

import pytest

from pnav.server import page_garbage, page_handler
from pnav.server.admission import Ticket
from pnav.server.page_garbage import (
    EVERY_SECONDS,
    FREEZE_SECONDS,
    FREEZE_SECONDS_MOST,
    LATEST_SECONDS,
    PATIENCE_SECONDS,
    SHORT_SECONDS,
    PageGarbage,
)


class Clock:
    """The clock of a test, which a sleep puts forward. acts: what the collector was told, and when."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.acts: list[tuple[float, str]] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def collect(self) -> None:
        self.acts.append((self.now - 1000, "collect"))

    def unfreeze(self) -> None:
        self.acts.append((self.now - 1000, "unfreeze"))

    def freeze(self) -> None:
        self.acts.append((self.now - 1000, "freeze"))

    def at(self, act: str) -> list[float]:
        return [at for at, what in self.acts if what == act]


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(page_garbage, "time", clock)
    monkeypatch.setattr(page_garbage, "gc", clock)
    return clock


def live(clock, garbage, seconds):
    for _turn in range(20_000):  # more than any of these tests takes: a turn that sleeps no more ends in a failure
        if clock.now >= 1000 + seconds:
            return
        garbage.rest()
        garbage.turn()
    raise AssertionError("time stands still")


def test_everything_is_collected_regularly_and_frozen_ever_more_rarely(clock):
    live(clock, PageGarbage(lambda: True, lambda: False, clock.now), 6 * FREEZE_SECONDS_MOST)
    assert clock.at("collect")[:3] == [EVERY_SECONDS, 2 * EVERY_SECONDS, 3 * EVERY_SECONDS]
    freezes = clock.at("freeze")
    assert freezes[:4] == [FREEZE_SECONDS, 2 * FREEZE_SECONDS, 4 * FREEZE_SECONDS, 8 * FREEZE_SECONDS]
    assert max(after - before for before, after in pairwise(freezes)) == FREEZE_SECONDS_MOST
    assert all((at, "collect") in clock.acts for at in freezes), "what nothing reaches is not frozen"


def test_it_waits_until_no_page_is_under_way(clock):
    garbage = PageGarbage(lambda: clock.now >= 1003, lambda: False, clock.now)
    garbage.turn()
    assert clock.at("collect") == [pytest.approx(3, abs=0.02)]


def test_where_pages_never_end_everything_is_collected_late_and_nothing_is_frozen(clock):
    """A circle among the objects of a page that is under way would stay for good."""
    live(clock, PageGarbage(lambda: False, lambda: False, clock.now), 5 * LATEST_SECONDS)
    collections = [0.0, *clock.at("collect")]
    most = LATEST_SECONDS + EVERY_SECONDS + PATIENCE_SECONDS
    assert len(collections) > 2
    assert all(LATEST_SECONDS <= after - before <= most for before, after in pairwise(collections))
    assert not clock.at("freeze")


def test_memory_that_is_short_is_collected_at_once_and_not_all_the_time(clock):
    live(clock, PageGarbage(lambda: False, lambda: clock.now >= 1030, clock.now), 300)
    collections = clock.at("collect")
    assert 30 <= collections[0] <= 45
    pauses = [after - before for before, after in pairwise(collections)]
    assert all(SHORT_SECONDS <= pause <= 2 * SHORT_SECONDS for pause in pauses) and len(pauses) > 10
    assert not clock.at("freeze")


def test_what_is_frozen_is_looked_at_as_well_when_memory_is_short(clock):
    """A process that refuses everybody has no page under way, and would wait an hour for the next freeze."""
    live(clock, PageGarbage(lambda: True, lambda: clock.now >= 1200, clock.now), 260)
    assert clock.at("unfreeze") == [200, 210, 220, 230, 240, 250, 260]


def test_everything_is_looked_at_once_an_hour_also_where_a_page_begins_meanwhile(clock, monkeypatch):
    """What was typed in that page is frozen, and looked at within the hour. To leave out the freeze would mean that
    each further collection looks at everything."""
    idle = [True]
    monkeypatch.setattr(clock, "collect", lambda: (Clock.collect(clock), idle.append(False)))
    monkeypatch.setattr(clock, "sleep", lambda seconds: (Clock.sleep(clock, seconds), idle.append(True)))
    live(clock, PageGarbage(lambda: idle[-1], lambda: False, clock.now), 4 * FREEZE_SECONDS_MOST)
    kinds = [what for _at, what in clock.acts]
    looks = [place for place, what in enumerate(kinds) if what == "unfreeze"]
    assert len(clock.at("freeze")) > 10 and len(looks) >= 2
    assert all(kinds[place : place + 3] == ["unfreeze", "collect", "freeze"] for place in looks)
    hours = [0.0, *clock.at("unfreeze")]
    assert all(after - before <= 2 * FREEZE_SECONDS_MOST for before, after in pairwise(hours))


ENDED_LATER = """
import gc, time, weakref
from pnav.server.page_garbage import FREEZE_SECONDS, PageGarbage

class Connection: pass

garbage = PageGarbage(lambda: True, lambda: False, time.monotonic() - FREEZE_SECONDS)
waiting = Connection()
waiting.channel = waiting
seen = weakref.ref(waiting)
garbage.turn()
del waiting
gc.collect()
is_kept = seen() is not None
garbage._freezes_at = time.monotonic()
garbage._unfroze_at -= 3600
garbage.turn()
print(is_kept, seen() is None)
"""


def test_connection_that_waited_at_a_freeze_and_has_ended_is_found_within_the_hour():
    done = subprocess.run([sys.executable, "-c", ENDED_LATER], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


LOADED_LATER = """
import gc, time
from pnav.server.page_garbage import FREEZE_SECONDS, THRESHOLDS, PageGarbage

gc.collect()
gc.freeze()
gc.set_threshold(*THRESHOLDS)
loaded = [[number] for number in range(200_000)]
full = gc.get_stats()[2]["collections"]
lost = [[] for _each in range(100)]
for one in lost:
    one.append(one)
del lost, one
gc.collect(1)
before, frozen = len(gc.get_objects(2)), gc.get_freeze_count()
assert gc.get_stats()[2]["collections"] == full == 1
PageGarbage(lambda: True, lambda: False, time.monotonic() - FREEZE_SECONDS).turn()
print(before, len(gc.get_objects(2)), gc.get_freeze_count() - frozen)
"""


def test_no_full_collection_comes_by_itself_and_the_next_looks_at_nothing_that_was_loaded_before():
    done = subprocess.run([sys.executable, "-c", LOADED_LATER], capture_output=True, text=True, check=True)
    before, after, frozen = map(int, done.stdout.split())
    assert before > 200_000 and after < 1_000
    assert 199_000 <= frozen < 210_000, "less what was frozen before and is not reached any more"


def wait_until_idle() -> None:
    """Let an earlier page end: its answer is there a moment before its thread has."""
    ends_at = time.monotonic() + 20
    while not page_handler.is_idle():
        assert time.monotonic() < ends_at
        time.sleep(0.01)


@pytest.mark.parametrize("lane", ["PAGES", "SLOW", "SLICES", "EXITS"])
def test_page_that_is_under_way_is_seen_whatever_its_threads_are(lane):
    seen: list[bool] = []
    ticket = Ticket(1, lambda: seen.append(page_handler.is_idle()))
    wait_until_idle()
    getattr(page_handler, lane).enter(ticket)
    ticket.result.result(timeout=20)
    assert seen == [False]
    wait_until_idle()


def test_thread_takes_its_turns_and_ends_with_the_process(monkeypatch):
    begun = Mock()
    monkeypatch.setattr(page_garbage.threading, "Thread", begun)
    page_garbage.keep_collecting(lambda: True, lambda: False)
    assert begun.call_args.kwargs["daemon"] and begun.return_value.start.called


class Enough(BaseException):
    """It ends the thread of a test."""


def test_turn_that_fails_is_told_without_its_words_and_the_next_is_taken(clock, monkeypatch, caplog):
    begun, turns = Mock(), []

    def turn(_garbage: PageGarbage) -> None:
        turns.append(clock.now - 1000)
        raise [RuntimeError("des mots"), Enough][len(turns) - 1]

    monkeypatch.setattr(page_garbage.threading, "Thread", begun)
    monkeypatch.setattr(PageGarbage, "turn", turn)
    page_garbage.keep_collecting(lambda: True, lambda: False)
    with pytest.raises(Enough):
        begun.call_args.kwargs["target"]()
    assert turns == [EVERY_SECONDS, 3 * EVERY_SECONDS]
    assert "a turn failed (RuntimeError)" in caplog.text and "des mots" not in caplog.text
