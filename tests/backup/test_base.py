"""What a base backup asks of its server, and what it finds in the store at its end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from pnav.backup import base as bases
from pnav.backup import status
from pnav.backup.base import BASE_SLOT, BackupFailed, read_bases, read_moment, take_base
from pnav.backup.configuration import Configuration, Server
from pnav.backup.manifest import folder_name
from pnav.backup.store import Store, folder_storage
from reports.models import BackupStatus
from tests.backup.test_service import RING

BEGAN = datetime(2026, 11, 28, 3, tzinfo=UTC)


@pytest.fixture
def configuration(tmp_path):
    given = connection.get_connection_params()
    url = psycopg.conninfo.make_conninfo(**{name: given.get(name) for name in ("host", "port", "user", "dbname")})
    server = Server(url, given.get("password", ""))
    return Configuration(
        name="content", server=server, status=server, store=Store(folder_storage(str(tmp_path / "store")), RING),
        spool=tmp_path / "spool", days=30, every=timedelta(hours=24), wal_seconds=15,
    )  # fmt: skip


@pytest.mark.django_db
def test_server_tells_its_time_and_what_any_process_takes_of_it(configuration):
    now = timezone.now()
    folder = folder_name(now - timedelta(days=3))
    with bases.open_connection(configuration.server) as other:
        for name in (f"{BASE_SLOT}{folder.lower()}", "another_slot"):
            other.execute("SELECT pg_create_physical_replication_slot(%s, false, true)", [name])
        found = read_moment(configuration)
    assert folder in found.being_taken and not any("SLOT" in name.upper() for name in found.being_taken)
    assert abs(found.at - now) < timedelta(minutes=5)
    assert folder not in read_moment(configuration).being_taken, "its process has ended"


@pytest.mark.django_db(transaction=True)
def test_what_is_written_of_a_base_leaves_the_count_of_failures(configuration):
    """A base that is taken by hand knows nothing of what the service failed to do."""
    status.write(configuration, failures=3)
    status.write(configuration, base_at=BEGAN, base_bytes=9, base_seconds=1.5)
    status.write(configuration, since=BEGAN)
    row = BackupStatus.objects.get()
    assert (row.failures, row.base_at, row.since, row.base_bytes) == (3, BEGAN, BEGAN, 9)
    status.write(configuration, has_wal=True, failures=0)
    assert BackupStatus.objects.get().failures == 0


class Connection:
    """The connection that holds the slot while the server is copied."""

    is_open = True

    def execute(self, *_given: object) -> "Connection":
        return self

    def fetchone(self) -> tuple[datetime]:
        return (BEGAN + timedelta(hours=30),)

    def close(self) -> None:
        self.is_open = False


@pytest.fixture
def take(configuration, monkeypatch):
    """Return what takes a base backup of a server that writes three parts. meanwhile: what happens before the last."""
    facts: dict[str, Any] = {
        "started_at": BEGAN, "server_version": "18.6", "system": "7", "timeline": "00000001",
        "start_segment": "0" * 24, "counts": {}, "head": "", "proof_day": "",
    }  # fmt: skip
    held = Connection()
    put = Store.put

    def put_while_held(store: Store, name: str, clear: bytes) -> int:
        assert held.is_open, "the slot says that it is being taken until its manifest is there"
        return put(store, name, clear)

    def taken(meanwhile: Callable[[Store, str], object]) -> None:
        def copy(_configuration: Configuration, store: Store, folder: str) -> list[int]:
            for number in range(2):
                store.put(f"base/{folder}/{number:05d}", b"part")
            meanwhile(store, folder)
            store.put(f"base/{folder}/00002", b"part")
            return [4, 4, 4]

        monkeypatch.setattr(bases, "_copy", copy)
        take_base(configuration)
        assert not held.is_open

    monkeypatch.setattr(bases, "open_connection", lambda _server: held)
    monkeypatch.setattr(bases, "_read_facts", lambda _connection: facts)
    monkeypatch.setattr(Store, "put", put_while_held)
    return taken


def test_base_that_took_long_is_whole(take, configuration):
    take(lambda _store, _folder: None)
    assert list(read_bases(configuration.store).whole) == [folder_name(BEGAN)]


def test_base_whose_parts_were_deleted_meanwhile_does_not_count_as_whole(take, configuration):
    """Its manifest was written all the same, older ones were deleted by their age, and only a restore found it out."""
    with pytest.raises(BackupFailed, match="1 parts of 20261128T030000Z"):
        take(lambda store, folder: store.delete(f"base/{folder}/00000"))
    found = read_bases(configuration.store)
    assert not found.whole and found.unfinished == [folder_name(BEGAN)]
