"""A process tells systemd that it works, for as long as it does, and tells nothing where nobody listens."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from common import watchdog
from common.watchdog import ALIVE, READY, ServiceManager, Steps, Turns, tell_while
from tests.support.service_manager import Listener


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_supervisor_is_read_once_and_children_are_not_told(tmp_path):
    with Listener(tmp_path, 30) as listener:
        environment = {**listener.environment, "WATCHDOG_PID": str(os.getpid()), "PATH": "/bin"}
        manager = ServiceManager.of(environment)
        assert environment == {"PATH": "/bin"}
        assert (manager.patience, manager.every) == (30, 10)
        manager.tell(READY)
        assert listener.hear() == "READY=1"


def test_supervisor_may_have_an_abstract_address():
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0pnav-test-{os.getpid()}")
        ServiceManager(f"@pnav-test-{os.getpid()}").tell(ALIVE)
        assert listening.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "3000000"},  # nobody listens
        # The watchdog of another process.
        {"NOTIFY_SOCKET": "/run/somewhere", "WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "/run/somewhere", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/run/somewhere"},  # it only wants to know when the process is ready
    ],
)
def test_where_nobody_watches_no_thread_is_made(environment):
    manager = ServiceManager.of(environment)
    assert manager.every is None
    assert tell_while(manager, lambda: True, threading.Event()) is None


def test_supervisor_that_is_gone_is_told_of_once(tmp_path, caplog):
    manager = ServiceManager(str(tmp_path / "nobody"), 3)
    for _word in range(3):
        manager.tell(ALIVE)
    (line,) = caplog.messages
    assert line.endswith("(FileNotFoundError)") and str(tmp_path) not in line


def test_nothing_is_told_while_a_step_does_not_end(tmp_path, caplog):
    clock, stop = Clock(), threading.Event()
    steps = Steps(90, clock)
    asked = threading.Semaphore(0)

    def is_well() -> bool:
        asked.release()
        return not steps.is_late

    with Listener(tmp_path, 0.03) as listener:
        thread = tell_while(ServiceManager.of(dict(listener.environment)), is_well, stop)
        assert thread is not None and listener.hear() == ALIVE
        clock.now = 91
        while listener.hear(0.1) is not None:  # words that were under way
            pass
        for _time in range(5):
            assert asked.acquire(timeout=30)
        assert listener.hear(0.01) is None
        assert sum("does not end" in message for message in caplog.messages) == 1
        steps.begin()
        assert listener.hear() == ALIVE
        stop.set()
        thread.join(30)


def test_loop_tells_while_its_threads_are_not_stuck(tmp_path, caplog):
    stuck = [False, True, True, False]
    asked = iter(stuck)

    async def are_stuck() -> bool:
        try:
            return next(asked)
        except StopIteration:
            raise asyncio.CancelledError from None

    with Listener(tmp_path, 0.03) as listener:
        telling = watchdog.tell_from_loop(ServiceManager.of(dict(listener.environment)), are_stuck)
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(telling)
        assert [listener.hear(), listener.hear(), listener.hear(0.01)] == [ALIVE, ALIVE, None]
    assert sum("take no turns" in message for message in caplog.messages) == stuck.count(True)
    asyncio.run(watchdog.tell_from_loop(ServiceManager(), are_stuck))  # nobody watches, so it returns


def test_step_may_have_a_time_of_its_own():
    clock = Clock()
    steps = Steps(90, clock)
    steps.begin(3600)
    clock.now = 3600
    assert not steps.is_late
    steps.begin()
    clock.now += 91
    assert steps.is_late


def test_pool_takes_turns_or_is_seen_waiting():
    clock, held = Clock(), threading.Event()
    with ThreadPoolExecutor(1) as threads, ExitStack() as at_the_end:
        at_the_end.callback(held.set)
        turns = Turns(threads, clock)
        for now in (0, 5):
            clock.now = now
            assert turns.waited() == 0, "it had its turn, and another was given"
            threads.submit(lambda: None).result()  # this ends after the earlier work
        threads.submit(held.wait)
        for now in (10, 20, 80):
            clock.now = now
            assert turns.waited() == now - 10
        assert threads._work_queue.qsize() == 1, "one piece waits, however often one asks"


def test_share_of_the_time_allowed_leaves_room_for_two_that_are_late():
    assert watchdog.SHARE >= 3
