"""Copies of the wrapped keys are complete or refused, are thinned out by age, and can be restored."""

import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event
from unittest.mock import Mock, patch

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from chat.conversations import worker_status
from chat.management.commands import run_worker
from chat.models import WorkerDuty
from common import encryption
from common.data_keys import copies, keys
from common.data_keys.models import WrappedKey
from reports.models import KeyErasure, Report
from reports.retention import key_copies
from tests.factories import chat as make

NOW = datetime(2026, 11, 28, 5, 12, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_known():
    keys.forget_all()
    yield
    keys.forget_all()


def named(count: int = 1) -> list[uuid.UUID]:
    """Create keys that reports name."""
    made = keys.make(count)
    for key in made:
        make.report(data_key=key)
    return made


@pytest.mark.django_db
def test_a_copy_holds_every_key_and_opens_none(tmp_path):
    made = keys.make(5)
    path = copies.write(tmp_path, NOW)
    assert path.name == "cles-20261128T051209Z.txt" and path.stat().st_mode & 0o077 == 0
    assert copies.verify(path) == 5
    held = {one.key: one for one in copies.read(path)}
    assert set(held) == set(made)
    [row] = WrappedKey.objects.filter(pk=made[0])
    assert held[row.pk].wrapped == bytes(row.wrapped) and held[row.pk].made_on == row.made_on
    secret = encryption.unseal(row.wrapped, context=row.context)
    assert secret not in path.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name], "nothing half-written stays"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.rsplit("\n", 2)[0] + "\n",  # without its last line
        lambda text: text.replace("2", "3", 1),
        lambda text: "\n".join(line for number, line in enumerate(text.split("\n")) if number != 1),
        lambda text: text + text.split("\n")[1] + "\n",
        lambda text: text.replace("pnav-data-keys 1", "pnav-data-keys 2"),
        lambda _text: "",
        lambda text: "é" + text,
    ],
)
def test_a_copy_that_was_cut_or_altered_is_refused_whole(tmp_path, damage):
    named(4)
    path = copies.write(tmp_path, NOW)
    path.write_text(damage(path.read_text()), encoding="utf-8")
    WrappedKey.objects.all().delete()
    with pytest.raises(copies.BrokenCopy):
        copies.verify(path)
    with pytest.raises(copies.BrokenCopy):
        key_copies.restore(path)
    assert not WrappedKey.objects.exists(), "none of it is used"


@pytest.mark.django_db
def test_only_what_a_report_names_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setattr(key_copies, "BATCH", 2)
    lost, erased, kept, noted, *others = named(7)
    path = copies.write(tmp_path, NOW)
    Report.objects.filter(data_key=erased).delete()
    KeyErasure.objects.create(data_key=noted)
    newer = b"a newer wrap"
    WrappedKey.objects.exclude(pk=kept).delete()
    WrappedKey.objects.filter(pk=kept).update(wrapped=newer)
    assert key_copies.restore(path) == (1 + len(others), 2), "erased, and noted for it: passed over"
    there = dict(WrappedKey.objects.values_list("pk", "wrapped"))
    assert set(there) == {lost, kept, *others} and bytes(there[kept]) == newer
    assert key_copies.restore(path) == (0, 2), "again"
    sealed = encryption.seal("x", context="c", data_key=lost)
    assert encryption.unseal(sealed, context="c") == "x"


def touch(folder: Path, *hours: float) -> list[str]:
    names = [f"cles-{NOW - timedelta(hours=ago):%Y%m%dT%H%M%SZ}.txt" for ago in hours]
    for name in names:
        (folder / name).touch()
    return names


def test_old_copies_go_by_age_and_the_newest_stays(tmp_path):
    new, day, old = touch(tmp_path, 1, 24, 24 * 8)
    (tmp_path / "autre.txt").touch()
    assert copies.prune(tmp_path, NOW, 7) == 1
    assert {path.name for path in tmp_path.iterdir()} == {new, day, "autre.txt"} and old
    assert copies.prune(tmp_path, NOW + timedelta(days=400), 7) == 1
    assert [path.name for _at, path in copies.list_copies(tmp_path)] == [new], "an old copy is better than none"


