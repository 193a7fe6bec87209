"""The harness itself, with real processes: one fault, one seed."""

import argparse
import asyncio
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults import __main__ as harness
from benchmarks.faults import crowd
from benchmarks.faults.__main__ import Run, _plan
from benchmarks.faults.checker import Verdict, Waits
from benchmarks.faults.processes import Worker, export
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.totals import Totals
from tests.support import once

ROOT = Path(__file__).resolve().parents[2]
OF_TESTS = {"TESTING", "DATABASE_URL", "REDIS_URL", "REDIS_PREFIX"}  # the harness starts servers of its own


def run_of(**fields):
    """Return a run of a hundred messages, as a file of totals has it."""
    usual = {"site": "one", "fault": "a", "seed": 1, "fast": True, "rounds": 2, "messages": 100, "acknowledged": 100}
    return {**usual, "files": 3, "counts": {}, "failure": "", "seconds": 30.0, **fields}


def planned(*, messages=0, minutes=math.inf, goes_on=True, each=100, totals=None, seeds=2):
    """Return what is run with two faults and two seeds, when each run brings so many messages."""
    options = argparse.Namespace(first_seed=1, messages=messages, minutes=minutes, totals=totals, site="one")
    runs: list[Run] = []
    for seed, fault in _plan(options, runs, ["a", "b"], seeds, goes_on=goes_on):
        runs.append(Run(fault, seed, Verdict(sent=each), Waits(), 0, 0))
        assert len(runs) < 50
    return [f"{run.fault}{run.seed}" for run in runs]


def test_runs_go_on_until_so_many_messages_were_judged():
    assert planned() == ["a1", "b1", "a2", "b2"]
    assert planned(messages=250) == ["a1", "b1", "a2", "b2"]
    assert planned(messages=650) == ["a1", "b1", "a2", "b2", "a3", "b3", "a4"]
    assert planned(messages=650, goes_on=False) == ["a1", "b1", "a2", "b2"]  # the tutorial's chat is left out
    assert planned(messages=650, minutes=-1) == []


def test_what_was_done_before_counts_and_no_seed_is_done_twice(tmp_path):
    file = tmp_path / "totals.jsonl"
    for fault, seed in (("a", 1), ("b", 1), ("a", 2)):
        Totals(file).add(**run_of(fault=fault, seed=seed))
    Totals(file).add(**run_of(site="disk", fault="b", seed=2))
    assert planned(totals=Totals(file), seeds=1) == ["a3", "b2"]
    assert planned(totals=Totals(file), seeds=1, messages=700) == ["a3", "b2", "a4"]
    assert planned(totals=Totals(file), seeds=1, messages=700, goes_on=False) == ["a1", "b1"]


def test_totals_add_up_over_commands_and_tell_what_broke(tmp_path):
    file = tmp_path / "new" / "totals.jsonl"
    Totals(file).add(**run_of())
    Totals(file).add(**run_of(seed=2))
    found = Totals(file)
    assert found.messages == 200 and found.is_clean
    assert "2 runs, 200 messages in 1 minutes, 0 broken promises, 0 failed." in found.table()
    Totals(file).add(**run_of(seed=3, counts={"lost": 2}))
    Totals(file).add(**run_of(seed=4, failure="the run did not end in time"))
    found = Totals(file)
    assert not found.is_clean and found.broken == {"lost": 2}
    assert "| one | a | 4 | 8 | 400 | 400 | 12 | lost 2 | 1 |" in found.table()


class Sleeper(Worker):
    """A worker that does nothing."""

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    @property
    def state(self):
        """Return the state, as Linux says it: R, S, T (stopped)…"""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="Linux says there whether a process is stopped")
