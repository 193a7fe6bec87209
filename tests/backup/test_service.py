"""What the backup service does when something is not reachable, was deleted, or is old."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from common.encryption import parse_keys
from pnav.backup import __main__ as commands
from pnav.backup import configuration as configurations
from pnav.backup import restore
from pnav.backup import service as services
from pnav.backup.base import BackupFailed, Moment, read_bases
from pnav.backup.configuration import Configuration, Server
from pnav.backup.manifest import folder_name
from pnav.backup.service import Service
from pnav.backup.store import Store, folder_storage
from pnav.backup.wal import Receiver, Shipper, Stream
from tests.backup.test_restore import put_base, segment

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
RING = parse_keys("b1:" + base64.urlsafe_b64encode(b"1" * 32).decode())
GOOD = {
    "BACKUP_DATABASE_URL": "postgres://pnav_backup@db/pnav", "BACKUP_KEYS": "b1:" + "A" * 43 + "=",
    "BACKUP_SPOOL": "/spool",
}  # fmt: skip


@pytest.fixture
def configuration(tmp_path):
    server = Server("postgres://nowhere", "pass-of-the-role")
    (tmp_path / "spool").mkdir()
    return Configuration(
        name="content", server=server, status=server, store=Store(folder_storage(str(tmp_path / "store")), RING),
        spool=tmp_path / "spool", days=30, every=timedelta(hours=24), wal_seconds=15,
    )  # fmt: skip


@pytest.fixture
def written(monkeypatch):
    """Return what was said in the site's database."""
    rows: list[dict] = []
    monkeypatch.setattr(services.status, "write", lambda _configuration, **values: rows.append(values))
    return rows


class Bases:
    """A server that makes a base backup at once. The clock is given."""

    def __init__(self, configuration, monkeypatch):
        self.configuration = configuration
        self.now, self.stream, self.dropped, self.taken = NOW, Stream(True, False, "00000001"), 0, []
        self.service = self.new_service()
        monkeypatch.setattr(Receiver, "keep_alive", lambda _receiver: None)
        monkeypatch.setattr(services, "read_stream", lambda _configuration: self.stream)
        monkeypatch.setattr(services, "drop_slot", self.drop)
        monkeypatch.setattr(services, "base_and_status", self.take)
        monkeypatch.setattr(services, "read_moment", lambda _configuration: Moment(self.now))

    def new_service(self) -> Service:
        return Service(self.configuration, lambda: self.now.timestamp())

    def drop(self, _configuration):
        self.dropped += 1
        self.stream = Stream(False, False, self.stream.timeline)

    def take(self, configuration):
        if self.now in self.taken:
            raise OSError("twice at one instant")
        self.taken.append(self.now)
        manifest = put_base(configuration.store, self.now)
        text = manifest.as_json().replace('"timeline": "00000001"', f'"timeline": "{self.stream.timeline}"')
        configuration.store.delete(f"base/{manifest.id}/manifest")
        configuration.store.put(f"base/{manifest.id}/manifest", text.encode())
        return manifest

    def turn(self, later: timedelta = timedelta(seconds=15)) -> int:
        """Do one turn, and return how many bases have been taken so far."""
        self.now += later
        self.service._receive()
        self.service._begin_base()
        if self.service._thread is not None:
            self.service._thread.join()
        return len(self.taken)


@pytest.fixture
def bases(configuration, monkeypatch, written):
    return Bases(configuration, monkeypatch)


def test_base_is_taken_each_day_and_by_a_new_process_when_the_last_one_is_a_day_old(bases, configuration):
    assert [bases.turn(), bases.turn(), bases.turn(timedelta(hours=20))] == [1, 1, 1]
    bases.service = bases.new_service()
    assert [bases.turn(), bases.turn(timedelta(hours=5)), bases.turn()] == [1, 2, 2]


def test_wal_that_the_server_threw_away_makes_a_base_due_at_once(bases, written):
    assert bases.turn() == 1
    (bases.configuration.spool / f"{segment(3)}.partial").write_bytes(b"three")
    bases.stream = Stream(False, True, "00000001")
    assert bases.turn() == 2 and bases.dropped == 1
    assert list(bases.configuration.spool.iterdir()) == [], "the next one begins where the new slot is"
    assert any("partial" in name for name in bases.configuration.store.files("wal")), "what was received is kept"
    assert bases.turn() == 2


def test_slot_that_had_to_be_made_makes_a_base_due_at_once(bases, monkeypatch):
    """Backups were moved here from another machine, and the slot was dropped as docs/restore.md says."""
    assert bases.turn() == 1
    monkeypatch.setattr(bases.service._receiver, "has_made_slot", True)
    assert [bases.turn(), bases.turn(), bases.turn(timedelta(hours=1))] == [2, 2, 2]


