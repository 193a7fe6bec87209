"""The image holds what a production needs, and nothing else of this repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The addresses, the sockets and every command, as if these packages were not there.
LOAD = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tests", "benchmarks"} or (name + ".").startswith("pnav.demo."):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import pnav.asgi
from django.core.management import get_commands, load_command_class
rooms = {"pnav", "chat", "reports", "locations", "common"}
ours = {name: app for name, app in get_commands().items() if app.split(".")[0] in rooms}
for name, app in ours.items():
    load_command_class(app, name)
print(len(ours))
import pnav.demo.run
"""


@pytest.fixture(scope="module")
def loaded() -> subprocess.CompletedProcess[str]:
    """A process that loads all of production, says so, then asks for the demonstration."""
    command = [sys.executable, "-W", "ignore", "-c", LOAD]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)


def test_demonstration_tests_and_history_stay_out_of_the_image():
    left_out = set((ROOT / ".dockerignore").read_text().split())
    assert {"pnav/demo", "tests", "benchmarks", "docs", ".git", ".env", ".local", ".venv"} <= left_out


def test_everything_of_a_production_loads_without_them(loaded):
    assert loaded.stdout.strip().isdecimal(), loaded.stderr
    assert int(loaded.stdout) > 5


def test_what_is_left_out_would_be_missed(loaded):
    """The check can fail: what imports the demonstration does not load there."""
    assert loaded.returncode != 0 and "ModuleNotFoundError: pnav.demo" in loaded.stderr
