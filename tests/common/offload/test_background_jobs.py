"""Documents that are late: they go on, nobody makes one twice, and whoever asks again is given what was made."""

import threading
import time
from uuid import uuid4

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisAway

from common.offload import background_jobs, pool

NOW = 0.05  # seconds of patience


@pytest.fixture
def name():
    return f"test:{uuid4()}"


class Slow:
    """It is a job that waits until it is allowed to end."""

    def __init__(self, result=b"fait", error=None):
        self.result, self.error = result, error
        self.may_end, self.begun = threading.Event(), 0

    def begin(self):
        self.begun += 1
        return self._work

    def _work(self):
        assert self.may_end.wait(300)
        if self.error is not None:
            raise self.error
        return self.result


@pytest.fixture
def slow():
    job = Slow()
    yield job
    job.may_end.set()


def ask(name, job, who="", patience=NOW):
    return background_jobs.ask(name, job.begin, who=who or name, patience=patience)


def wait_for(condition):
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def kept(name):
    return background_jobs._read(background_jobs._key_of(name))


def is_here(name):
    return background_jobs._key_of(name) in background_jobs._jobs


def test_job_that_is_late_goes_on_and_is_given_to_whoever_asks_again(name, slow):
    for _press in range(3):
        with pytest.raises(background_jobs.NotYet):
            ask(name, slow)
        assert background_jobs.is_under_way(name)
    slow.may_end.set()
    assert ask(name, slow, patience=300) == b"fait"
    assert slow.begun == 1 and not background_jobs.is_under_way(name)
    assert ask(name, slow, patience=300) == b"fait" and slow.begun == 2, "what was given is made anew"


def test_what_nobody_waited_for_is_found_by_every_process_and_can_be_read_by_none_else(name, slow):
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: kept(name)[:1] == background_jobs.DONE)
    wait_for(lambda: not is_here(name))  # as in another process
    assert b"fait" not in kept(name) and not background_jobs.is_under_way(name)
    key = cache.make_key(background_jobs._key_of(name))
    assert 0 < background_jobs._server().ttl(key) <= background_jobs.KEPT_SECONDS and name not in key
    assert ask(name, slow) == b"fait" and slow.begun == 1
    assert kept(name) == b"", "it is given once"


def test_job_of_another_process_is_waited_for_and_not_made_twice(name, slow):
    key = background_jobs._key_of(name)
    assert background_jobs._claim(key)
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    assert background_jobs.is_under_way(name) and slow.begun == 0
    assert kept(name) == background_jobs.AWAITED, "so that what is given there can be had here too"
    background_jobs._forget(key)  # that process has ended, and its lease with it
    slow.may_end.set()
    assert ask(name, slow, patience=300) == b"fait" and slow.begun == 1


def test_second_press_that_reached_another_process_is_given_what_the_first_one_would_have_been(name, slow):
    """The first press waits here, and its browser has gone; the second one waits elsewhere."""
    given = []
    first = threading.Thread(target=lambda: given.append(ask(name, slow, patience=300)))
    first.start()
    wait_for(lambda: kept(name)[:1] == background_jobs.WAITING)
    background_jobs._await_elsewhere(background_jobs._key_of(name))
    slow.may_end.set()
    first.join()
    assert given == [b"fait"] and not is_here(name)
    assert ask(name, slow) == b"fait" and slow.begun == 1


def test_lease_is_renewed_while_the_job_is_under_way_and_ends_with_its_process(name, slow, monkeypatch):
    monkeypatch.setattr(background_jobs, "LEASE_SECONDS", 3)
    monkeypatch.setattr(background_jobs, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(background_jobs, "_beating", [])  # an older thread may sleep beyond this lease
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    time.sleep(3.5)
    assert kept(name) == background_jobs.WAITING
    other = background_jobs._key_of(f"{name}:other")
    assert background_jobs._claim(other)  # by a process that dies now
    wait_for(lambda: background_jobs._read(other) == b"")


def test_failure_is_told_once_and_the_next_one_begins_again(name, monkeypatch):
    failing = Slow(error=pool.Failed("slow"))
    failing.may_end.set()
    with pytest.raises(pool.Failed, match="slow"):
        ask(name, failing, patience=300)
    failing.may_end.clear()
    with pytest.raises(background_jobs.NotYet):
        ask(name, failing)
    failing.may_end.set()
    wait_for(lambda: kept(name)[:1] == background_jobs.FAILED)
    wait_for(lambda: not is_here(name))
    with pytest.raises(pool.Failed, match="slow"):
        ask(name, failing)
    broken = Slow(error=ValueError("ce que quelqu'un a écrit"))
    broken.may_end.set()
    with pytest.raises(pool.Failed, match="error"):
        ask(name, broken, patience=300)
    good = Slow()
    good.may_end.set()
    assert ask(name, good, patience=300) == b"fait"


def test_one_asker_has_one_job_and_a_process_a_few(name, slow, monkeypatch):
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow, who="a")
    with pytest.raises(pool.Busy):
        ask(f"{name}:other", slow, who="a")
    monkeypatch.setattr(background_jobs, "AT_MOST", 1)
    with pytest.raises(pool.Busy):
        ask(f"{name}:third", slow, who="b")
    assert slow.begun == 1
    slow.may_end.set()
    assert ask(name, slow, who="a", patience=300) == b"fait"
    assert ask(f"{name}:other", slow, who="a", patience=300) == b"fait"


def test_what_prevents_a_job_is_told_and_nothing_stays_taken(name, slow):
    def refuse():
        raise PermissionError

    with pytest.raises(PermissionError):
        background_jobs.ask(name, refuse, who=name)
    assert kept(name) == b"" and not is_here(name)
    slow.may_end.set()
    assert ask(name, slow, patience=300) == b"fait"


def test_without_redis_it_is_kept_in_its_process(name, slow, monkeypatch):
    def away():
        raise RedisAway

    monkeypatch.setattr(background_jobs, "_server", away)
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: background_jobs._jobs[background_jobs._key_of(name)].ended_at)
    assert ask(name, slow) == b"fait" and slow.begun == 1


def test_what_is_too_large_for_redis_stays_in_its_process(name, slow, monkeypatch):
    monkeypatch.setattr(background_jobs, "KEPT_BYTES", 3)
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: background_jobs._jobs[background_jobs._key_of(name)].ended_at)
    assert kept(name) in (b"", background_jobs.WAITING) and ask(name, slow) == b"fait"


def test_results_that_nobody_comes_for_are_forgotten(name, monkeypatch):
    monkeypatch.setattr(background_jobs, "KEPT_BYTES", 3)
    jobs = [Slow() for _each in range(2)]
    for number, job in enumerate(jobs):
        with pytest.raises(background_jobs.NotYet):
            ask(f"{name}:{number}", job)
        job.may_end.set()
        wait_for(lambda number=number: background_jobs._jobs[background_jobs._key_of(f"{name}:{number}")].ended_at)
    monkeypatch.setattr(background_jobs, "KEPT_SECONDS", 0)
    last = Slow()
    last.may_end.set()
    assert ask(name, last, patience=300) == b"fait"
    assert not is_here(f"{name}:0") and not is_here(f"{name}:1")
