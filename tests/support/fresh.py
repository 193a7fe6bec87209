"""Starts Python processes that have read nothing of ours at the price of a fork, for tests of how a process starts.

A new process spends most of its time on importing libraries. `run` asks one process to fork itself, which holds the
libraries that our settings import and has run nothing of the site (`fresh_server`). What the child reads of its
environment and of our modules is as in a new process, and those libraries read none of it.

    done = fresh.run("import pnav.settings", {"SECRET_KEY": "short"})
    assert done.returncode == 1 and "SECRET_KEY" in done.stderr

`start` begins a process that goes on, such as a web process of a site. It saves the half of a second that importing the
libraries takes.
"""

import atexit
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36  # prctl(2): our descendants that lose their parent become our children
ROOT = Path(__file__).resolve().parents[2]
FOLDER = "PNAV_TESTS_FOLDER"  # the variable by which processes know the folder of the run that started them


@cache
def _server() -> subprocess.Popen[str]:
    folder = os.environ.get(FOLDER)
    known = [str(Path(folder) / "learned")] if folder else []
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.support.fresh_server", *known],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(server.kill)
    return server


def manage(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with these arguments in a child process with only this environment. Warnings are suppressed."""
    code = (
        "import runpy, sys, warnings; warnings.simplefilter('ignore');"
        f" sys.argv = ['manage.py', *{list(arguments)!r}]; runpy.run_path('manage.py', run_name='__main__')"
    )
    return run(code, environment)


def run(code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run this code in a child process with only this environment, at the root of the repository."""
    status, out, errors = _ask({"code": code, "environment": dict(environment)})
    return subprocess.CompletedProcess(["python", "-c", code], status, out, errors)


def start(module: str, *arguments: str, environment: Mapping[str, str], log: Path) -> "Started":
    """Start `python -m module arguments` at the root of the repository, in the background.

    It has a session of its own and no input, and its output is added to the log. It ends when this process ends.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, os.strerror(ctypes.get_errno())
    given = {"module": module, "arguments": arguments, "environment": dict(environment), "log": str(log)}
    return Started(_ask(given))


def _ask(given: Mapping[str, object]) -> Any:
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    server.stdin.write(json.dumps(given) + "\n")
    server.stdin.flush()
    answer = server.stdout.readline()
    assert answer, "the process that forks has ended"
    return json.loads(answer)


class Started:
    """A process for which we wait although we did not start it, with the interface of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(0.005)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
