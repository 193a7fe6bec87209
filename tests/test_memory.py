"""The data of PostgreSQL are in memory only where there is room, and what killed runs left there is deleted."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pnav.demo.services import HOMES, Postgres
from tests.support import memory

ENOUGH = SimpleNamespace(f_bavail=memory.ROOM >> 12, f_frsize=4096, f_flag=0)


@pytest.mark.parametrize(
    ("change", "has_room"),
    [({}, True), ({"f_bavail": (64 << 20) >> 12}, False), ({"f_flag": os.ST_NOEXEC}, False)],
)
def test_small_memory_or_one_without_programs_is_left_alone(monkeypatch, change, has_room):
    monkeypatch.setattr(os, "statvfs", lambda _place: SimpleNamespace(**{**vars(ENOUGH), **change}))
    monkeypatch.setattr(Path, "read_text", lambda _path: f"MemFree: 1 kB\nMemAvailable:    {memory.ROOM >> 10} kB\n")
    assert memory.has_room(memory.PLACE) is has_room
    monkeypatch.setattr(Path, "read_text", lambda _path: "MemAvailable:    4000000 kB\n")
    assert not memory.has_room(memory.PLACE)


def test_place_that_is_not_there_has_no_room(tmp_path):
    assert not memory.has_room(tmp_path / "nowhere")


@pytest.fixture
def place(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(memory, "PLACE", tmp_path)
    monkeypatch.setattr(memory, "has_room", lambda _place: True)
    monkeypatch.setattr(memory, "_locks", {})
    yield tmp_path
    for lock in memory._locks.values():
        os.close(lock)


def test_what_dead_runs_left_is_deleted_and_nothing_else(place):
    alive = memory.make_folder()
    for name in (f"{memory.NAME}killed", "pnav-tests-other", "other"):
        (place / name / "data").mkdir(parents=True)
    (place / f"{memory.NAME}file").touch()
    (place / f"{memory.NAME}link").symlink_to(place / "other")
    memory.forget_dead(place)
    names = {alive.name, "pnav-tests-other", "other", f"{memory.NAME}file", f"{memory.NAME}link"}
    assert {one.name for one in place.iterdir()} == names
    assert (place / "other" / "data").is_dir()


def test_folder_of_another_process_is_kept_until_that_is_killed(place):
    """Whatever its number: it may be of another container that shares the memory."""
    code = (
        "import os; from pathlib import Path; from tests.support import memory\n"
        "memory.has_room, memory.PLACE = (lambda _place: True), Path(os.environ['PLACE'])\n"
        "os.geteuid = lambda: 0\n"
        "print(memory.make_folder(), flush=True); input()"
    )
    run = [sys.executable, "-c", code]
    with subprocess.Popen(
        run, env={**os.environ, "PLACE": str(place)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        mine = memory.make_folder()
        assert {one.name for one in place.iterdir()} == {theirs.name, mine.name}
        other.kill()
        other.wait()
    memory.forget_dead(place)
    assert list(place.iterdir()) == [mine]


def test_process_that_makes_two_folders_keeps_both(place):
    """A folder that lies there under whichever name keeps no run from beginning."""
    first, second = memory.make_folder(), memory.make_folder()
    assert first != second and {one.name for one in place.iterdir()} == {first.name, second.name}
    assert first.stat().st_mode & 0o777 == 0o711, "PostgreSQL, who is not root, passes through"
    os.close(memory._locks.pop(first))
    memory.forget_dead(place)
    assert list(place.iterdir()) == [second]


def test_folder_that_another_run_deletes_as_it_is_made_is_made_again(place, monkeypatch):
    made = []

    def lock(folder, lock=memory._lock):
        made.append(folder)
        if len(made) == 1:
            folder.rmdir()
        return lock(folder)

    monkeypatch.setattr(memory, "_lock", lock)
    assert memory.make_folder() == made[1] != made[0]


def test_server_of_root_has_its_data_where_the_run_says(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv(HOMES, str(tmp_path))
    assert Postgres(tmp_path / "state").home.parent == tmp_path
    monkeypatch.delenv(HOMES)
    assert Postgres(tmp_path / "state").home.parent == Path("/var/tmp")  # noqa: S108  as `make run` has it


def test_nobody_but_root_is_given_a_folder(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert memory.make_folder() is None
