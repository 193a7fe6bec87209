"""Commands that read whole tables, on a server whose time limits are those of the site."""

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils import timezone

from chat.management.commands import rotate_keys
from chat.models import Message
from chat.retention import deletion
from common.postgresql.long_statements import long_statements
from pnav.backup import check
from pnav.backup.check import Finding
from reports.retention import tombstones
from tests.factories import chat as make

LIMITS = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")


def limits() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f"current_setting('{name}')" for name in LIMITS)}")
        return list(cursor.fetchone())


@pytest.fixture
def connection_of_a_site(transactional_db):
    """Leave the limits of before to whoever has this connection next: the pool keeps it after `close()`.

    A test that waited for a lock got these 500 ms, far later in the run.
    """
    before = limits()
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")
    assert limits() == before


def hurry() -> None:
    """Give this connection a limit as that of the site, only shorter."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '500ms'")


def wait() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.8)")


def test_limits_are_those_of_before_when_the_transaction_is_over(connection_of_a_site):
    hurry()
    before = limits()
    assert before[0] == "500ms"
    with long_statements():
        assert limits() == ["0", "0", before[2]]
        wait()
    assert limits() == before
    with pytest.raises(OperationalError, match="statement timeout"):
        wait()
    with pytest.raises(ZeroDivisionError), long_statements():
        raise ZeroDivisionError
    assert limits() == before


def test_check_of_a_backup_may_read_for_long(connection_of_a_site, monkeypatch, capsys):
    def findings(_manifest, *, keys, exact):
        wait()
        yield Finding(True, "lu")

    monkeypatch.setattr(check, "findings", findings)
    hurry()
    call_command("check_backup")
    assert "bon : lu" in capsys.readouterr().out


def test_rotation_may_read_a_large_table(connection_of_a_site, monkeypatch, capsys):
    make.message(make.waiting(), "un mot")
    monkeypatch.setattr(rotate_keys, "sealed_models", lambda: [Message])
    slow = RawSQL("(pg_sleep(0.8) IS NULL)", [], output_field=BooleanField())
    monkeypatch.setattr(rotate_keys, "with_ring", lambda _model, _field: Message.objects.filter(slow))
    hurry()
    call_command("rotate_keys")
    assert "Clé courante" in capsys.readouterr().out


def test_list_of_erasures_may_be_compared_with_many_reports(connection_of_a_site, monkeypatch):
    report = make.closed().report
    digest = tombstones.digest_of(report.public_id)

    def slow(_public_id):
        wait()
        monkeypatch.undo()
        return digest

    monkeypatch.setattr(tombstones, "digest_of", slow)
    hurry()
    assert deletion.forget_again([digest], now=timezone.now()) == (1, 0)