def test_no_more_copies_than_so_many(tmp_path, monkeypatch):
    monkeypatch.setattr(copies, "NEWEST_KEPT", 3)
    names = touch(tmp_path, *range(6))
    assert copies.prune(tmp_path, NOW, 7) == 3
    assert [path.name for _at, path in copies.list_copies(tmp_path)] == names[:3]


def test_what_a_killed_process_left_goes(tmp_path):
    part = tmp_path / "cles-20261101T000000Z-0badf00d.part"
    part.touch()
    copies.prune(tmp_path, datetime.fromtimestamp(part.stat().st_mtime, UTC) + timedelta(hours=1), 7)
    assert part.exists(), "somebody may be writing it"
    copies.prune(tmp_path, datetime.fromtimestamp(part.stat().st_mtime, UTC) + timedelta(days=2), 7)
    assert not part.exists()


@pytest.mark.django_db
def test_a_folder_that_is_away_keeps_no_other_from_its_copy(tmp_path, caplog):
    keys.make(2)
    away = tmp_path / "absent"
    there = tmp_path / "là"
    there.mkdir()
    assert copies.copy_to_folders([str(away), str(there)], NOW, 7) == ["1"]
    assert copies.verify(copies.list_copies(there)[0][1]) == 2
    assert "place=1" in caplog.text and str(away) not in caplog.text


@pytest.mark.django_db
def test_folder_where_old_copies_stay_counts_as_one_that_failed(tmp_path, monkeypatch):
    """Keys that were erased since are in them, longer than people were told."""
    monkeypatch.setattr(copies, "prune", Mock(side_effect=OSError))
    assert copies.copy_to_folders([str(tmp_path / "absent"), str(tmp_path)], NOW, 7) == ["1", "2"]


@pytest.mark.django_db
def test_worker_reports_copies_as_a_duty(tmp_path, settings):
    settings.DATA_KEYS_COPIES_TO = [str(tmp_path / "absent"), str(tmp_path)]
    command = run_worker.Command()
    command._copy()
    settings.DATA_KEYS_COPIES_TO = [str(tmp_path)]
    command._copy()
    with pytest.raises(ZeroDivisionError), patch.object(copies, "copy_to_folders", lambda *_args: 1 / 0):
        command._copy()
    command._report.write()
    duty = WorkerDuty.objects.get()
    assert (duty.name, duty.errors) == (copies.DUTY, 2) and duty.succeeded_at is not None
    settings.DATA_KEYS_COPIES_TO = []
    command._start_copies(Event())
    worker_status.forget_the_gone(command._report.without)
    assert not WorkerDuty.objects.exists(), "or it would be late for ever"


@pytest.mark.django_db
def test_commands(tmp_path, settings):
    def run(*arguments: str) -> str:
        out = StringIO()
        call_command("data_keys", *arguments, stdout=out)
        return out.getvalue()

    settings.DATA_KEYS_COPIES_TO = []
    with pytest.raises(CommandError, match="DATA_KEYS_COPIES_TO"):
        run()
    settings.DATA_KEYS_COPIES_TO = [str(tmp_path)]
    [lost, kept] = named(2)
    assert "1 dossier" in run()
    [(_at, path)] = copies.list_copies(tmp_path)
    assert "2 clés" in run("--verify", str(path))
    assert "2 signalements ont une clé ; 0 clés manquent ; 0 clés" in run("--check")
    keys.erase([lost])
    mute = Report.objects.get(data_key=lost)
    with pytest.raises(CommandError, match=str(mute.public_id)):
        run("--check")
    assert "1 clés remises" in run("--restore", str(path))
    [over] = keys.make()
    WrappedKey.objects.filter(pk=over).update(made_on=timezone.localdate() - timedelta(days=3))
    assert "1 clés ne sont nommées" in run("--check")
    [young] = keys.make()
    assert "1 clés effacées" in run("--erase-over")
    assert set(WrappedKey.objects.values_list("pk", flat=True)) == {lost, kept, young}
    path.write_text("x")
    for option in ("--verify", "--restore"):
        with pytest.raises(CommandError, match="copie entière"):
            run(option, str(path))
        with pytest.raises(CommandError, match="illisible"):
            run(option, str(tmp_path / "absent"))
    settings.DATA_KEYS_COPIES_TO = [str(tmp_path / "absent")]
    with pytest.raises(CommandError, match="numéro 1"):
        run()
