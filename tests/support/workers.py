"""`pytest --workers=4`: the tests are read once, then run by processes that are forked, a file at a time.

Four interpreters that each read Django, our code and ten thousand cases take ten seconds of processor time each, and
twice as much in a fresh clone, where each also compiles what the others compile at the same time. A fork takes some
milliseconds. A worker has its own database, its own database of Valkey (`environment.become_worker`, the fixtures of
pytest-django) and its own folder for temporary files. It sends its reports to the process that forked it, which counts
and prints them as pytest does without workers. Each test that fails is also written to `.local/failures.txt` as soon as
it has failed, because the end of a whole run is half an hour away.

When a worker ends in the middle of a test, that test fails, and the other workers run its other tests.
"""

import atexit
import ctypes
import os
import random
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

import pytest

from tests.support import environment, order, seconds
from tests.support.call_stack import call_with_room

PR_SET_PDEATHSIG = 1  # the option of prctl(2) that ends this process with its parent
SECONDS = pytest.StashKey[seconds.Account]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("workers").addoption("--workers", type=int, default=0, metavar="N", help="run tests in N processes")


def are_wanted(config: pytest.Config) -> bool:
    return bool(config.getoption("workers")) and not config.option.collectonly


def is_one(config: pytest.Config) -> bool:
    """Return whether this process is a worker."""
    return hasattr(config, "workerinput")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    if are_wanted(session.config) and session.config.pluginmanager.has_plugin("django"):
        environment.prepare_for_workers(pages="not browser" not in session.config.option.markexpr)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not are_wanted(session.config) or (
        session.testsfailed and not session.config.option.continue_on_collection_errors
    ):
        alone: bool = call_with_room(session.config.pluginmanager.get_plugin("main").pytest_runtestloop, session)
        return alone
    workers = Workers(session, session.config.getoption("workers"))
    session.config.stash[SECONDS] = workers.seconds
    workers.run()
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if (account := config.stash.get(SECONDS, None)) is not None:
        account.keep(config.rootpath / ".local" / "seconds.txt")
        terminalreporter.section("seconds of the processor, of the wall")
        for line in account.lines()[: 2 + seconds.SHOWN]:
            terminalreporter.write_line(line)


# --- the process that forks -------------------------------------------------------------------------------------------


@dataclass
class Worker:
    """One worker. number: which of those that were forked, from 0. left: the numbers of the tests that it was given and
    has not finished, in their order.
    """

    pid: int
    line: Connection
    number: int
    left: deque[int] = field(default_factory=deque)


def require_one_thread(threads: Iterable[threading.Thread]) -> None:
    others = [thread.name for thread in threads if thread is not threading.main_thread()]
    assert not others, f"a fork would lose these threads: {others}"


class WorkersBroke(RuntimeError):
    """A worker met an error outside of the tests; the message tells it."""


class Workers:
    """The workers of one run. Files are given out one after the other, in the order in which the tests were sorted, but
    for workers that begin with those of one kind (`order.next_file`).
    """

    def __init__(self, session: pytest.Session, count: int) -> None:
        self.session = session
        self.count = count
        in_files = groupby(range(len(session.items)), lambda number: session.items[number].path)
        self.files = deque(deque(numbers) for _path, numbers in in_files)
        self.workers: dict[Connection, Worker] = {}
        self.started = 0
        self.seconds = seconds.Account()
        # Look for it while this is the only process: the workers share the number of the run's folder.
        self.temporary = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]

    @property
    def failures(self) -> Path:
        """Return the file into which failed tests are written as they come."""
        return self.session.config.rootpath / ".local" / "failures.txt"

    def run(self) -> None:
        self.failures.parent.mkdir(exist_ok=True)
        self.failures.write_text("", encoding="utf-8")
        try:
            for _each in range(self.count):
                self._fork()
            while self.workers:
                for line in wait(list(self.workers)):
                    self._hear(self.workers[line])  # type: ignore[index]
        finally:
            for worker in self.workers.values():
                os.kill(worker.pid, signal.SIGKILL)
                os.waitpid(worker.pid, 0)

    def _fork(self) -> None:
        require_one_thread(threading.enumerate())
        number, self.started = self.started, self.started + 1
        here, there = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            here.close()
            for other in self.workers:
                other.close()
            _work(self.session, there, number, self.temporary / f"worker-{number}")
        there.close()
        self.workers[here] = Worker(pid, here, number)

    def _hear(self, worker: Worker) -> None:
        try:
            kind, told = worker.line.recv()
        except EOFError:
            self._gone(worker)
            return
        self.seconds.note(self._running)
        if kind == "asks":
            given = self._take(worker.number) if self.files else deque()
            worker.left.extend(given)
            worker.line.send(list(given))
        elif kind == "ended":
            number = worker.left.popleft()
            item = self.session.items[number]
            self.session.config.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        elif kind == "file":
            self.seconds.add(*told)
        elif kind == "report":
            hook = self.session.config.hook
            report = hook.pytest_report_from_serializable(config=self.session.config, data=told)
            if report.failed:
                self._keep_failure(report)
            hook.pytest_runtest_logreport(report=report)
        elif kind == "warning":
            self._warned(**told)
        else:
            raise WorkersBroke(told)
        if self.session.shouldfail:
            raise self.session.Failed(self.session.shouldfail)
        if self.session.shouldstop:
            raise self.session.Interrupted(self.session.shouldstop)

    def _keep_failure(self, report: pytest.TestReport) -> None:
        with self.failures.open("a", encoding="utf-8") as file:
            file.write(f"{report.nodeid} ({report.when})\n{report.longreprtext}\n\n")

    def _take(self, number: int) -> deque[int]:
        """Take the file that the worker of this number is given next."""
        files = (self.session.items[tests[0]].nodeid.partition("::")[0] for tests in self.files)
        place = order.next_file(files, number, self.count)
        given = self.files[place]
        del self.files[place]
        return given

    def _running(self) -> list[str]:
        """Return the files that workers run now."""
        items = self.session.items
        return [items[one.left[0]].nodeid.partition("::")[0] for one in self.workers.values() if one.left]

    def _warned(self, text: str, category: str, file: str, line: int, when: Any, nodeid: str, location: Any) -> None:
        kind = type(category, (Warning,), {})
        self.session.config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": warnings.WarningMessage(kind(text), kind, file, line),
                "when": when, "nodeid": nodeid, "location": location,
            }
        )  # fmt: skip

    def _gone(self, worker: Worker) -> None:
        """Handle a worker that ended, whether it was finished or in the middle of a test."""
        del self.workers[worker.line]
        worker.line.close()
        _pid, status = os.waitpid(worker.pid, 0)
        if not worker.left:
            return
        item = self.session.items[worker.left.popleft()]
        why = f"The worker ended in the middle of this test: {os.waitstatus_to_exitcode(status)}"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", why, "call")
        self._keep_failure(report)
        self.session.config.hook.pytest_runtest_logreport(report=report)
        if worker.left:
            self.files.appendleft(worker.left)
        if self.files:
            self._fork()


