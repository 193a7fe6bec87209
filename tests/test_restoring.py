"""What a test committed does not exist for the next one, and what the migrations wrote does."""

import os
import subprocess
import sys
import threading

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection, transaction

from chat.models import CannedReply
from pnav.pages.models import HelpNumber
from reports.audit import log as audit_log
from reports.models import RetentionRule
from tests.factories import chat as make
from tests.reports.audit.test_log import COMMON
from tests.support import once, restoring


def everything() -> dict[str, list[dict[str, object]]]:
    models = apps.get_models(include_auto_created=True)
    return {one._meta.label: list(one._base_manager.order_by("pk").values()) for one in models if one._meta.managed}


@pytest.mark.django_db(transaction=True)
def test_database_is_as_the_migrations_left_it():
    before = everything()
    kept = ("chat.CannedReply", "reports.RetentionRule", "pages.HelpNumber", "auth.Permission")
    assert all(before[label] for label in kept)
    assert not any(before[label] for label in ("chat.Conversation", "reports.AccessRecord", "accounts.User"))
    make.message(make.assigned(), "de ce test")
    with transaction.atomic():
        audit_log.record(by=None, **COMMON)
    CannedReply.objects.all().delete()
    Permission.objects.first().delete()
    HelpNumber.objects.update(order=4711)
    RetentionRule.objects.update(source="essai")
    changed = {label for label, rows in everything().items() if rows != before[label]}
    assert {"chat.Message", "reports.AccessRecord", "chat.CannedReply", "auth.Permission"} <= changed
    assert {"pages.HelpNumber", "reports.RetentionRule"} <= changed
    restoring.bring_back(None)
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_database_waits_for_what_is_still_being_written():
    """A thread that a test left behind commits later, and its row is removed too."""
    parameters = connection.get_connection_params()
    address = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with psycopg.connect(**address) as late:
        late.execute("INSERT INTO django_session VALUES ('late', '', now())")
        timer = threading.Timer(0.5, late.commit)
        timer.start()
        restoring.bring_back(None)
        timer.join()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_database_is_brought_back_after_a_deadlock_with_what_a_test_left_behind():
    """A thread holds the last table that is locked, and asks for the first one before deadlocks are looked for."""
    parameters = connection.get_connection_params()
    address = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with connection.cursor() as cursor:
        cursor.execute("SELECT kept.tables()")
        first, *_others, last = cursor.fetchone()[0].split(", ")
    with psycopg.connect(**address) as late, connection.cursor() as cursor:
        late.execute("INSERT INTO django_session VALUES ('late', '', now())")
        late.execute(f"LOCK TABLE {last} IN ACCESS SHARE MODE")

        def ask_for_the_first() -> None:
            late.execute(f"LOCK TABLE {first} IN ACCESS SHARE MODE")
            late.commit()

        timer = threading.Timer(0.5, ask_for_the_first)
        timer.start()
        restoring.bring_back(None)
        timer.join()
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_database_of_another_name_is_left_as_it_is(monkeypatch):
    """Otherwise a run that made no database of its own would disable the trigger of the audit log in a real one."""
    monkeypatch.setattr(restoring, "REMEMBER", "CREATE TABLE remembered ()")
    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    address = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with psycopg.connect(**address) as elsewhere:
        monkeypatch.setattr(restoring, "connection", elsewhere)
        with pytest.raises(restoring.NotATestDatabase, match="postgres"):
            restoring.remember()
        assert elsewhere.execute("SELECT to_regclass('remembered')").fetchone() == (None,)
        elsewhere.rollback()


@pytest.mark.slow
def test_file_of_pure_tests_asks_for_no_database():
    """It runs by itself, as with a newcomer: no server answers there, and none is needed."""
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PNAV_TESTS"))}
    files = [
        "tests/chat/rules/test_lifecycle.py",
        "tests/chat/statistics/staffing/test_erlang.py",
        "tests/locations/test_hours.py",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(
        command, cwd=once.ROOT, env=environment | nowhere, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