async def test_nothing_is_written_between_the_last_who_leaves_and_what_is_read(tmp_path, monkeypatch):
    """A repair may outlast a lease: the worker would end it, and say so in an exchange that nobody sees any more."""
    states = {}

    async def broken(_stage):
        states["fault"] = worker.state

    class Made:
        former = None

        def repair(self):
            states["repair"] = worker.state

    class People(crowd.Crowd):
        async def leave(self):
            await until("T")  # a signal takes a moment
            states["leave"] = worker.state

    async def until(state, *, ends=False):
        async with asyncio.timeout(20):
            while (worker.state == state) is ends:
                await asyncio.sleep(0.01)

    def kept(_journal, _conversations):
        states["kept"] = worker.state

    monkeypatch.setitem(harness.ALL_FAULTS, "nothing", broken)
    monkeypatch.setattr(harness.crowd, "gather", lambda *_arguments, **_more: People())
    monkeypatch.setattr(harness.records, "make_conversations", lambda _count: [])
    monkeypatch.setattr(harness.records, "note_kept", kept)
    monkeypatch.setattr(harness.uploads, "kept", lambda _conversations: [])
    monkeypatch.setattr(harness, "AFTER_SECONDS", 0)
    monkeypatch.setattr(harness, "CALM_SECONDS", 0)
    options = argparse.Namespace(
        fast=False, quick=True, slower=1, keep=False, rounds_seconds=0, out=tmp_path / "out.json"
    )
    worker = Sleeper(tmp_path)
    worker.start()
    made, proxy = Made(), Proxy([])
    made.worker = worker
    try:
        run = await harness.run_once(made, proxy, "nothing", 1, options, tutorial=False)
        assert run.is_kept and not run.failure
        assert states.pop("fault") != "T"
        assert states == {"leave": "T", "repair": "T", "kept": "T"}
        await until("T", ends=True)
    finally:
        worker.process.kill()
        worker.process.wait()
    with worker.frozen():  # one that has ended is left alone
        assert worker.process.poll() is not None


# Runs the commands of its arguments one after the other, on one PostgreSQL that begins with what the run of tests
# migrated, and on the same processes: the harness brings back what a fault left dead. What floods may write is bounded,
# because they would otherwise write during the whole run, on all processors of the machine. The fault has to meet
# messages under way: when it comes, each writes fifty more than it has.
COMMANDS = """
import contextlib, json, sys
from benchmarks.faults import __main__ as harness, floods, processes
from tests.support import once

floods.FLOODS, floods.MOST = 24, 600
may_write = {}
floods.FloodClient.is_spent = property(lambda one: one.written >= may_write.get(one.name, floods.MOST))
killed = harness.ALL_FAULTS["web process killed"]

async def kill(stage):
    people = [one for one in stage.clients if isinstance(one, floods.FloodClient)]
    assert not people or not all(one.is_spent for one in people), "all was written before the process died"
    may_write.update((one.name, min(floods.MOST, one.written + 50)) for one in people)
    await killed(stage)

harness.ALL_FAULTS["web process killed"] = kill

class Given(processes.Database):
    def start(self):
        once.give_cluster(self)
        super().start()

with harness.site(make_postgres=Given) as made, made.serving(harness.APPLICATIONS[harness.OURS], with_worker=True):
    harness.site = lambda *_arguments, **_named: contextlib.nullcontext(made)
    made.serving = lambda *_arguments, **_named: contextlib.nullcontext()
    for arguments in json.loads(sys.argv[1]):
        sys.argv = ["faults", *arguments]
        harness.main()
"""


@pytest.mark.slow
def test_a_killed_web_process_breaks_no_promise(tmp_path, tried):
    """People write at a pace that a busy machine holds, then as fast as it goes."""
    once.cluster()
    paced, fast, totals = tmp_path / "paced.json", tmp_path / "fast.json", tmp_path / "totals.jsonl"
    usual = ["--fault", "web process killed", "--quick", "--seeds", "1", "--tutorial-seeds", "0", "--no-pace", "--out"]
    commands = [
        [*usual, str(paced), "--slower", "3"],
        [*usual, str(fast), "--fast", "--rounds-seconds", "1", "--totals", str(totals)],
    ]
    environment = {name: value for name, value in os.environ.items() if name not in OF_TESTS}
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (run,) = json.loads(paced.read_text())["runs"]["pnav"]
    assert run["counts"] == {}
    assert run["acknowledged"] == run["sent"] > 200
    tried("messages past a web process that was killed", run["sent"])
    assert run["longest"]["hit"], "the fault hit nobody"
    (run,) = json.loads(fast.read_text())["runs"]["pnav"]
    assert run["counts"] == {} and run["rounds"] >= 1
    assert run["acknowledged"] == run["sent"] == Totals(totals).messages > 2000 and Totals(totals).is_clean
    tried("messages past a web process that was killed", run["sent"])


def test_a_commit_is_exported_whole_and_an_unknown_one_refused(tmp_path):
    tree = export("HEAD", tmp_path)
    assert (tree / "manage.py").is_file() and (tree / "chat").is_dir() and not (tree / ".git").exists()
    (tmp_path / "other").mkdir()
    with pytest.raises(subprocess.CalledProcessError):
        export("no-such-commit", tmp_path / "other")
