"""Processes of Python that have read nothing of ours, at the price of a fork: for tests of how a process starts.

A process that starts anew spends most of its time on importing libraries. `run` asks one process, which holds the
libraries that our settings import and nothing of this repository (`fresh_server`), to fork itself. What the child reads
of its environment and of our modules is as in a process that was just started; those libraries read none of it.

    done = fresh.run("import pnav.settings", {"SECRET_KEY": "short"})
    assert done.returncode == 1 and "SECRET_KEY" in done.stderr
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.fresh_server"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.kill)
    return server


def manage(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`manage.py` with these arguments, in a child that has this environment and no other; warnings are not told."""
    code = (
        "import runpy, sys, warnings; warnings.simplefilter('ignore');"
        f" sys.argv = ['manage.py', *{list(arguments)!r}]; runpy.run_path('manage.py', run_name='__main__')"
    )
    return run(code, environment)


def run(code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run this code in a child that has this environment and no other, at the root of the repository."""
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps([code, dict(environment)]) + "\n")
    server.stdin.flush()
    answer = server.stdout.readline()
    assert answer, "the process that forks has ended"
    status, out, errors = json.loads(answer)
    return subprocess.CompletedProcess(["python", "-c", code], status, out, errors)
