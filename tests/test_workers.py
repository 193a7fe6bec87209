"""A run with forked workers reports what a run by one process reports. A worker that ends fails the test that it was
running.
"""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import once, order, seconds, workers

ONE = """
import os, sys, warnings
import pytest

ended = []

@pytest.fixture(scope="module")
def kept():
    ended.append("begun")
    yield os.getpid()
    ended.append("ended")

def test_first(kept, tmp_path):
    assert ended == ["begun"] and "worker-" in str(tmp_path)
    (tmp_path.parent / "pid").write_text(str(kept))

def test_same_process_goes_on(kept, tmp_path):
    assert ended == ["begun"] and (tmp_path.parent / "pid").read_text() == str(os.getpid()) == str(kept)

def test_fails():
    print("said before it failed")
    assert [1, 2] == [1, 3]

def test_in_parts(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number != 1

def test_warns():
    warnings.warn("mind the step", UserWarning)

@pytest.mark.skip(reason="not today")
def test_is_skipped():
    raise AssertionError

def test_notes(record_property):
    record_property("note", ["seven", 7])

@pytest.fixture
def broken():
    raise LookupError("nothing there")

def test_cannot_begin(broken):
    raise AssertionError
"""
ENDS = """
import os, signal

def test_before():
    pass

def test_ends_its_worker():
    os.kill(os.getpid(), signal.SIGKILL)

def test_after():
    pass
"""
HEARD = """
import atexit, os, pathlib
from django.conf import settings
from django.core.cache import cache

def test_names_of_its_own():
    worker = os.environ["PNAV_TESTS_WORKER"]
    assert settings.CACHES["default"]["KEY_PREFIX"] == os.environ["REDIS_PREFIX"] == f"test-{worker}"
    assert settings.CACHES["default"]["LOCATION"] == settings.REDIS_URL == os.environ["REDIS_URL"]
    assert settings.REDIS_URL.endswith(f"db={int(worker[2:])}")
    assert settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] == f"test-{worker}"

def test_end_of_the_process_is_heard():
    atexit.register(pathlib.Path(__file__).with_name("heard").touch)
"""


