"""`check_backup` says of a complete site that it is complete, and of each loss what was lost."""

import base64
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from chat.models import Message
from common import encryption
from common.data_keys import keys as data_keys
from common.data_keys.models import WrappedKey
from pnav.backup import check
from pnav.backup.manifest import Manifest
from pnav.sessions import SessionStore, stored_key
from reports.audit import log as audit_log
from reports.models import AccessKind, AccessRecord, Motive, ProofDay, Report
from reports.proof_of_date import days
from reports.proof_of_date.register import RegisterLines
from tests.factories import captures as make_captures
from tests.factories import chat as make

NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


def counted(**counts: int) -> Manifest:
    """Return what a backup of this very moment would say; counts: in place of the real ones."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names() if not name.startswith("pg_")]
        real = {}
        for table in tables:
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
            real[table] = cursor.fetchone()[0]
    last = AccessRecord.objects.order_by("-number").first()
    day = ProofDay.objects.filter(closed_at__isnull=False).order_by("-day").first()
    return Manifest(
        id="20261128T030000Z", name="content", release="0.2.0", server_version="18.6", system="7", timeline="00000001",
        start_segment="0" * 24, started_at=NOW, ended_at=NOW, sizes=[1], counts=real | counts,
        head=f"{last.number}:{last.digest}" if last else "", proof_day=f"{day.day}:{day.digest}" if day else "",
    )  # fmt: skip


def bad(manifest: Manifest | None = None, *, exact: bool = False) -> list[str]:
    return [one.text for one in check.findings(manifest, exact=exact) if one.is_good is False]


@pytest.fixture
def site(settings, tmp_path, monkeypatch, db):
    """Create something of everything: an exchange, a capture, a visit, lines of the register, two days of proofs."""
    monkeypatch.setattr(check, "ROLE", "pnav")
    settings.CAPTURES, settings.CLAMD = True, ""
    options = {"BACKEND": "common.sealed_files.folder.Folder", "OPTIONS": {"location": str(tmp_path / "captures")}}
    settings.STORAGES = settings.STORAGES | {"captures": options}
    storages.backends  # noqa: B018  read before, they would be those of another test
    del storages.backends
    storages._storages.clear()
    data_keys.forget_all()
    [key] = data_keys.make()
    submission = uuid.uuid4()
    answers = encryption.seal("{}", context=f"report:{submission}", data_key=key)
    conversation = make.waiting(
        submission_id=submission, data_key=key, data_key_since=timezone.now(), triage_answers_sealed=answers
    )
    type(conversation).objects.filter(pk=conversation.pk).update(data_key=key)
    conversation.refresh_from_db()
    make.message(conversation, "un mot")
    make_captures.received(conversation)
    visit = SessionStore()
    visit["a"] = "b"
    with override_settings(SESSION_SEAL="ring"):
        visit.save()
    with transaction.atomic():
        for number in range(3):
            audit_log.record(kind=AccessKind.RETENTION, by=None, motive=Motive.TERM, detail=f"reports: {number}")
    yesterday = timezone.localdate() - timedelta(days=1)
    assert days.grow([RegisterLines(days.end_of(yesterday) + timedelta(days=2))], yesterday) is False
    yield conversation
    data_keys.forget_all()


def test_whole_site_is_whole_to_the_row(site):
    said = list(check.findings(counted(), exact=True))
    assert [one.text for one in said if one.is_good is False] == []
    told = "\n".join(one.text for one in said)
    for words in ("3 ligne(s), conforme", "1 journée(s) closes", "Visites : s'ouvrent", "récente s'ouvre entière"):
        assert words in told
    assert bad(None) == []


def test_visits_that_their_cookie_alone_opens_are_said_to_be(site):
    visit = SessionStore()
    visit["a"] = "b"
    visit.save()
    Session.objects.exclude(pk=stored_key(visit.session_key)).delete()
    assert "Visites : leur cookie seul les ouvre." in [one.text for one in check.findings(None, exact=False)]


@pytest.mark.parametrize("data", ["abc", "é", "not=base64"])
def test_visit_that_is_no_visit_of_ours_is_said_and_ends_nothing(site, data):
    newest = timezone.now() + timedelta(days=400)
    Session.objects.create(session_key="x" * 32, session_data=data, expire_date=newest)
    said = [one.text for one in check.findings(None, exact=False) if one.is_good is False]
    assert any(text.startswith("Visites : ") for text in said)
    assert any("Captures" in one.text for one in check.findings(None, exact=False)), "and what follows is looked at"


def test_other_keys_open_nothing(site, settings):
    settings.CONTENT_KEYS = "test:" + base64.urlsafe_b64encode(b"x" * 32).decode()
    data_keys.forget_all()
    said = "\n".join(bad(counted()))
    for words in ("clé(s) d'échange ne s'ouvrent pas", "valeurs scellées ne s'ouvrent pas", "Visites", "Captures"):
        assert words in said


def test_key_that_is_gone_is_told_as_such_and_not_as_a_broken_value(site):
    WrappedKey.objects.filter(pk=site.data_key).delete()
    data_keys.forget_all()
    said = bad()
    assert any(text.startswith("1 signalement(s) sur 1 n'ont plus de clé") for text in said)
    assert not any("valeurs scellées" in text for text in said)


def test_one_altered_value_is_found(site):
    message = Message.objects.order_by("-pk").first()
    altered = bytearray(message.sealed_body)
    altered[-1] ^= 1
    Message.objects.filter(pk=message.pk).update(sealed_body=bytes(altered))
    assert any("chat.Message.sealed_body (clé d'échange)" in text for text in bad())


def test_field_with_more_keys_than_a_ring_ever_has_is_said_and_bounded(site, monkeypatch):
    for number in range(12):
        name = f"key-{number}".encode()
        Message.objects.filter(pk=make.message(site, "un mot").pk).update(
            sealed_body=bytes((encryption.VERSION, len(name))) + name + bytes(40)
        )
    monkeypatch.setattr(check, "NAMES", 4)
    said = bad()
    assert any(
        text.startswith("Plus de 4 clés différentes dans 1 champ(s) (chat.Message.sealed_body)") for text in said
    )
    tried = next(text for text in said if "valeurs scellées ne s'ouvrent pas" in text)
    assert tried.startswith("3 sorte(s)"), "the key of the exchange is the first of the four, and opens"


def test_lines_that_are_missing_are_bad_where_none_may_go_and_told_elsewhere(site):
    there = Message.objects.count()
    assert bad(counted(chat_message=there + 3)) == []
    assert len(bad(counted(chat_message=there + 3), exact=True)) == 1
    assert len(bad(counted(chat_message=200))) == 1, "more than half is gone"
    assert len(bad(counted(reports_accessrecord=4))) == 1
    assert bad(counted(gone_table=1)) == ["1 table(s) de la sauvegarde manquent : gone_table."]


@pytest.mark.parametrize("change", ["cut", "another", "altered"])
def test_register_that_is_not_that_of_the_backup_is_found(site, change):
    manifest = counted()
    last = AccessRecord.objects.order_by("-number").first()
    if change == "another":
        manifest = Manifest.parse(manifest.as_json().replace(last.digest, "0" * 64))
    else:
        statement = {"cut": "DELETE FROM", "altered": "UPDATE"}[change]
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE reports_accessrecord DISABLE TRIGGER USER")
            rest = " SET detail = 'x'" if change == "altered" else ""
            cursor.execute(f"{statement} reports_accessrecord{rest} WHERE number = %s", [last.number])
    assert any("Le registre est rompu" in text for text in bad(manifest))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports_proofday SET statement = replace(statement, '\"size\":3', '\"size\":2')",
        "UPDATE reports_proofday SET digest = repeat('0', 64)",
        "UPDATE reports_proofchunk SET hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40))",
        "UPDATE reports_proofchunk SET root = set_byte(root, 4, 255 - get_byte(root, 4))",
        "DELETE FROM reports_proofchunk",
    ],
)
def test_day_that_was_altered_is_found(site, change):
    with connection.cursor() as cursor:
        cursor.execute(change)
        assert cursor.rowcount == 1
    assert any("preuve de date de la journée" in text for text in bad())


def test_day_of_the_backup_that_is_missing_or_another_is_found(site):
    manifest = counted()
    other = Manifest.parse(manifest.as_json().replace(manifest.proof_day[11:], "0" * 64))
    assert any("n'est pas celle de la sauvegarde" in text for text in bad(other))
    ProofDay.objects.all().delete()
    assert any("Les preuves de date s'arrêtent avant" in text for text in bad(manifest))


def test_capture_whose_store_is_lost_is_found(site, tmp_path):
    for path in (tmp_path / "captures").rglob("*"):
        if path.is_file():
            path.unlink()
    assert any("Captures" in text for text in bad())


def test_role_that_is_missing_is_named(site, monkeypatch):
    monkeypatch.setattr(check, "ROLE", "pnav_nobody")
    assert any("deploy/restore --roles" in text for text in bad())


def test_command_ends_by_what_it_found(site, tmp_path, capsys):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(counted().as_json())
    call_command("check_backup", manifest=[manifest], exact=True)
    assert capsys.readouterr().out.endswith("Ce site est entier.\n")
    Report.objects.update(triage_answers_sealed=b"\x02" + bytes(40))
    manifest.write_text(counted(reports_report=500).as_json())
    with pytest.raises(SystemExit) as ended:
        call_command("check_backup", manifest=[manifest])
    assert ended.value.code == 1 and " NON : " in capsys.readouterr().out
    manifest.write_text("{}")
    with pytest.raises(CommandError, match="manifeste"):
        call_command("check_backup", manifest=[manifest])
    with pytest.raises(CommandError, match="donnez --manifest"):
        call_command("check_backup", exact=True)


@pytest.mark.django_db
def test_site_is_called_whole_only_with_what_the_content_counted(monkeypatch, tmp_path, capsys):
    """An empty content is in order, and the manifest of the keys counts nothing of it: it is not the one that was lost.

    After the loss of a whole machine both servers are restored, and each has a manifest.
    """
    monkeypatch.setattr(check, "ROLE", "pnav")
    of_keys, of_content = tmp_path / "keys.json", tmp_path / "content.json"
    wrapped = WrappedKey._meta.db_table
    of_keys.write_text(replace(counted(), name="keys", counts={wrapped: 0}, head="", proof_day="").as_json())
    for given in ([of_keys], []):
        call_command("check_backup", manifest=given)
        said = capsys.readouterr().out
        assert "Ce site est entier" not in said and "note : Sans le manifeste de la sauvegarde du contenu" in said
    of_content.write_text(counted(chat_message=200, reports_accessrecord=3).as_json())
    for given in ([of_content, of_keys], [of_keys, of_content]):
        with pytest.raises(SystemExit):
            call_command("check_backup", manifest=given)
        said = capsys.readouterr()
        assert "chat_message (200 → 0)" in said.out and "n'est pas entier" in said.err
        assert "1 tables du serveur des clés comparées" in said.out
    of_content.write_text(counted().as_json())
    call_command("check_backup", manifest=[of_content, of_keys])
    assert capsys.readouterr().out.endswith("Ce site est entier.\n")
    with pytest.raises(CommandError, match="deux manifestes du même serveur"):
        call_command("check_backup", manifest=[of_keys, of_keys])


@pytest.mark.django_db
def test_server_that_cannot_be_used_is_said_in_one_line(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", "nobody_made_this")
    with pytest.raises(CommandError, match="category=no_database") as said:
        call_command("check_backup")
    assert "\n" not in str(said.value) and "nobody_made_this" not in str(said.value)
