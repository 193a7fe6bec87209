"""Late documents are made to the end, nobody makes one twice, and the next request gets what was made."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.core.cache import cache, caches
from django.utils.crypto import salted_hmac
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisAway

from common import encryption
from common.data_keys.keys import KeysAway
from common.encryption import UnsealError
from common.offload import background_jobs, long_results, pool
from common.offload.long_results import LongResult
from common.sealed_files.spool import Spool

NOW = 0.05  # seconds of patience


@pytest.fixture
def name():
    return f"test:{uuid4()}"


class Slow:
    """A job that waits until it may end."""

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


@pytest.fixture(autouse=True)
def _jobs_of_other_tests_have_ended():
    wait_for(lambda: all(one.future.done() for one in list(background_jobs._jobs.values())))


@pytest.fixture
def slow():
    job = Slow()
    yield job
    job.may_end.set()


def ask(name, job, who="", patience=NOW, **more):
    return background_jobs.ask(name, job.begin, who=who or name, patience=patience, **more)


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
    assert not background_jobs.is_ready(name)
    for _press in range(3):
        with pytest.raises(background_jobs.NotYet):
            ask(name, slow)
        assert background_jobs.is_under_way(name) and not background_jobs.is_ready(name)
    slow.may_end.set()
    wait_for(lambda: background_jobs.is_ready(name))
    assert ask(name, slow, patience=300) == b"fait"
    assert slow.begun == 1 and not background_jobs.is_under_way(name)
    assert ask(name, slow, patience=300) == b"fait" and slow.begun == 2, "what was given is made anew"


def test_what_nobody_waited_for_is_found_by_every_process_and_can_be_read_by_none_else(name, slow):
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: kept(name)[:1] == background_jobs.DONE)
    wait_for(lambda: not is_here(name))  # from then on this process is like any other
    assert b"fait" not in kept(name) and not background_jobs.is_under_way(name) and background_jobs.is_ready(name)
    key = background_jobs._key_of(name)
    assert 0 < background_jobs._server().ttl(key) <= background_jobs.KEPT_SECONDS and name not in key
    assert ask(name, slow) == b"fait" and slow.begun == 1
    assert kept(name) == b"" and not background_jobs.is_ready(name), "it is given once"


def test_result_is_found_by_who_asks_although_the_thread_that_made_it_has_another_cache(name, slow, monkeypatch):
    """Django makes a cache for each thread, and a thread that other settings began goes on with theirs."""
    with pytest.raises(background_jobs.NotYet):
        ask(f"{name}:before", before := Slow())  # asked first, so that the thread and its cache exist
    before.may_end.set()
    wait_for(lambda: not is_here(f"{name}:before"))
    here = caches["default"].key_prefix  # a hardened site lets nobody write outside of its own
    monkeypatch.setattr(caches["default"], "key_prefix", f"{here}:{uuid4()}")
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: not is_here(name))
    assert ask(name, slow) == b"fait" and slow.begun == 1


def test_result_of_a_process_that_runs_an_older_version_is_given(name, slow):
    """It is sealed for the name of the job alone, and so for both where an update replaces one process at a time."""
    job = "job:" + salted_hmac("common.offload.background_jobs", name, algorithm="sha256").hexdigest()
    key = cache.make_key(job)
    assert key == background_jobs._key_of(name) != job
    background_jobs._write(key, background_jobs.DONE + encryption.seal_bytes(b"fait", context=job), 600)
    assert ask(name, slow) == b"fait" and slow.begun == 0


def test_result_of_this_process_can_be_opened_by_one_that_runs_an_older_version(name, slow):
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: kept(name)[:1] == background_jobs.DONE)
    job = "job:" + salted_hmac("common.offload.background_jobs", name, algorithm="sha256").hexdigest()
    assert encryption.unseal_bytes(kept(name)[1:], context=job) == b"fait"


def test_result_that_a_page_took_while_it_was_being_kept_is_not_found_again(name, slow, monkeypatch):
    """A copy of which something was erased meanwhile was found twice, and its person was told to wait again."""
    write, begun, may_go_on = background_jobs._write_sealed, threading.Event(), threading.Event()

    def written(*arguments, **named):
        begun.set()
        assert may_go_on.wait(300)
        return write(*arguments, **named)

    monkeypatch.setattr(background_jobs, "_write_sealed", written)
    monkeypatch.setattr(background_jobs, "KEEPING_SECONDS", 300)
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    assert begun.wait(300)
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(ask, name, slow, patience=300)
        wait_for(lambda: not is_here(name))
        with pytest.raises(TimeoutError):
            taken.result(0.3)
        may_go_on.set()
        assert taken.result(300) == b"fait"
    assert kept(name) == b"" and not background_jobs.is_under_way(name)


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


def test_result_that_came_while_another_process_begins_to_wait_is_not_lost(name, caplog):
    key = background_jobs._key_of(name)
    background_jobs._write(key, background_jobs.DONE + b"x", 600)
    background_jobs._await_elsewhere(key)
    assert kept(name)[:1] == background_jobs.DONE
    background_jobs._forget(key)
    background_jobs._await_elsewhere(key)
    assert kept(name) == b"" and not caplog.text


def test_result_that_comes_between_the_look_and_the_mark_is_not_lost(name, monkeypatch, caplog):
    key = background_jobs._key_of(name)
    assert background_jobs._claim(key)
    real = Pipeline.multi

    def multi(pipe):
        background_jobs._write(key, background_jobs.DONE + b"x", 600)
        real(pipe)

    monkeypatch.setattr(Pipeline, "multi", multi)
    background_jobs._await_elsewhere(key)
    assert kept(name)[:1] == background_jobs.DONE and not caplog.text


def test_few_pages_wait_and_a_further_one_is_told_at_once(name):
    """Each of them holds a thread that other pages need."""
    jobs = [Slow(str(number).encode()) for number in range(4)]
    given = {}

    def wait(number):
        given[number] = ask(f"{name}:{number}", jobs[number], patience=300)

    waiting = [threading.Thread(target=wait, args=(number,)) for number in range(3)]
    for each in waiting:
        each.start()
    wait_for(lambda: all(job.begun for job in jobs[:3]))
    began = time.monotonic()
    with pytest.raises(background_jobs.NotYet):
        ask(f"{name}:3", jobs[3], patience=30)
    assert time.monotonic() - began < 20, "it did not wait"
    for job in jobs:
        job.may_end.set()
    for each in waiting:
        each.join()
    assert given == {0: b"0", 1: b"1", 2: b"2"}
    assert ask(f"{name}:3", jobs[3], patience=300) == b"3" and jobs[3].begun == 1


def test_lease_is_renewed_while_the_job_is_under_way_and_ends_with_its_process(name, slow, monkeypatch):
    monkeypatch.setattr(background_jobs, "LEASE_SECONDS", 3)
    monkeypatch.setattr(background_jobs, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(background_jobs, "_beating", [])  # an older thread may sleep for longer than this lease
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    time.sleep(3.5)
    assert kept(name) == background_jobs.WAITING
    other = background_jobs._key_of(f"{name}:other")
    assert background_jobs._claim(other)  # claimed for a process that is killed now
    wait_for(lambda: background_jobs._read(other) == b"")


def test_renewed_lease_lasts_longer_and_a_result_no_less(name):
    leased, done = (background_jobs._key_of(f"{name}:{which}") for which in ("leased", "done"))
    background_jobs._write(leased, background_jobs.WAITING, 5)
    background_jobs._write(done, background_jobs.DONE + b"x", background_jobs.KEPT_SECONDS)
    background_jobs._renew([leased, done])
    ends = [background_jobs._server().ttl(key) for key in (leased, done)]
    assert 5 < ends[0] <= background_jobs.LEASE_SECONDS < ends[1]


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
    assert not background_jobs.is_ready(name)
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
        ask(f"{name}:third", slow, who="b", is_for_staff=True)
    assert slow.begun == 1
    slow.may_end.set()
    assert ask(name, slow, who="a", patience=300) == b"fait"
    assert ask(f"{name}:other", slow, who="a", patience=300, is_for_staff=True) == b"fait"


def test_visitors_leave_places_to_the_staff(name, slow):
    for number in range(background_jobs.AT_MOST - background_jobs.KEPT_FOR_STAFF):
        with pytest.raises(background_jobs.NotYet):
            ask(f"{name}:{number}", slow)
    with pytest.raises(pool.Busy):
        ask(f"{name}:visitor", slow)
    for number in range(background_jobs.KEPT_FOR_STAFF):
        with pytest.raises(background_jobs.NotYet):
            ask(f"{name}:staff{number}", slow, is_for_staff=True)
    with pytest.raises(pool.Busy):
        ask(f"{name}:one more", slow, is_for_staff=True)
    slow.may_end.set()
    assert ask(f"{name}:staff0", slow, patience=300) == b"fait"


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
    assert background_jobs.is_ready(name)
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


def test_result_that_stayed_in_its_process_too_long_is_not_given(name, monkeypatch):
    monkeypatch.setattr(background_jobs, "KEPT_BYTES", 3)
    job = Slow()
    with pytest.raises(background_jobs.NotYet):
        ask(name, job)
    job.may_end.set()
    here = background_jobs._jobs[background_jobs._key_of(name)]
    wait_for(lambda: here.ended_at)
    background_jobs._forget(background_jobs._key_of(name))  # its lease has ended
    here.ended_at -= background_jobs.KEPT_SECONDS + 1
    assert ask(name, job, patience=300) == b"fait" and job.begun == 2


def test_result_that_stayed_in_its_process_is_forgotten_though_nobody_asks_for_anything(name, monkeypatch):
    monkeypatch.setattr(background_jobs, "KEPT_BYTES", 3)
    monkeypatch.setattr(background_jobs, "SWEEP_SECONDS", 0.05)  # counted from the end of this job
    job = Slow()
    with pytest.raises(background_jobs.NotYet):
        ask(name, job)
    job.may_end.set()
    here = background_jobs._jobs[background_jobs._key_of(name)]
    wait_for(lambda: here.ended_at)
    here.ended_at -= background_jobs.KEPT_SECONDS + 1
    wait_for(lambda: not is_here(name))


@pytest.mark.parametrize(("error", "stays"), [(UnsealError, False), (KeysAway, True)])
def test_nothing_stays_of_an_exchange_that_was_erased_meanwhile(name, slow, monkeypatch, error, stays):
    tried = threading.Event()

    def seal(*_arguments, **_named):
        tried.set()
        raise error

    monkeypatch.setattr(background_jobs.encryption, "seal_bytes", seal)
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    assert tried.wait(300)
    if stays:
        assert ask(name, slow) == b"fait" and slow.begun == 1
    else:
        wait_for(lambda: not is_here(name) and not kept(name))


def test_result_stays_while_the_server_of_the_keys_is_away(name, slow, monkeypatch):
    with pytest.raises(background_jobs.NotYet):
        ask(name, slow)
    slow.may_end.set()
    wait_for(lambda: kept(name)[:1] == background_jobs.DONE)
    wait_for(lambda: not is_here(name))

    def away(*_arguments, **_named):
        raise KeysAway

    with monkeypatch.context() as there:
        there.setattr(background_jobs.encryption, "unseal_bytes", away)
        with pytest.raises(KeysAway):
            ask(name, slow)
    assert ask(name, slow) == b"fait" and slow.begun == 1


# --- long results -----------------------------------------------------------------------------------------------------


def long_result(*contents, about="rien"):
    spool = Spool()
    return LongResult(about, tuple(long_results.keep_pieces(spool, (content,)) for content in contents))


def read(result):
    return result.about, [part.read() for part in result.parts]


CONTENTS = [b"\x00fait" * 300_000, b"", b"fin"]  # three pieces in Redis


def late(name, job):
    """Have this job made while nobody waits, and return when only Redis has its result."""
    with pytest.raises(background_jobs.NotYet):
        ask(name, job)
    job.may_end.set()
    wait_for(lambda: kept(name)[:1] == background_jobs.DONE)
    wait_for(lambda: not is_here(name))


def pieces_of(name):
    key = background_jobs._key_of(name)
    return [one for one in (background_jobs._read(f"{key}:{number}") for number in range(9)) if one]


def test_long_result_is_found_by_every_process_piece_by_piece_and_given_once(name):
    job = Slow(long_result(*CONTENTS, about={"files": ["a", "é"]}))
    late(name, job)
    assert background_jobs.is_ready(name) and len(pieces_of(name)) == 3
    assert b"fait" not in b"".join([kept(name), *pieces_of(name)])
    lasts = [background_jobs._server().ttl(f"{background_jobs._key_of(name)}:{number}") for number in range(3)]
    assert min(lasts) >= background_jobs._server().ttl(background_jobs._key_of(name)) > 0
    assert read(ask(name, job)) == ({"files": ["a", "é"]}, CONTENTS)
    assert job.begun == 1 and kept(name) == b"" and pieces_of(name) == [], "it is given once"


def test_long_result_for_which_a_page_waits_is_given_as_it_is(name):
    job = Slow(long_result(*CONTENTS))
    job.may_end.set()
    assert read(ask(name, job, patience=300)) == ("rien", CONTENTS)
    assert pieces_of(name) == []


@pytest.mark.parametrize("number", [0, 2])
def test_long_result_of_which_a_piece_is_gone_is_made_again(name, number):
    job = Slow(long_result(*CONTENTS))
    late(name, job)
    background_jobs._server().delete(f"{background_jobs._key_of(name)}:{number}")
    assert read(ask(name, job, patience=300)) == ("rien", CONTENTS)
    assert job.begun == 2 and pieces_of(name) == []


def test_pieces_of_a_long_result_are_bound_to_their_places(name):
    job, key = Slow(long_result(*CONTENTS)), background_jobs._key_of(name)
    late(name, job)
    server = background_jobs._server()
    first, second = server.get(f"{key}:0"), server.get(f"{key}:1")
    server.set(f"{key}:0", second, ex=60)
    server.set(f"{key}:1", first, ex=60)
    assert read(ask(name, job, patience=300)) == ("rien", CONTENTS)
    assert job.begun == 2


def test_long_result_that_was_given_back_is_found_again(name, slow):
    background_jobs.give_back(name, long_result(*CONTENTS), who=name)
    assert read(ask(name, slow)) == ("rien", CONTENTS) and slow.begun == 0


def test_process_of_a_version_before_begins_a_long_job_again(name):
    """It reads what Redis has as one sealed value, which does not open."""
    late(name, Slow(long_result(*CONTENTS)))
    context = background_jobs._context_of(background_jobs._key_of(name))
    with pytest.raises(UnsealError):
        encryption.unseal_bytes(kept(name)[1:], context=context)


def test_long_result_too_large_for_redis_stays_in_its_process(name, monkeypatch):
    monkeypatch.setattr(background_jobs, "KEPT_BYTES", len(b"".join(CONTENTS)) - 1)
    job = Slow(long_result(*CONTENTS))
    with pytest.raises(background_jobs.NotYet):
        ask(name, job)
    job.may_end.set()
    wait_for(lambda: background_jobs.is_ready(name))
    assert read(ask(name, job, patience=300)) == ("rien", CONTENTS)
    assert job.begun == 1 and pieces_of(name) == []


def test_nothing_stays_of_a_long_result_when_its_exchange_was_erased_meanwhile(name, monkeypatch):
    seal, sealed = encryption.seal_bytes, []

    def gone_after_one(*arguments, **named):
        if sealed:
            raise UnsealError("gone")
        sealed.append(seal(*arguments, **named))
        return sealed[0]

    monkeypatch.setattr(encryption, "seal_bytes", gone_after_one)
    job = Slow(long_result(*CONTENTS))
    with pytest.raises(background_jobs.NotYet):
        ask(name, job)
    job.may_end.set()
    wait_for(lambda: not is_here(name))
    wait_for(lambda: kept(name) == b"")
    assert sealed and pieces_of(name) == []