# --- a worker ---------------------------------------------------------------------------------------------------------


def _work(session: pytest.Session, line: Connection, number: int, folder: Any) -> None:
    """Run in the fork, and never return."""
    status = 1
    try:
        # What is to be done at the end of the first process is not for us; what tests register from now on is.
        atexit._clear()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        random.seed()
        config = session.config
        config.workerinput = {"workerid": f"gw{number}"}  # type: ignore[attr-defined]  pytest-django and caches ask for it
        environment.become_worker(number)
        folder.mkdir(mode=0o700)
        config._tmp_path_factory._basetemp = folder  # type: ignore[attr-defined]
        capturing = config.pluginmanager.get_plugin("capturemanager")
        capturing.stop_global_capturing()  # its output would go into a file that all workers share
        capturing.start_global_capturing()
        terminal = config.pluginmanager.unregister(name="terminalreporter")
        assert isinstance(terminal, pytest.TerminalReporter)
        config.pluginmanager.register(Reporter(config, line, terminal), name="terminalreporter")
        meter = seconds.Meter()
        for item, following in _given(session.items, line):
            call_with_room(config.hook.pytest_runtest_protocol, item=item, nextitem=following)
            line.send(("ended", None))
            if following is None or following.path != item.path:
                line.send(("file", (item.nodeid.partition("::")[0], *meter.lap())))
        atexit._run_exitfuncs()
        status = 0
    except BaseException:  # noqa: BLE001  told to the process that forked us, which ends the run
        line.send(("broke", traceback.format_exc()))
    finally:
        line.close()
        os._exit(status)


def _given(items: list[pytest.Item], line: Connection) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    """Yield each test of the files that this worker is given, with the one after it, so that fixtures of both
    are kept.
    """

    def ask() -> list[int]:
        line.send(("asks", None))
        numbers: list[int] = line.recv()
        return numbers

    numbers = ask()
    while numbers:
        last = numbers[-1]
        for number, after in pairwise(numbers):
            yield items[number], items[after]
        numbers = ask()
        yield items[last], items[numbers[0]] if numbers else None


class Reporter:
    """Replaces the terminal: it tells the process that forked us what pytest tells its plugins."""

    def __init__(self, config: pytest.Config, line: Connection, terminal: pytest.TerminalReporter) -> None:
        self.config = config
        self.line = line
        self._tw = terminal._tw  # pytest asks how to colour what it says about an `assert`
        # `--durations` and `--junit-xml` look at the beginning and the end of each test too.
        self.is_asked_for_all = any(config.getoption(name, None) is not None for name in ("durations", "xmlpath"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send the report, unless it says only that a test began or ended well, as two of three do.

        A report with what was written meanwhile is sent, because that is shown with a failure.
        """
        if report.passed and report.when != "call" and not report.sections and not self.is_asked_for_all:
            return
        # The terminal asks this too, and a test whose subtests failed fails because of it.
        self.config.hook.pytest_report_teststatus(config=self.config, report=report)
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.line.send(("report", data))

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        told = {
            "text": str(warning_message.message), "category": warning_message.category.__name__,
            "file": warning_message.filename, "line": warning_message.lineno,
            "when": when, "nodeid": nodeid, "location": location,
        }  # fmt: skip
        self.line.send(("warning", told))
