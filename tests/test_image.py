"""The image holds what a production needs, and nothing else of this repository."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Loads the addresses, the sockets and every command, as if these packages did not exist.
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
    """Run a process that loads all of production, says so, and then imports the demonstration."""
    command = [sys.executable, "-W", "ignore", "-c", LOAD]
    return subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)


def test_demonstration_tests_and_history_stay_out_of_the_image():
    left_out = set((ROOT / ".dockerignore").read_text().split())
    assert {"pnav/demo", "tests", "benchmarks", "docs", ".git", ".env", ".local", ".venv"} <= left_out


def test_everything_of_a_production_loads_without_them(loaded):
    assert loaded.stdout.strip().isdecimal(), loaded.stderr
    assert int(loaded.stdout) > 5


def test_what_is_left_out_would_be_missed(loaded):
    """This check can fail: a module that imports the demonstration does not load there."""
    assert loaded.returncode != 0 and "ModuleNotFoundError: pnav.demo" in loaded.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return what `COPY . /app` brings: the repository without what .dockerignore names."""
    left_out = {line for line in (ROOT / ".dockerignore").read_text().split() if "*" not in line}
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    there = tmp_path_factory.mktemp("image")
    for name in listed.stdout.splitlines():
        parts = {name, *(str(parent) for parent in Path(name).parents)}
        if not parts & left_out and name.endswith((".py", ".toml")):
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, there / name)
    return there


def test_commands_start_from_what_the_image_holds(tree):
    """They start with the entry point, as `worker` and `migrate` do, and the demonstration is not there."""
    assert not (tree / "pnav/demo").exists() and (tree / "manage.py").exists()
    command = [sys.executable, "-W", "ignore", "-m", "pnav.server.entry", "python", "manage.py", "version"]
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+\.\d+.*\n", done.stdout)


def test_image_is_labelled_and_says_how_it_is():
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", dockerfile))
    assert {"title", "description", "licenses", "version", "revision", "created"} <= labels
    assert {"VERSION", "REVISION", "CREATED"} <= set(re.findall(r"^ARG (\w+)=", dockerfile, re.MULTILINE))
    last = dockerfile.rpartition("\nFROM ")[2]
    assert "\nHEALTHCHECK " in last and "PNAV_REVISION=$REVISION" in last
