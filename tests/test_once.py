"""What is made once for all workers is complete for each of them."""

import shutil
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from pnav.demo.services import Postgres
from tests.support import once, order


def test_made_once_whoever_asks(tmp_path, monkeypatch):
    monkeypatch.setenv(once.FOLDER, str(tmp_path))
    made, asked, together = [], [], threading.Barrier(4)

    def fill(folder: Path) -> None:
        made.append(folder)
        (folder / "a").write_text("whole")

    def ask() -> None:
        together.wait(30)
        asked.append((once.made_once("thing", fill) / "a").read_text())

    threads = [threading.Thread(target=ask) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert asked == ["whole"] * 4 and len(made) == 1


def test_made_once_failure_is_told_to_each_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(once.FOLDER, str(tmp_path))

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise ZeroDivisionError

    for _each in range(2):
        with pytest.raises(ZeroDivisionError):
            once.made_once("thing", fail)
    assert list(once.made_once("thing", lambda _folder: None).iterdir()) == []


@pytest.mark.django_db
def test_database_of_this_process_is_migrated():
    executor = MigrationExecutor(connection)
    assert executor.loader.applied_migrations
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


def test_long_files_come_first_and_keep_the_order_of_their_tests():
    def items(*names: str) -> list[Any]:
        return [SimpleNamespace(nodeid=name) for name in names]

    short, (longest, long, *_others) = "tests/browser/test_a.py", [
        name for name in order.SECONDS if name.startswith(order.BROWSER)
    ]  # fmt: skip
    found = items(f"{short}::b", f"{long}::b", f"{longest}::b", f"{long}::a", f"{short}::a")
    order.long_files_first(found)
    assert [one.nodeid for one in found] == [
        f"{longest}::b", f"{long}::b", f"{long}::a", f"{short}::b", f"{short}::a",
    ]  # fmt: skip


def other_file() -> str:
    """Return the longest file that neither waits nor drives a browser."""
    own = [name for name in order.SECONDS if not name.startswith(order.BROWSER) and name not in order.WAITING]
    return max(own, key=order.SECONDS.__getitem__)


def test_files_that_wait_come_first_then_those_of_the_browser():
    names = ["tests/test_a.py", other_file(), "tests/browser/test_short.py", *order.WAITING]
    found = [SimpleNamespace(nodeid=f"{name}::a") for name in names]
    order.long_files_first(found)
    in_order = [one.nodeid.partition("::")[0] for one in found]
    assert sorted(in_order[:3]) == sorted(order.WAITING)
    assert in_order[3:] == ["tests/browser/test_short.py", other_file(), "tests/test_a.py"]


def test_one_worker_of_four_begins_with_tests_that_compute_and_leaves_none():
    files = [order.WAITING[0], "tests/browser/test_short.py", other_file(), "tests/test_a.py"]
    assert [order.next_file(files, number, 4) for number in range(4)] == [0, 0, 0, 2]
    assert order.next_file(files[:2], 3, 4) == 0, "when none is left, it helps the others"


def test_two_workers_of_six_begin_with_tests_that_wait_and_each_helps_the_others():
    files = [order.WAITING[0], order.WAITS_IN_BROWSER[0], "tests/browser/test_short.py", other_file()]
    assert [order.next_file(files, number, 6) for number in range(7)] == [2, 2, 2, 3, 0, 0, 2]
    assert [order.next_file(files, number, 5) for number in range(5)] == [2, 2, 2, 3, 0]
    assert [order.next_file(files[1:], number, 6) for number in (4, 5)] == [0, 0]
    for left in ([files[0]], [files[1]], [files[2]], [files[3]]):
        assert [order.next_file(left, number, 6) for number in range(7)] == [0] * 7


def test_long_files_are_there():
    named = {*order.SECONDS, *order.WAITING, *order.WAITS_IN_BROWSER}
    assert [name for name in named if not (once.ROOT / name).is_file()] == []
    assert all(name.startswith(order.BROWSER) for name in order.WAITS_IN_BROWSER)


def test_copied_cluster_holds_what_the_migrations_left(tmp_path):
    server = Postgres(tmp_path / "state", durable=False)
    try:
        once.give_cluster(server)
        server.start()
        applied = "SELECT app, name FROM django_migrations ORDER BY app, name"
        with psycopg.connect(server.url) as copied, psycopg.connect(once.address_of(once.template())) as template:
            assert copied.execute(applied).fetchall() == template.execute(applied).fetchall() != []
    finally:
        server.stop()
        if server.as_root:
            shutil.rmtree(server.home, ignore_errors=True)