def test_new_process_looks_for_a_hole_that_one_before_it_left(bases, configuration):
    """That process had dropped a lost slot, and ended before it could take the base that was due."""
    assert bases.turn() == 1
    for number in (5, 6):
        configuration.store.put(f"wal/{segment(number)}", b"x")
    configuration.store.put(f"wal/{segment(7)}.partial-{1:013d}", b"x")

    def as_new_process(next_segment: int) -> list[int]:
        bases.service = bases.new_service()
        bases.stream = Stream(True, False, "00000001", next_segment)
        return [bases.turn(), bases.turn()]

    assert as_new_process(7) == [1, 1], "the next one to come is what the store has a part of"
    assert as_new_process(8) == [2, 2], "its rest never comes"
    configuration.store.put(f"wal/{segment(7)}", b"x")
    assert as_new_process(8) == [2, 2] and as_new_process(12) == [3, 3]


def test_hole_is_looked_for_until_the_store_has_answered(bases, configuration, monkeypatch):
    assert bases.turn() == 1
    configuration.store.put(f"wal/{segment(5)}", b"x")
    bases.service = bases.new_service()
    bases.stream = Stream(True, False, "00000001", 12)
    files = Store.files

    def away(store, place, *given):
        if place == "wal":
            raise OSError("the store does not answer")
        return files(store, place, *given)

    with monkeypatch.context() as outage:
        outage.setattr(Store, "files", away)
        with pytest.raises(OSError, match="does not answer"):
            bases.turn()
    assert bases.turn() == 2


def test_hole_that_comes_while_a_base_is_taken_makes_another_one_due(bases, monkeypatch):
    def take(configuration):
        bases.service._receiver.has_made_slot = len(bases.taken) == 0
        bases.service._receive()
        return bases.take(configuration)

    monkeypatch.setattr(services, "base_and_status", take)
    assert [bases.turn(), bases.turn(), bases.turn()] == [1, 2, 2]


def test_hole_is_not_forgotten_when_the_base_fails(bases, monkeypatch):
    def fail(_configuration):
        raise OSError("the disk of the store is full")

    assert bases.turn() == 1
    bases.service._receiver.has_made_slot = True
    monkeypatch.setattr(services, "base_and_status", fail)
    assert bases.turn() == 1
    monkeypatch.setattr(services, "base_and_status", bases.take)
    assert bases.turn(services.AGAIN_AFTER) == 2


def test_new_timeline_makes_a_base_due_at_once(bases):
    """There is a new timeline after a promotion, or a restore."""
    assert [bases.turn(), bases.turn()] == [1, 1]
    bases.stream = Stream(True, False, "00000002")
    assert [bases.turn(), bases.turn()] == [2, 2]


def test_wal_is_said_to_be_there_only_while_somebody_receives_it(bases, written):
    bases.turn()
    assert {"has_wal": True, "failures": 0} in written
    written.clear()
    bases.stream = Stream(False, False, "00000001")
    bases.turn()
    assert not any("has_wal" in row for row in written)


def test_failure_is_counted_tried_again_later_and_shows_no_password(bases, written, monkeypatch, caplog):
    def fail(_configuration):
        raise OSError("the disk of the store is full")

    monkeypatch.setattr(services, "base_and_status", fail)
    assert bases.turn() == 0 and {"failures": 1} in written
    assert "full" in caplog.text and "pass-of-the-role" not in caplog.text
    monkeypatch.setattr(services, "base_and_status", bases.take)
    assert bases.turn() == 0, "not at once"
    assert bases.turn(services.AGAIN_AFTER) == 1


def test_duty_that_fails_for_weeks_is_counted_until_it_succeeds_itself(bases, written, monkeypatch):
    """The WAL, which is received every 15 seconds, set the count of the others to 0."""

    def fail(_configuration, *_given):
        raise OSError("the disk of the store is full")

    def turns(number: int, later: timedelta) -> int | None:
        for _turn in range(number):
            bases.turn(later)
            bases.service._try("prune", bases.service._prune)
        bases.turn()
        return [row["failures"] for row in written if "failures" in row][-1]

    with monkeypatch.context() as full:
        full.setattr(services, "base_and_status", fail)
        assert turns(3, services.AGAIN_AFTER) == 3
        full.setattr(services, "prune", fail)
        assert turns(5, services.AGAIN_AFTER) == 8
    assert turns(1, services.AGAIN_AFTER) == 0
    with monkeypatch.context() as full:
        full.setattr(services, "prune", fail)
        assert turns(6, services.PRUNE_EVERY) == 6
        bases.service._failures["wal"] = 9
        assert turns(1, services.PRUNE_EVERY) == 7, "the WAL succeeds, and ends only its own row"
    assert turns(1, services.PRUNE_EVERY) == 0


