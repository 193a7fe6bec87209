"""docs/architecture.md can be read in ten minutes, and docs/code-map.md names every package, folder of scripts and
thread.
"""

import ast
import re
from collections.abc import Iterator
from operator import attrgetter

import pytest

from chat.management.commands import run_worker
from tests.docs import names

ROOMS = ("common", "locations", "triage", "reports", "chat", "pnav")
WORDS = 2_100  # two hundred a minute, and some time for the drawings
MAP = (names.ROOT / "docs" / "code-map.md").read_text()
TABLE, SCRIPTS = (MAP.partition(f"## {title}\n")[2].partition("\n## ")[0] for title in ("Packages", "Scripts"))
THREADS = MAP.partition("## Threads of a web process\n")[2].partition("\n## When something fails")[0]
# How whatever makes threads is told their name.
NAMED_BY = {"Thread": "name", "ThreadPoolExecutor": "thread_name_prefix", "RegularThread": "label", "__init__": "name"}
NO_SITE = ("pnav/demo/", "pnav/backup/")  # the demonstration and the service of backups are processes of their own
# Folders that Django looks for under these names.
OF_DJANGO = {"management", "migrations", "templatetags"}


def packages() -> list[str]:
    """Return those right below the top-level packages, by their dotted name."""
    found = (re.fullmatch(r"(\w+)/(\w+)/__init__\.py", name) for name in names.files())
    return sorted(f"{one[1]}.{one[2]}" for one in found if one and one[1] in ROOMS and one[2] not in OF_DJANGO)


def test_architecture_is_read_in_ten_minutes():
    """What is more than that belongs to the document of its subject, to which architecture.md leads."""
    words = len((names.ROOT / "docs" / "architecture.md").read_text().split())
    assert words <= WORDS


@pytest.mark.parametrize("package", packages())
def test_every_package_is_in_the_map(package):
    assert f"`{package}`" in TABLE


def folders_of_scripts() -> list[str]:
    found = (re.fullmatch(r"static/pnav/(\w+)/\w[\w-]*\.js", name) for name in names.files())
    return sorted({one[1] for one in found if one})


@pytest.mark.parametrize("folder", folders_of_scripts())
def test_every_folder_of_scripts_is_in_the_map(folder):
    assert f"`{folder}/`" in SCRIPTS


def names_of_threads(source: str) -> Iterator[str]:
    """Yield the name of each thread that this code makes; "" for one that has none."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        maker = getattr(call.func, "attr", getattr(call.func, "id", ""))
        told = [one.value for one in call.keywords if one.arg == NAMED_BY.get(maker)]
        if told and isinstance(told[0], ast.Constant):
            yield str(told[0].value).replace("_", "-")
        elif told and maker == "RegularThread":  # a constant of the worker
            yield str(attrgetter(ast.unparse(told[0]))(run_worker)).replace("_", "-")
        elif not told and maker in NAMED_BY.keys() - {"__init__"}:
            yield ""


def threads() -> list[str]:
    files = (name for name in names.files() if name.endswith(".py") and name.partition("/")[0] in ROOMS)
    sources = ((names.ROOT / name).read_text() for name in files if not name.startswith(NO_SITE))
    return sorted({name for source in sources for name in names_of_threads(source)})


@pytest.mark.parametrize("thread", threads())
def test_every_thread_is_in_the_map(thread):
    """Whoever reads a stack, or a list of threads by `py-spy`, looks up here what a thread is for."""
    assert f"`{thread}`" in THREADS


def test_threads_are_found():
    assert {"page", "chat-writer", "captures", "captures-scan", "register-digest"} <= set(threads())
    assert list(names_of_threads("threading.Thread(target=work).start()")) == [""]
