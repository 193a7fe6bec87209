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

    short, (longest, long, *_others) = "tests/test_a.py", order.SECONDS
    found = items(f"{short}::b", f"{long}::b", f"{longest}::b", f"{long}::a", f"{short}::a")
    order.long_files_first(found)
    assert [one.nodeid for one in found] == [
        f"{longest}::b", f"{long}::b", f"{long}::a", f"{short}::b", f"{short}::a",
    ]  # fmt: skip


def test_files_of_the_browser_come_before_all_others():
    other = max((name for name in order.SECONDS if not name.startswith("tests/browser/")), key=order.SECONDS.get)
    found = [SimpleNamespace(nodeid=f"{name}::a") for name in ("tests/test_a.py", other, "tests/browser/test_short.py")]
    order.long_files_first(found)
    assert [one.nodeid.partition("::")[0] for one in found] == ["tests/browser/test_short.py", other, "tests/test_a.py"]


def test_long_files_are_there():
    assert [name for name in order.SECONDS if not (once.ROOT / name).is_file()] == []


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