def test_base_that_was_taken_by_hand_ends_the_row(bases, written, monkeypatch):
    def fail(_configuration):
        raise OSError("the disk of the store is full")

    monkeypatch.setattr(services, "base_and_status", fail)
    assert bases.turn() == 0 and written[-1] == {"failures": 1}
    put_base(bases.configuration.store, bases.now)
    assert bases.turn(services.AGAIN_AFTER) == 0 and written[-1] == {"failures": 0}


def test_segments_are_sealed_once_and_parts_only_when_they_change(configuration):
    shipper = Shipper(configuration.store, configuration.spool)
    part = configuration.spool / f"{segment(2)}.partial"
    (configuration.spool / segment(1)).write_bytes(b"one")
    part.write_bytes(b"two")
    assert [shipper.ship(), shipper.ship()] == [2, 0]
    part.write_bytes(b"two and more")
    assert shipper.ship() == 1
    part.rename(part.with_suffix(""))
    (configuration.spool / "00000002.history").write_bytes(b"1")
    assert shipper.ship() == 2 and list(configuration.spool.iterdir()) == []
    names = configuration.store.files("wal")
    assert configuration.store.get(f"wal/{segment(2)}") == b"two and more"
    assert names == [segment(1), segment(2), "00000002.history"]


def test_prune_deletes_from_the_store_and_says_since_when_one_can_go_back(configuration):
    old, new = put_base(configuration.store, NOW - timedelta(days=31)), put_base(configuration.store, NOW, start=9)
    for number in (5, 9):
        configuration.store.put(f"wal/{segment(number)}", b"x")
    assert services.prune(configuration, Moment(NOW + timedelta(hours=1))).since == new.ended_at
    assert configuration.store.folders("base").count(new.id) == 1 and configuration.store.files("wal") == [segment(9)]
    assert configuration.store.files(f"base/{old.id}") == []
    assert services.prune(configuration, Moment(NOW + timedelta(days=90))).since == new.ended_at, "the last one stays"


def test_base_that_is_being_taken_is_not_deleted_however_long_it_takes(configuration):
    put_base(configuration.store, NOW - timedelta(days=2))
    slow, broken_off = NOW - timedelta(hours=30), NOW - timedelta(hours=40)
    for began in (slow, broken_off):
        configuration.store.put(f"base/{folder_name(began)}/00000", b"x")
    services.prune(configuration, Moment(NOW, {folder_name(slow)}))
    assert configuration.store.files(f"base/{folder_name(slow)}") == ["00000"]
    assert configuration.store.files(f"base/{folder_name(broken_off)}") == []


def server_says(now: datetime, monkeypatch) -> None:
    for module in (services, commands):
        monkeypatch.setattr(module, "read_moment", lambda _configuration: Moment(now))


def test_clock_of_the_machine_deletes_nothing_and_makes_nothing_due(configuration, written, monkeypatch):
    """It is a month ahead of the server, by whose time the bases are named."""
    server = timezone.now() - timedelta(days=31)
    older, newest = (put_base(configuration.store, server - timedelta(hours=hours)) for hours in (25, 1))
    configuration.store.put(f"base/{folder_name(server - timedelta(hours=1, minutes=1))}/00000", b"being taken")
    server_says(server, monkeypatch)
    monkeypatch.setattr(services, "base_and_status", lambda _configuration: pytest.fail("it is not due"))
    service = Service(configuration)
    service._timeline = newest.timeline
    service._begin_base()
    assert service._thread is None
    service._prune()
    commands._prune(configuration)
    assert len(configuration.store.folders("base")) == 3 and {"since": older.ended_at} in written


def test_nothing_is_deleted_while_the_server_does_not_tell_its_time(configuration, monkeypatch):
    old = put_base(configuration.store, timezone.now() - timedelta(days=60))
    put_base(configuration.store, timezone.now())

    def away(_configuration):
        raise psycopg.OperationalError("refused")

    for module in (services, commands):
        monkeypatch.setattr(module, "read_moment", away)
    for delete in (Service(configuration)._prune, lambda: commands._prune(configuration)):
        with pytest.raises(psycopg.OperationalError):
            delete()
    assert configuration.store.files(f"base/{old.id}")


