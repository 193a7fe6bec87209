"""Heavy work in a child process: what it may use, and what is left when it dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.offload import background_jobs, pool
from pnav.server.process_role import PAGES_NICENESS

JOBS = "tests.common.offload.jobs"
# The values of production. This module is read before tests/conftest.py gives every test more patience.
PATIENCE_SECONDS, PATIENT = background_jobs.PATIENCE_SECONDS, pool.PATIENT


def ask(do, who="", **more):
    return pool.run(JOBS, {"do": do, **more}, who=who)


def ended(end):
    return pool.ENDED.labels(end)._value.get()


def children() -> list[int]:
    """Return the processes that this one started for heavy work."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
        except OSError:
            continue
        if b"common.offload.child" in words and str(os.getpid()).encode() in words:
            found.append(int(folder.name))
    return found


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def fails(do, why, **more):
    before = ended(why)
    with pytest.raises(pool.Failed) as failed:
        ask(do, **more)
    assert (failed.value.why, str(failed.value)) == (why, why)
    assert ended(why) == before + 1
    assert ask("echo", value="après")[1] == "après".encode()  # no place stays occupied
    assert children() == []


def test_values_and_bytes_come_back():
    before = ended("done")
    text = "é\n😀" * 200_000  # more than a pipe holds, in both directions
    assert ask("echo", value=text) == (text, text.encode())
    assert ended("done") == before + 1


def test_child_holds_no_secret_no_connection_and_little_of_the_machine(monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    found, _nothing = ask("surroundings")
    ours = {name for name in found["environment"] if not name.startswith("LC_")}
    assert ours == {"PYTHONPATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "LANG", "MALLOC_ARENA_MAX",
                    "RAYON_NUM_THREADS"}  # fmt: skip
    assert len(found["files"]) <= 4 and found["nice"] == max(
        pool.NICENESS, os.nice(0)
    )  # three pipes, and the listing itself
    # Where the kernel groups processes by session, its session is a group. Otherwise it would compete with the sockets.
    assert found["autogroup"].split()[1:] in ([], ["nice", str(found["nice"])])
    assert found["limits"]["AS"] == [pool.MEMORY] * 2 and found["limits"]["CORE"] == [0, 0]
    assert found["limits"]["FSIZE"] == [0, 0] and found["limits"]["CPU"][0] == pool.CPU_SECONDS
    assert found["can_dump"] is False
    assert not {"django", "psycopg", "redis", "pnav.settings"} & set(found["modules"])
    assert found["pid"] != os.getpid()


@pytest.mark.parametrize("niceness", [pool.NICENESS, pool.LOWEST_NICENESS])
def test_child_stands_where_it_is_asked_to_whatever_its_parent_is(niceness):
    code = f"""
import os
os.nice(5)  # as a process of pages
from common.offload import pool
print(pool.run("tests.common.offload.jobs", {{"do": "surroundings"}}, niceness={niceness})[0]["nice"])
"""
    assert int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout) >= niceness


@pytest.mark.parametrize("do", ["memory", "abort"])
def test_child_without_memory_is_told_as_such(do):
    fails(do, "memory")


def test_child_that_computes_for_ever_is_ended_by_the_kernel(monkeypatch):
    monkeypatch.setattr(pool, "CPU_SECONDS", 1)
    fails("spin", "time")


def test_child_that_waits_for_ever_is_killed(monkeypatch):
    monkeypatch.setattr(pool, "WALL_SECONDS", 1.0)
    fails("sleep", "slow", seconds=60)


def test_patient_job_is_tried_again_with_more_time_and_a_higher_priority(monkeypatch, tmp_path):
    """A machine that is too slow makes it late, and not absent; what says something of the work is told at once."""
    tried = []
    real = pool._in_child

    def in_child(module, data, content, memory, niceness, seconds):
        tried.append(niceness)
        if len(tried) == 2:
            (tmp_path / "go on").touch()  # the machine is calm again
        return real(module, data, content, memory, niceness, seconds)

    monkeypatch.setattr(pool, "_in_child", in_child)
    monkeypatch.setattr(pool, "PATIENT", ((15, 1.0), (10, 300.0)))
    assert pool.run(JOBS, {"do": "wait", "path": str(tmp_path / "go on")}, is_patient=True)[0]
    assert tried == [15, 10]
    with pytest.raises(pool.Failed, match="error"):
        pool.run(JOBS, {"do": "silent"}, is_patient=True)
    assert len(tried) == 3
    monkeypatch.setattr(pool, "PATIENT", ((15, 0.5), (10, 0.5)))
    with pytest.raises(pool.Failed, match="slow"):
        pool.run(JOBS, {"do": "sleep", "seconds": 60}, is_patient=True)
    assert children() == []


def test_page_waits_for_seconds_and_a_patient_job_never_comes_before_pages():
    assert 1 <= PATIENCE_SECONDS <= 8, "the page's thread is held for as long"
    levels, times = zip(*PATIENT, strict=True)
    assert levels[0] == pool.NICENESS and len(levels) > 1
    assert levels == tuple(sorted(set(levels), reverse=True)), "each try has a higher priority than the one before"
    assert min(levels) >= PAGES_NICENESS
    assert times == tuple(sorted(set(times))), "each try has more time"


def test_patient_job_waits_for_its_turn_and_takes_no_place_of_a_page(monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "WAIT_SECONDS", 0.1)
    go_on = tmp_path / "go on"
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(ask, "wait", path=str(go_on))
        wait_for(children)
        patient = threads.submit(pool.run, JOBS, {"do": "echo", "value": "a"}, is_patient=True)
        time.sleep(0.5)
        assert not patient.done() and pool._places._value == pool.WAITING_AT_MOST
        go_on.touch()
        assert patient.result(300)[0] == "a"
        running.result()


