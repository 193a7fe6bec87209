"""The drill: a site is backed up, written to, lost, and restored to a point in time; then it is read and checked.

It uses a real server, `pg_basebackup` and `pg_receivewal` as the service starts them, and `deploy/restore` as an
operator does.
"""

import base64
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from chat.models import Conversation, Message
from common import clock
from pnav.backup import configuration as configurations
from pnav.backup.base import read_bases
from pnav.backup.configuration import Configuration
from pnav.backup.restore import main as restore
from pnav.backup.service import Service
from reports.audit import log as audit_log
from reports.models import AccessKind, BackupStatus, Motive
from tests.scenarios.conftest import Site
from tests.scenarios.leaks import STEM
from tests.scenarios.test_restored_backup import WORDS, as_another_process, filed, words_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def content(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    site = Site(tmp_path / "content", django_db_blocker, 0)
    site.folder.mkdir()
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def environment(tmp_path: Path, content: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what `deploy/backup` and `deploy/restore` are given. The roles are made by the command."""
    for name in ("web", "backup"):
        (tmp_path / name).write_text(f"a-password-of-{name}-for-this-test\n")
        monkeypatch.setenv(f"POSTGRES_{name.upper()}_PASSWORD_FILE", str(tmp_path / name))
    for _twice in range(2):  # it may run again at any time
        assert restore(["--roles", content.postgres.url]) == 0
    (tmp_path / "keys").write_text(f"b1:{base64.urlsafe_b64encode(os.urandom(32)).decode()}\n")
    return {
        "BACKUP_DATABASE_URL": content.postgres.url.replace("pnav@", "pnav_backup@"),
        "BACKUP_DATABASE_PASSWORD_FILE": str(tmp_path / "backup"),
        "BACKUP_KEYS_FILE": str(tmp_path / "keys"),
        "BACKUP_DIR": str(tmp_path / "store"),
        "BACKUP_SPOOL": str(tmp_path / "spool"),
        "BACKUP_WAL_SECONDS": "1",
    }


def wait_until(ready: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def now_of(site: Site) -> datetime:
    with site.database():
        return clock.now()


def start_restored(site: Site) -> None:
    """Start PostgreSQL as an operator does: give the folder to its account, then wait until the WAL was replayed."""
    if site.postgres.as_root:
        subprocess.run(["chown", "-R", "nobody:", site.postgres.data], check=True)
    site.postgres.start()

    def is_primary() -> bool:
        with psycopg.connect(site.postgres.url) as asked:
            row = asked.execute("SELECT pg_is_in_recovery()").fetchone()
        return row == (False,)

    wait_until(is_primary)


def check_backup(manifest: Path, *options: str) -> tuple[int, str]:
    said = StringIO()
    try:
        call_command("check_backup", *options, manifest=[manifest], stdout=said, stderr=said)
    except SystemExit as ended:
        return int(ended.code or 0), said.getvalue()
    return 0, said.getvalue()


@contextmanager
def backed_up(configuration: Configuration) -> Iterator[None]:
    """Let the service run inside, as a process of its own would."""
    stopping = threading.Event()
    service = threading.Thread(target=Service(configuration).run, args=(stopping,))
    service.start()
    try:
        yield
    finally:
        stopping.set()
        service.join()


def test_service_that_goes_on_elsewhere_takes_a_base_where_the_wal_has_a_hole(
    content, environment, tmp_path, monkeypatch
):
    """What the former machine had received and not stored is lost with it, and so is what no slot has kept."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def on_a_new_machine(name: str, bases: int) -> list[str]:
        configuration = configurations.read(environment | {"BACKUP_SPOOL": str(tmp_path / name)})
        with backed_up(configuration):
            wait_until(lambda: len(read_bases(configuration.store).whole) == bases)
            before = len(configuration.store.files("wal"))
            write(2)
            wait_until(lambda: len(configuration.store.files("wal")) > before)
        return sorted(read_bases(configuration.store).whole)

    def write(segments: int) -> None:
        with psycopg.connect(content.postgres.url, autocommit=True) as asked:
            for _one in range(segments):
                asked.execute("CREATE TABLE IF NOT EXISTS written AS SELECT 1")
                asked.execute("SELECT pg_switch_wal()")
            asked.execute("CHECKPOINT")

    def without_a_slot() -> None:
        with psycopg.connect(content.postgres.url, autocommit=True) as asked:
            asked.execute("SELECT pg_drop_replication_slot('pnav_backup')")
        write(3)

    [first] = on_a_new_machine("one", 1)
    assert on_a_new_machine("one", 1) == [first], "nothing is missing"
    assert on_a_new_machine("two", 1) == [first], "nor where the slot kept what comes next"
    write(2)
    assert on_a_new_machine("two", 1) == [first], "however long nobody received it"
    without_a_slot()
    assert len(on_a_new_machine("three", 2)) == 2
    without_a_slot()
    with psycopg.connect(content.postgres.url, autocommit=True) as asked:
        asked.execute("SELECT pg_create_physical_replication_slot('pnav_backup', true)")
    assert len(on_a_new_machine("four", 3)) == 3, "although a process before it had made the slot"

    folder = str(tmp_path / "restored")
    assert restore(["--to", folder, "--base", first]) == 1 and not Path(folder).exists()
    assert restore(["--to", folder, "--base", first, "--up-to-hole"]) == 0
    assert restore(["--to", str(tmp_path / "newest")]) == 0


def test_lost_site_comes_back_to_a_point_in_time_and_is_checked(content, environment, tmp_path, tried, monkeypatch):
    configuration = configurations.read(environment)
    restored = Site(tmp_path / "restored", content.blocker, 0)
    restored.folder.mkdir()
    as_another_process()
    with content.database():
        before = filed("avant")

    with backed_up(configuration):
        wait_until(lambda: read_bases(configuration.store).whole)
        with content.database():
            after = filed("apres")
            with transaction.atomic():
                audit_log.record(kind=AccessKind.RETENTION, by=None, motive=Motive.TERM, detail="reports: 1")
        instant = now_of(content)
        with content.database():
            too_late = filed("trop-tard")
            Message.objects.filter(conversation=before).delete()
            mistake = clock.now()

        def stored_at() -> datetime | None:
            with content.database():
                return BackupStatus.objects.get(name="content").wal_at

        # The run that ended after the mistake began before it, so wait for the next one.
        wait_until(lambda: (at := stored_at()) is not None and at > mistake)
        ended = stored_at()
        wait_until(lambda: stored_at() != ended)
        with content.database():
            status = BackupStatus.objects.get()
            assert status.base_at is not None and status.base_bytes > 10**6 and status.failures == 0
        lost_at = time.monotonic()
        content.postgres.stop(signal.SIGKILL)
        shutil.rmtree(content.postgres.data)
    store = tmp_path / "store"
    sealed = [path for path in store.rglob("*") if path.is_file()]
    assert not any(STEM.encode() in path.read_bytes() or b"pg_control" in path.read_bytes() for path in sealed)

    try:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        restored.postgres.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        manifest = tmp_path / "manifest.json"
        command = [ROOT / "deploy/restore", "--to", restored.postgres.data, "--at", instant.isoformat()]
        done = subprocess.run([*command, "--manifest", manifest], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        assert again.returncode == 1 and "n'est pas vide" in again.stderr
        start_restored(restored)
        with restored.database():
            as_another_process()
            status_code, said = check_backup(manifest)
            assert status_code == 0, said
            assert "Le registre est entier" in said and "sorte(s) de valeurs scellées" in said
            there = set(Conversation.objects.values_list("public_id", flat=True))
            assert {before.public_id, after.public_id} <= there and too_late.public_id not in there
            assert len(words_of(before)) == len(words_of(after)) == WORDS
            tried("milliseconds from the loss of a small site to its check", int(1000 * (time.monotonic() - lost_at)))
            # What was done after the base backup is more than it counted, so « --exact » refuses it.
            assert check_backup(manifest, "--exact")[0] == 1
    finally:
        as_another_process()
        restored.postgres.stop()
        if restored.postgres.as_root:
            shutil.rmtree(restored.postgres.home, ignore_errors=True)