def test_base_of_another_key_is_named_and_is_there_when_the_key_is_back(configuration, written, caplog, monkeypatch):
    """Somebody took the former key out of BACKUP_KEYS too early, or the machine was made with a copy from before."""
    former = Store(configuration.store._storage, parse_keys("b0:" + base64.urlsafe_b64encode(b"0" * 32).decode()))
    closed = put_base(former, NOW - timedelta(days=3), start=4)
    newer = put_base(configuration.store, NOW, start=9)
    for number in (4, 9):
        former.put(f"wal/{segment(number)}", b"x")
    server_says(NOW + timedelta(hours=1), monkeypatch)
    service = Service(configuration)
    service._try("prune", service._prune)
    assert written == [{"since": newer.ended_at}], "it is no failure: for weeks it would hide one of a base backup"
    assert f"1 base backups do not open with BACKUP_KEYS and stay until their age (docs/restore.md): {closed.id}" in (
        caplog.text
    )
    both = Store(configuration.store._storage, former._ring | RING)
    assert set(read_bases(both).whole) == {closed.id, newer.id}
    assert both.files("wal") == [segment(4), segment(9)] and both.get(f"base/{closed.id}/00001")


def test_manifest_of_a_newer_version_is_kept(configuration):
    """After a return to an older version, its bases are not taken for interrupted ones."""
    put_base(configuration.store, NOW)
    newer = put_base(configuration.store, NOW - timedelta(days=2))
    configuration.store.delete(f"base/{newer.id}/manifest")
    configuration.store.put(
        f"base/{newer.id}/manifest", newer.as_json().replace('"name"', '"added_since": 1, "name"').encode()
    )
    assert services.prune(configuration, Moment(NOW + timedelta(hours=1))).closed == [newer.id]
    assert len(configuration.store.files(f"base/{newer.id}")) == 3


def test_commands_say_of_each_base_whether_it_opens(configuration, monkeypatch, capsys):
    put_base(configuration.store, NOW)
    former = Store(configuration.store._storage, parse_keys("b0:" + base64.urlsafe_b64encode(b"0" * 32).decode()))
    closed = put_base(former, NOW - timedelta(days=1))
    configuration.store.put("base/20261127T000000Z/00000", b"x")
    monkeypatch.setattr(restore, "read_store", lambda _environment: configuration.store)
    for list_bases in (lambda: commands._list(configuration), lambda: restore.main(["--list"])):
        assert not list_bases()
        said = capsys.readouterr().out
        assert f"{closed.id} : ne s'ouvre pas avec ces clés" in said and "20261127T000000Z : inachevée" in said
    server_says(NOW, monkeypatch)
    with pytest.raises(BackupFailed, match=closed.id):
        commands._prune(configuration)


def test_part_stays_while_what_replaces_it_does_not_open(configuration, tmp_path):
    """The machine was lost while it sealed the whole segment, or a later part of it."""
    put_base(configuration.store, NOW)
    names = [segment(7), *(f"{segment(7)}.partial-{n:013d}" for n in (1, 2))]
    for name in names:
        configuration.store.put(f"wal/{name}", b"seven")
    path = tmp_path / "store/wal" / segment(7)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    services.prune(configuration, Moment(NOW))
    assert configuration.store.files("wal") == names
    path.write_bytes(whole)
    services.prune(configuration, Moment(NOW))
    assert configuration.store.files("wal") == names[:1]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"BACKUP_KEYS": "b1:secret-word"}, "BACKUP_KEYS"),
        ({"BACKUP_KEYS": ""}, "BACKUP_KEYS"),
        ({"BACKUP_DIR": ""}, "BACKUP_DIR"),
        ({"BACKUP_S3_BUCKET": "both"}, "BACKUP_S3_BUCKET"),
        ({"BACKUP_DIR": "", "BACKUP_S3_BUCKET": "a"}, "BACKUP_S3_ENDPOINT"),
        ({"BACKUP_DATABASE_URL": ""}, "BACKUP_DATABASE_URL"),
        ({"BACKUP_SPOOL": ""}, "BACKUP_SPOOL"),
        ({"BACKUP_NAME": "other"}, "BACKUP_NAME"),
        ({"BACKUP_DAYS": "0"}, "BACKUP_DAYS"),
        ({"BACKUP_EVERY_HOURS": "often"}, "BACKUP_EVERY_HOURS"),
    ],
)
def test_wrong_variable_is_named_and_its_value_is_not(tmp_path, change, named):
    environment = GOOD | {"BACKUP_DIR": str(tmp_path)} | change
    with pytest.raises(ImproperlyConfigured, match=named) as refused:
        configurations.read(environment)
    assert "secret-word" not in str(refused.value)


def test_each_server_has_its_own_age(tmp_path):
    good = GOOD | {"BACKUP_DIR": str(tmp_path), "BACKUP_DAYS": "20", "DATA_KEYS_BACKUP_DAYS": "5"}
    assert configurations.read(good).days == 20
    assert configurations.read(good | {"BACKUP_NAME": "keys"}).days == 5
    assert configurations.read(good).spool == Path("/spool")
