"""What a restore takes from the store, and what it refuses. `tests/scenarios/test_backup.py` uses a real server."""

import base64
import io
import re
import tarfile
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.encryption import UnsealError, parse_keys
from pnav.backup import restore, tools
from pnav.backup.base import PART_BYTES
from pnav.backup.manifest import Manifest, folder_name
from pnav.backup.store import Conflict, Missing, Store, folder_storage

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
Usage = namedtuple("Usage", "total used free")
RING = parse_keys("b1:" + base64.urlsafe_b64encode(b"1" * 32).decode())


def segment(number: int, timeline: int = 1) -> str:
    return f"{timeline:08X}{number:016X}"


@pytest.fixture
def store(tmp_path, monkeypatch):
    def nowhere(name, *_given):
        raise tools.ToolMissing(name)

    monkeypatch.setattr(tools, "find", nowhere)  # `pg_verifybackup` would need PostgreSQL's own manifest
    return Store(folder_storage(str(tmp_path / "store")), RING)


def put_base(
    store: Store, began: datetime, content: bytes = b"18\n", start: int = 5, own: Sequence[str] = ()
) -> Manifest:
    """Return a base backup of a server with three files. own: the segments of WAL in it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, data in (
            ("PG_VERSION", content),
            ("base/1/2", b"x" * 100_000),
            ("postgresql.auto.conf", b"a = 'b'\n"),
            *((f"pg_wal/{name}", b"") for name in own),
        ):
            about = tarfile.TarInfo(name)
            about.size, about.mode = len(data), 0o600
            archive.addfile(about, io.BytesIO(data))
    whole = file.getvalue()
    cut = len(whole) // 2
    parts = [whole[:cut], whole[cut:]]
    manifest = Manifest(
        id=folder_name(began), name="content", release="0.2.0", server_version="18.6", system="7", timeline="00000001",
        start_segment=segment(start), started_at=began, ended_at=began + timedelta(minutes=5),
        sizes=list(map(len, parts)),
    )  # fmt: skip
    for index, part in enumerate(parts):
        store.put(f"base/{manifest.id}/{index:05d}", part)
    store.put(f"base/{manifest.id}/manifest", manifest.as_json().encode())
    return manifest


def test_base_and_the_wal_after_it_are_put_into_the_folder(store, tmp_path):
    manifest = put_base(store, NOW)
    for number in (4, 5, 6):
        store.put(f"wal/{segment(number)}", b"segment %d" % number)
    for milliseconds, content in ((1, b"seven"), (2, b"seven and more"), (3, b"seven, broken off")):
        store.put(f"wal/{segment(7)}.partial-{milliseconds:013d}", content)
    broken = tmp_path / f"store/wal/{segment(7)}.partial-{3:013d}"
    broken.write_bytes(broken.read_bytes()[:-5])
    history = b"1\t0/2E\tno recovery target specified\n"
    store.put("wal/00000002.history", history)
    folder = tmp_path / "data"
    assert restore.restore(store, folder) == manifest
    assert (folder / "PG_VERSION").read_bytes() == b"18\n" and len((folder / "base/1/2").read_bytes()) == 100_000
    assert folder.stat().st_mode & 0o777 == 0o700 and (folder / "recovery.signal").exists()
    wal = {path.name: path.read_bytes() for path in (folder / restore.RESTORED_WAL).iterdir()}
    assert wal == {
        segment(5): b"segment 5", segment(6): b"segment 6", segment(7): b"seven and more", "00000002.history": history,
    }  # fmt: skip
    settings = (folder / "postgresql.auto.conf").read_text()
    assert "a = 'b'" in settings and "recovery_target_time =" not in settings


def test_command_says_what_it_writes_what_room_there_is_and_each_step(store, tmp_path, monkeypatch, capsys):
    """A base of 22 GB takes many minutes, and a disk that is too small shows only at their end."""
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("BACKUP_KEYS", "b1:" + base64.urlsafe_b64encode(b"1" * 32).decode())
    manifest = put_base(store, NOW)
    for number in (5, 6):
        store.put(f"wal/{segment(number)}", b"x" * 2_000_000)
    told = []
    for free in (4_000_000, 5_000_000):
        monkeypatch.setattr(restore.shutil, "disk_usage", lambda _folder, free=free: Usage(0, 0, free))
        assert restore.main(["--to", str(tmp_path / f"data-{free}")]) == 0
        told.append([line.removeprefix("deploy/restore: ") for line in capsys.readouterr().err.splitlines()])
    # The tar of 112,640 bytes is in two parts, of which the first one is told when the second one is asked for.
    steps = ["Base : 0,1 Mo sur 0,1 Mo", "Base : écrite", "pg_verifybackup : absent", "WAL : écrit"]
    for lines, free, lacking in zip(told, ("4,0", "5,0"), (["Il manque 0,1 Mo"], []), strict=True):
        assert lines[0] == f"{manifest.id} : 0,1 Mo, et 4,0 Mo de WAL ; libres ici : {free} Mo."
        assert [line.partition(" :")[0] for line in lines[1 : 1 + len(lacking)]] == lacking
        after = lines[1 + len(lacking) :]
        assert [re.sub(r", \d+ s$", "", line) for line in after[: len(steps)]] == steps
        assert len(after) == len(steps) + 2
    assert restore.main(["--list"]) == 0
    assert capsys.readouterr().out.startswith(f"{manifest.id} : entière, 0,1 Mo, terminée le ")


def test_point_in_time_decides_on_the_base_and_is_given_to_postgresql(store, tmp_path):
    put_base(store, NOW, b"first")
    put_base(store, NOW + timedelta(days=1), b"second")
    at = NOW + timedelta(days=1, minutes=1)
    restore.restore(store, tmp_path / "data", at=at)
    assert (tmp_path / "data/PG_VERSION").read_bytes() == b"first", "the second had not ended"
    assert "recovery_target_time = '2026-11-29 03:01:00+00:00'" in (tmp_path / "data/postgresql.auto.conf").read_text()


def test_settings_of_a_restore_before_are_gone(tmp_path):
    restore._set_recovery(tmp_path, NOW)
    restore._set_recovery(tmp_path, None)
    text = (tmp_path / "postgresql.auto.conf").read_text()
    assert "recovery_target_time =" not in text and text.count("restore_command") == 1


@pytest.mark.parametrize("given", [{"at": NOW - timedelta(days=1)}, {"base": "20200101T000000Z"}])
def test_nothing_is_written_when_there_is_no_such_base(store, tmp_path, given):
    put_base(store, NOW)
    with pytest.raises(restore.CannotRestore, match="Aucune sauvegarde entière"):
        restore.restore(store, tmp_path / "data", **given)
    assert not (tmp_path / "data").exists()


def put_wal(store: Store, *names: str) -> None:
    for name in names:
        store.put(f"wal/{name}", name.encode().ljust(40))


def cut(tmp_path: Path, name: str) -> None:
    """Cut an object as a machine does that is lost while it writes it."""
    path = tmp_path / "store/wal" / name
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize("there", [[segment(5), f"{segment(6)}.partial-{1:013d}"], [segment(5)]])
def test_hole_in_the_wal_is_named_before_anything_is_written(store, tmp_path, capsys, there):
    """PostgreSQL would take it for the end of the WAL, and what was written after it would be lost without a word."""
    put_base(store, NOW)
    put_wal(store, *there, segment(7), segment(8))
    with pytest.raises(restore.CannotRestore, match=f"{segment(6)} manque"):
        restore.restore(store, tmp_path / "data")
    assert not (tmp_path / "data").exists() and capsys.readouterr().err == ""
    restore.restore(store, tmp_path / "data", up_to_hole=True)
    assert f"{segment(6)} manque" in capsys.readouterr().err
    restore.restore(store, tmp_path / "a", at=NOW + timedelta(hours=1))  # PostgreSQL refuses if it does not get there
    assert f"{segment(6)} manque" in capsys.readouterr().err
    put_wal(store, segment(6))
    restore.restore(store, tmp_path / "b")
    assert capsys.readouterr().err == ""


def test_wal_that_begins_after_the_base_is_a_hole_unless_the_base_has_it(store, tmp_path, capsys):
    put_base(store, NOW, start=4, own=[segment(5), segment(6)])
    put_wal(store, segment(7), segment(8))
    with pytest.raises(restore.CannotRestore, match=f"{segment(4)} manque"):
        restore.restore(store, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == [], "and a second attempt finds it empty"
    put_base(store, NOW + timedelta(days=1), start=5, own=[segment(5), segment(6)])
    restore.restore(store, tmp_path / "data")
    assert capsys.readouterr().err == ""


def test_timeline_that_was_left_has_no_holes(store, tmp_path, capsys):
    """The server was restored to a point within segment 6, so that what the first timeline has after it is left."""
    put_base(store, NOW)
    put_wal(store, segment(5), segment(6), segment(9), segment(6, 2), segment(7, 2))
    store.put("wal/00000002.history", f"1\t0/{6 * 40 + 8:X}\tbefore 2026-11-28 03:10:00+00\n".encode())
    restore.restore(store, tmp_path / "a")
    assert capsys.readouterr().err == ""
    put_wal(store, segment(9, 2))
    with pytest.raises(restore.CannotRestore, match=f"{segment(8, 2)} manque"):
        restore.restore(store, tmp_path / "b")


def test_segment_that_was_cut_is_replaced_by_its_part_where_the_wal_ends(store, tmp_path, capsys):
    put_base(store, NOW)
    part = f"{segment(6)}.partial-{1:013d}"
    put_wal(store, segment(5), segment(6), part)
    cut(tmp_path, segment(6))
    restore.restore(store, tmp_path / "data")
    assert (tmp_path / "data" / restore.RESTORED_WAL / segment(6)).read_bytes() == part.encode().ljust(40)
    assert f"{segment(6)} ne s'ouvre pas" in capsys.readouterr().err
    store.delete(f"wal/{part}")
    restore.restore(store, tmp_path / "b")
    assert not (tmp_path / "b" / restore.RESTORED_WAL / segment(6)).exists()
    assert f"{segment(6)} ne s'ouvre pas" in capsys.readouterr().err


@pytest.mark.parametrize("number", [5, 6])
def test_segment_that_was_cut_and_has_others_after_it_is_a_hole(store, tmp_path, number):
    put_base(store, NOW)
    put_wal(store, segment(5), segment(6), f"{segment(6)}.partial-{1:013d}", segment(7))
    cut(tmp_path, segment(number))
    with pytest.raises(restore.CannotRestore, match=f"{segment(number)} manque ou n'est pas entier"):
        restore.restore(store, tmp_path / "data")
    assert not (tmp_path / "data").exists() or list((tmp_path / "data").iterdir()) == []
    restore.restore(store, tmp_path / "data", up_to_hole=True)


def test_segment_that_was_cut_on_a_timeline_that_was_left_hinders_nobody(store, tmp_path, capsys):
    put_base(store, NOW)
    put_wal(store, segment(5), segment(6), segment(8), segment(6, 2), segment(7, 2))
    store.put("wal/00000002.history", f"1\t0/{6 * 40:X}\tno reason\n".encode())
    cut(tmp_path, segment(8))
    restore.restore(store, tmp_path / "data")
    assert f"{segment(8)} ne s'ouvre pas" in capsys.readouterr().err


def test_older_base_is_not_taken_in_the_place_of_one_that_does_not_open(store, tmp_path):
    former = Store(store._storage, parse_keys("b0:" + base64.urlsafe_b64encode(b"0" * 32).decode()))
    older, closed = put_base(store, NOW), put_base(former, NOW + timedelta(days=1))
    for at in (None, NOW + timedelta(days=1, hours=1)):
        with pytest.raises(restore.CannotRestore, match=f"1 sauvegarde.*{closed.id}"):
            restore.restore(store, tmp_path / "data", at=at)
    assert not (tmp_path / "data").exists()
    assert restore.restore(store, tmp_path / "a", base=older.id) == older
    assert restore.restore(store, tmp_path / "b", at=NOW + timedelta(hours=1)) == older, "the closed one came later"
    newest = put_base(store, NOW + timedelta(days=2))
    assert restore.restore(store, tmp_path / "c") == newest
    with pytest.raises(restore.CannotRestore, match="1 sauvegarde"):
        restore.restore(store, tmp_path / "d", at=NOW + timedelta(days=1, hours=1))


def test_folder_with_anything_in_it_is_left_alone(store, tmp_path):
    put_base(store, NOW)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/kept").touch()
    with pytest.raises(restore.CannotRestore, match="n'est pas vide"):
        restore.restore(store, tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["kept"]


def test_part_that_is_missing_altered_or_of_another_base_is_refused(store, tmp_path):
    first, second = put_base(store, NOW, b"first"), put_base(store, NOW + timedelta(days=1), b"second")
    path = tmp_path / f"store/base/{second.id}/00001"
    good = path.read_bytes()
    path.write_bytes((tmp_path / f"store/base/{first.id}/00001").read_bytes())
    with pytest.raises(UnsealError):
        restore.restore(store, tmp_path / "a")
    path.write_bytes(good[:-1])
    with pytest.raises(UnsealError):
        restore.restore(store, tmp_path / "b")
    path.unlink()
    with pytest.raises(Missing):
        restore.restore(store, tmp_path / "c")


def test_other_key_says_so(store, tmp_path):
    put_base(store, NOW)
    other = Store(
        folder_storage(str(tmp_path / "store")), parse_keys("b1:" + base64.urlsafe_b64encode(b"2" * 32).decode())
    )
    with pytest.raises(UnsealError, match="another key"):
        restore.restore(other, tmp_path / "data")


def test_object_is_written_once_and_again_when_it_was_broken_off(store, tmp_path):
    assert store.put("wal/a", b"word") > 0 and store.put("wal/a", b"word") == 0
    with pytest.raises(Conflict):
        store.put("wal/a", b"another")
    path = tmp_path / "store/wal/a"
    path.write_bytes(path.read_bytes()[:20])
    assert store.put("wal/a", b"word") > 0 and store.get("wal/a") == b"word"
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(Missing):
        store.get("wal/b")
    assert store.files("nowhere") == [] and store.folders("nowhere") == []


def test_command_names_what_is_wrong_and_no_secret(capsys, monkeypatch, tmp_path):
    for name, value in (("BACKUP_DIR", str(tmp_path)), ("BACKUP_KEYS", "b1:secret-word")):
        monkeypatch.setenv(name, value)
    assert restore.main(["--list"]) == 2
    said = capsys.readouterr().err
    assert "BACKUP_KEYS" in said and "secret-word" not in said
    with pytest.raises(SystemExit):
        restore.main(["--to", str(tmp_path / "data"), "--at", "2026-11-28T10:00:00"])
    assert "--at" in capsys.readouterr().err, "without its zone"
    assert PART_BYTES < 64 * 2**20


def test_manifest_of_one_server_is_not_written_over_that_of_the_other(store, tmp_path, monkeypatch, capsys):
    """After the loss of a whole machine both are restored, and `check_backup` needs both manifests."""
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("BACKUP_KEYS", "b1:" + base64.urlsafe_b64encode(b"1" * 32).decode())
    ours, file = put_base(store, NOW), tmp_path / "manifest.json"

    def restored(to: str) -> int:
        return restore.main(["--to", str(tmp_path / to), "--manifest", str(file)])

    for before in (replace(ours, name="keys").as_json(), "effaces\n"):
        file.write_text(before)
        assert restored("data") == 1 and file.read_text() == before
        assert not (tmp_path / "data").exists(), "it is refused before anything is put back"
        assert "--manifest : ce fichier" in capsys.readouterr().err
    for number, before in enumerate(("", replace(ours, release="0.1.0").as_json())):
        file.write_text(before)
        assert restored(f"data-{number}") == 0 and Manifest.parse(file.read_text()) == ours


def test_document_gives_each_server_a_manifest_of_its_own_and_checks_with_that_of_the_content():
    text = (Path(__file__).resolve().parents[2] / "docs/restore.md").read_text()
    lines = "".join(re.findall(r"^```\n(.+?)^```", text, re.DOTALL | re.MULTILINE)).splitlines()
    put = [
        (server, file)
        for line in lines
        for server, file in re.findall(r"pnav restore (content|keys) .*--manifest \S*?(\w+)\.json", line)
        + re.findall(r"run --rm restore(|-keys) deploy/restore .*> (\w+)\.json", line)
    ]
    assert sorted(put) == [("", "content"), ("-keys", "keys"), ("content", "content"), ("keys", "keys")]
    assert sum("--manifest" in line and "check_backup" not in line for line in lines) == len(put)
    checks = [re.findall(r"--manifest \S*?(\w+)\.json", line) for line in lines if "check_backup" in line]
    assert sorted(checks) == [["content"]] * 2 + [["content", "keys"]] * 2
    # What the worker depends on begins with `migrate`, which comes after the check.
    assert all("--no-deps" in line for line in lines if "check_backup" in line and "docker compose" in line)