def test_child_that_says_too_much_is_killed(monkeypatch):
    monkeypatch.setattr(pool, "OUTPUT_AT_MOST", 1000)
    fails("much", "memory", size=10_000_000)


def test_too_much_is_not_even_asked(monkeypatch):
    monkeypatch.setattr(pool, "INPUT_AT_MOST", 1000)
    with pytest.raises(pool.Failed):
        ask("echo", value="x" * 1001)


def test_child_writes_no_file(tmp_path):
    with pytest.raises(pool.Failed):
        ask("write", path=str(tmp_path / "written"))
    assert not (tmp_path / "written").exists() or not (tmp_path / "written").read_bytes()


def test_error_is_told_without_its_words():
    with pytest.raises(pool.Failed) as failed:
        ask("secret")
    assert "écrit" not in repr(failed.value) and failed.value.__cause__ is None


@pytest.mark.parametrize("do", ["silent"])
def test_child_that_says_nothing_has_failed(do):
    fails(do, "error")


@pytest.mark.parametrize(
    "text", ["{}", "5", "[]", "null", '["error"]', '{"size": 0}', '{"value": 1}', '{"value": 1, "size": "0"}']
)
def test_answer_of_another_shape_is_an_error(text):
    fails("answer", "error", text=f"{text}\n")


def test_machine_that_can_start_no_child_is_busy(monkeypatch, caplog):
    def cannot(*_command, **_named):
        raise BlockingIOError("EAGAIN: fork")

    with monkeypatch.context() as without:
        without.setattr(pool.subprocess, "Popen", cannot)
        with pytest.raises(pool.Busy):
            ask("echo", value="a")
    assert "child process: none can be started (BlockingIOError)" in caplog.text
    assert ask("echo", value="a")[0] == "a", "its place is free again"


def test_killed_in_the_middle_is_an_error_and_nothing_is_left(monkeypatch):
    with ThreadPoolExecutor(1) as threads:
        before = ended("killed")
        asked = threads.submit(ask, "sleep", seconds=60)
        (pid,) = wait_for(children)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(pool.Failed, match="killed"):
            asked.result(20)
    assert ended("killed") == before + 1
    assert ask("echo", value="a")[0] == "a"


def test_few_at_once_few_wait_and_the_others_are_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "WAIT_SECONDS", 60.0)
    most = pool.AT_ONCE + pool.WAITING_AT_MOST
    go_on = tmp_path / "go on"
    with ThreadPoolExecutor(most + 4) as threads:
        asked = [threads.submit(ask, "wait", path=str(go_on)) for _one in range(most)]
        try:
            wait_for(lambda: pool._places._value == 0)
            before = ended("busy")
            started = time.monotonic()
            for _one in range(4):
                with pytest.raises(pool.Busy):
                    ask("echo", value="a")
            assert time.monotonic() - started < 30  # each would wait for 60 s
            assert ended("busy") == before + 4
            wait_for(lambda: len(children()) == pool.AT_ONCE)
        finally:
            go_on.touch()
        most_seen = 0
        while not all(one.done() for one in asked):
            most_seen = max(most_seen, len(children()))
        assert most_seen <= pool.AT_ONCE
        assert len({one.result()[0] for one in asked}) == most


def test_who_waits_too_long_is_told_to_come_back(monkeypatch, tmp_path):
    monkeypatch.setattr(pool, "WAIT_SECONDS", 0.2)
    go_on = tmp_path / "go on"
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(ask, "wait", path=str(go_on))
        try:
            wait_for(children)
            with pytest.raises(pool.Busy):
                ask("echo", value="a")
        finally:
            go_on.touch()
        asked.result()


def test_one_asker_has_one_job_at_a_time(tmp_path):
    go_on = tmp_path / "go on"
    with ThreadPoolExecutor(2) as threads:
        asked = threads.submit(ask, "wait", "agent:1", path=str(go_on))
        try:
            wait_for(children)
            with pytest.raises(pool.Busy):
                ask("echo", "agent:1", value="a")
            other = threads.submit(ask, "echo", "agent:2", value="b")  # it waits for the first one
        finally:
            go_on.touch()
        assert other.result()[0] == "b"
        asked.result()
    assert ask("echo", "agent:1", value="a")[0] == "a"


def test_child_ends_with_its_parent():
    code = f"from common.offload import pool; pool.run({JOBS!r}, {{'do': 'sleep', 'seconds': 60}})"
    with subprocess.Popen([sys.executable, "-c", code], cwd=pool.ROOT, stderr=subprocess.DEVNULL) as parent:

        def of_parent():
            text = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
            return [int(pid) for pid in text if b"offload.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]

        (pid,) = wait_for(of_parent)
        wait_for(lambda: b"PPid" in Path(f"/proc/{pid}/status").read_bytes() and _is_nice(pid))
        parent.kill()
        parent.wait()
    wait_for(lambda: not _is_alive(pid))


def _is_nice(pid):
    """Return whether it has come past the first lines of `child.main`."""
    return os.getpriority(os.PRIO_PROCESS, pid) >= pool.NICENESS


def _is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_work_goes_on_in_threads_side_by_side(monkeypatch):
    """Pipes of one child are never inherited by another: each ends when it ends."""
    monkeypatch.setattr(pool, "_running", threading.BoundedSemaphore(4))
    monkeypatch.setattr(pool, "_places", threading.BoundedSemaphore(8))
    with ThreadPoolExecutor(8) as threads:
        texts = [str(number) * 300_000 for number in range(8)]
        assert [one[0] for one in threads.map(lambda text: ask("echo", value=text), texts)] == texts
