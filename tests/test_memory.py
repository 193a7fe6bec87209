"""The data of PostgreSQL are in memory only where there is room, and what killed runs left there is deleted."""

import os
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


def test_what_dead_runs_left_is_deleted_and_nothing_else(tmp_path):
    for name in (memory.NAME.format(os.getpid()), memory.NAME.format(2**30), "pnav-tests-other", "other"):
        (tmp_path / name / "data").mkdir(parents=True)
    memory.forget_dead(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {memory.NAME.format(os.getpid()), "pnav-tests-other", "other"}


def test_server_of_root_has_its_data_where_the_run_says(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv(HOMES, str(tmp_path))
    assert Postgres(tmp_path / "state").home.parent == tmp_path
    monkeypatch.delenv(HOMES)
    assert Postgres(tmp_path / "state").home.parent == Path("/var/tmp")  # noqa: S108  as `make run` has it


def test_nobody_but_root_is_given_a_folder(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert memory.make_folder() is None