CONFTEST = """
from django.conf import settings

settings.configure(
    REDIS_URL="unix:///nowhere",
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "unix:///nowhere"}},
    CHANNEL_LAYERS={"default": {"CONFIG": {"hosts": [{"address": "unix:///nowhere"}], "prefix": ""}}},
)

def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.stats.get("", ()):
        terminalreporter.write_line(f"heard of the {report.when} of {report.nodeid}")
"""
SAYS_AT_ITS_END = """
import pytest

@pytest.fixture
def speaks():
    yield
    print("said at its end")

def test_fails(speaks):
    assert False

def test_passes():
    pass
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on the tests of this folder, without our own tests, with settings that are quick to read."""
    passed = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PNAV_TESTS"))}
    environment = passed | {"PYTHONPATH": str(once.ROOT), "REDIS_URL": "unix:///nowhere"}
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST)
    command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "tests.support.workers"]
    return subprocess.run(
        [*command, "-p", "no:django", "-p", "no:cacheprovider", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def outcomes(said: str) -> dict[str, int]:
    """Return the counts in the last line by their words."""
    return {word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", said.splitlines()[-1])}


def test_workers_say_what_one_process_says(tmp_path: Path):
    (tmp_path / "test_one.py").write_text(ONE.replace('"worker-" in str(tmp_path)', "True"))
    alone = run(tmp_path)
    assert alone.returncode == 1, alone.stdout + alone.stderr
    (tmp_path / "test_one.py").write_text(ONE)
    shared = run(tmp_path, "--workers", "2")
    assert shared.returncode == 1, shared.stdout + shared.stderr
    assert outcomes(shared.stdout) == outcomes(alone.stdout)
    for said in (
        "FAILED test_one.py::test_fails - assert [1, 2] == [1, 3]",
        "said before it failed",
        "FAILED test_one.py::test_in_parts - contains 1 failed subtest",
        "UserWarning: mind the step",
        "ERROR test_one.py::test_cannot_begin - LookupError: nothing there",
    ):
        assert said in shared.stdout and said in alone.stdout, shared.stdout + alone.stdout
    assert (tmp_path / ".local" / "seconds.txt").read_text().rstrip().endswith("test_one.py")
    assert "seconds of the processor" in shared.stdout
    kept = (tmp_path / ".local" / "failures.txt").read_text()
    for said in ("test_one.py::test_fails (call)", "assert [1, 2] == [1, 3]", "test_one.py::test_cannot_begin (setup)"):
        assert said in kept, kept


def test_beginnings_and_ends_that_say_nothing_are_not_sent(tmp_path: Path):
    (tmp_path / "test_one.py").write_text(SAYS_AT_ITS_END)
    done = run(tmp_path, "--workers", "1")
    assert outcomes(done.stdout) == {"failed": 1, "passed": 1}, done.stdout + done.stderr
    assert re.findall("heard of the (.+)", done.stdout) == ["teardown of test_one.py::test_fails"]
    assert "said at its end" in done.stdout
    for option in ("--durations=0", "--junit-xml=tests.xml"):
        assert len(re.findall("heard of the", run(tmp_path, "--workers", "1", option).stdout)) == 4, option


def test_worker_that_ends_fails_its_test_and_another_does_the_rest(tmp_path: Path):
    # The file that ends its worker is given out first. A worker that ran the other file before would also lose the
    # reports that still wait for its end.
    (tmp_path / "test_1_ends.py").write_text(ENDS)
    (tmp_path / "test_2_heard.py").write_text(HEARD)
    done = run(tmp_path, "--workers", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED test_1_ends.py::test_ends_its_worker" in done.stdout
    assert "The worker ended in the middle of this test: -9" in done.stdout
    assert "The worker ended in the middle of this test: -9" in (tmp_path / ".local" / "failures.txt").read_text()
    assert outcomes(done.stdout) == {"failed": 1, "passed": 4}, done.stdout
    assert (tmp_path / "heard").exists()


def test_run_stops_at_the_first_failure_when_it_is_asked_to(tmp_path: Path):
    (tmp_path / "test_one.py").write_text("def test_fails():\n    assert False\n\n\ndef test_after():\n    pass\n")
    done = run(tmp_path, "--workers", "1", "-x")
    assert done.returncode == 1 and "stopping after 1 failures" in done.stdout, done.stdout + done.stderr
    assert outcomes(done.stdout) == {"failed": 1}


def test_worker_is_given_the_files_of_its_kind(tmp_path: Path):
    names = [order.WAITS_IN_BROWSER[0], "tests/browser/test_short.py", "tests/test_a.py"]
    items = [SimpleNamespace(nodeid=f"{name}::{case}", path=name) for name in names for case in "ab"]
    config = SimpleNamespace(_tmp_path_factory=SimpleNamespace(getbasetemp=lambda: tmp_path))
    session: Any = SimpleNamespace(items=items, config=config)
    six = workers.Workers(session, 6)
    assert [list(six._take(number)) for number in (4, 3, 0)] == [[0, 1], [4, 5], [2, 3]]
    six = workers.Workers(session, 6)
    assert [list(six._take(0)) for _each in names] == [[2, 3], [0, 1], [4, 5]]


def test_fork_would_lose_no_thread():
    """Threads of the forking process do not exist in its workers, so a module that starts one must not be loaded
    before.
    """
    with pytest.raises(AssertionError, match="a fork would lose these threads"):
        workers.require_one_thread([threading.main_thread(), threading.Thread(name="queue")])


def test_seconds_of_what_was_started_count_while_it_runs_and_when_it_has_ended():
    busy = "import time\nwhile time.process_time() < 0.4: pass\nprint('done', flush=True)\n"
    for more in ("", "input()"):
        meter = seconds.Meter()
        with subprocess.Popen(
            [sys.executable, "-c", busy + more], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as child:
            assert child.stdout is not None and child.stdin is not None
            assert child.stdout.readline() == b"done\n"
            if not more:
                child.wait()
            cpu, wall = meter.lap()
            child.stdin.close()
        assert 0.35 < cpu < 5 and wall > 0.3


def test_dearest_file_is_named_first_and_laps_of_one_file_are_added():
    account = seconds.Account()
    for file, cpu in (("a.py", 1.0), ("b.py", 1.5), ("a.py", 1.0)):
        account.add(file, cpu, 2.0)
    assert [line.split() for line in account.lines()[2:]] == [["2.0", "4.0", "a.py"], ["1.5", "2.0", "b.py"]]


def test_idle_processors_are_noted_with_what_ran(monkeypatch, tmp_path):
    monkeypatch.setattr(seconds, "STEP_SECONDS", 0.3)
    account = seconds.Account()
    account.note(lambda: ["too-early.py"])
    time.sleep(0.35)
    account.note(lambda: ["slow.py", "waits.py"])
    account.keep(tmp_path / "seconds.txt")
    (step,) = account.steps
    assert re.fullmatch(r"\s+0\s+\d+\.\d idle; slow\.py waits\.py", step)
    assert (tmp_path / "seconds.txt").read_text().splitlines()[-1] == step
