"""A child that is forked for a test starts as a process of its own does."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.support import fresh

SHOWN = "import os, sys; print(sorted(os.environ), sys.argv, os.getcwd(), __name__); sys.exit(3)"


def test_child_has_its_own_environment_and_says_what_a_process_would():
    environment = {"PATH": "/usr/bin", "OWN": "1"}
    done = fresh.run(SHOWN, environment)
    command = [sys.executable, "-c", SHOWN]
    alone = subprocess.run(command, env=environment, cwd=fresh.ROOT, capture_output=True, text=True, check=False)
    # Python itself sets LC_CTYPE when it starts without a language.
    said = [one.stdout.replace("'LC_CTYPE', ", "") for one in (done, alone)]
    assert said[0] == said[1] and done.returncode == alone.returncode == 3 and done.stderr == ""


def test_child_holds_nothing_of_ours_and_leaves_nothing_to_the_next():
    ours = "import sys; print([name for name in sys.modules if name.split('.')[0] in {'pnav', 'chat', 'reports'}])"
    assert fresh.run(ours, {}).stdout.strip() == "[]"
    assert fresh.run("import pnav.secret_files, os; os.environ['LEFT'] = '1'", {}).returncode == 0
    assert fresh.run(ours, {}).stdout.strip() == "[]"
    assert fresh.run("import os; print(os.environ.get('LEFT'))", {}).stdout.strip() == "None"


def test_libraries_that_it_holds_read_no_settings_and_began_nothing():
    begun = "'twisted.internet.reactor' in sys.modules, threading.active_count()"
    look = f"import sys, threading; from django.conf import settings; print(settings.configured, {begun})"
    assert fresh.run(look, {}).stdout.split() == ["False", "False", "1"]


def test_error_ends_it_as_python_does():
    done = fresh.run("import not_there_at_all", {})
    assert done.returncode == 1 and done.stderr.strip().splitlines()[-1].startswith("ModuleNotFoundError")
    assert fresh.run("raise SystemExit('in words')", {}).stderr.strip() == "in words"
    assert fresh.run("import os; os.abort()", {}).returncode < 0


SAID = """
import atexit, ctypes, os, sys, time
ends_with = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(ends_with))
atexit.register(print, "in order")
is_alone = os.getsid(0) == os.getpid()
print(os.environ["OWN"], os.getppid(), is_alone, ends_with.value, os.getcwd(), sys.stdin.read(), flush=True)
if "STAYS" in os.environ:
    time.sleep(60)
"""


def begin(log, **environment):
    """Start a module of the library that does what it is told (`timeit`) in the background."""
    return fresh.start("timeit", "-n1", "-r1", SAID, environment={"OWN": "1", **environment}, log=log)


def test_process_that_goes_on_is_ours_and_ends_in_order(tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    started = begin(log)
    assert started.wait(30) == 0 == started.poll()
    before, said, *_time, last = log.read_text().splitlines()
    assert said.split() == ["1", str(os.getpid()), "True", str(int(signal.SIGTERM)), str(fresh.ROOT)]
    assert (before, last) == ("before", "in order")


def test_process_that_goes_on_is_killed(tmp_path):
    started = begin(tmp_path / "log", STAYS="1")
    assert started.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        started.wait(0.01)
    while not (tmp_path / "log").read_text():
        time.sleep(0.01)
    started.kill()
    assert started.wait(30) == -signal.SIGKILL
    started.terminate()  # the process has ended already, so this does nothing
