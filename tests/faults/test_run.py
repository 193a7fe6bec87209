"""The harness itself, on the real processes: one fault, one seed."""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.faults.__main__ import Run, _plan
from benchmarks.faults.checker import Verdict, Waits
from benchmarks.faults.processes import export

ROOT = Path(__file__).resolve().parents[2]
OF_TESTS = {"TESTING", "DATABASE_URL", "REDIS_URL", "REDIS_PREFIX"}  # the harness starts its own servers


def planned(*, messages=0, minutes=math.inf, goes_on=True, each=100):
    """What is run with two faults and two seeds, when each run brings so many messages."""
    options = argparse.Namespace(first_seed=1, messages=messages, minutes=minutes)
    runs: list[Run] = []
    for seed, fault in _plan(options, runs, ["a", "b"], 2, goes_on=goes_on):
        runs.append(Run(fault, seed, Verdict(sent=each), Waits(), 0, 0))
        assert len(runs) < 50
    return [f"{run.fault}{run.seed}" for run in runs]


def test_runs_go_on_until_so_many_messages_were_judged():
    assert planned() == ["a1", "b1", "a2", "b2"]
    assert planned(messages=250) == ["a1", "b1", "a2", "b2"]
    assert planned(messages=650) == ["a1", "b1", "a2", "b2", "a3", "b3", "a4"]
    assert planned(messages=650, goes_on=False) == ["a1", "b1", "a2", "b2"]  # the tutorial's chat
    assert planned(messages=650, minutes=-1) == []


@pytest.mark.slow
def test_a_killed_web_process_breaks_no_promise(tmp_path):
    out = tmp_path / "faults.json"
    command = [sys.executable, "-m", "benchmarks.faults", "--fault", "web process killed", "--quick", "--seeds", "1"]
    environment = {name: value for name, value in os.environ.items() if name not in OF_TESTS}
    done = subprocess.run(
        [*command, "--tutorial-seeds", "0", "--no-pace", "--slower", "3", "--out", str(out)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (run,) = json.loads(out.read_text())["runs"]["pnav"]
    assert run["counts"] == {}
    assert run["acknowledged"] == run["sent"] > 200
    assert run["longest"]["hit"], "the fault hit nobody"


def test_a_commit_is_exported_whole_and_an_unknown_one_refused(tmp_path):
    tree = export("HEAD", tmp_path)
    assert (tree / "manage.py").is_file() and (tree / "chat").is_dir() and not (tree / ".git").exists()
    (tmp_path / "other").mkdir()
    with pytest.raises(subprocess.CalledProcessError):
        export("no-such-commit", tmp_path / "other")
