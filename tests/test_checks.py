import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.db import connection

from chat.models import WorkerDuty
from common import clock
from common.data_keys import copies
from common.offload import pool, process
from locations.models import Source
from pnav import checks
from pnav.checks import (
    DURABILITY,
    captures_are_safe,
    durable_database,
    keys_are_copied,
    register_leaves,
    safe_deployment,
    safe_machine,
    spool_is_writable,
)
from reports.models import BackupStatus
from tests.factories import locations as places


def ids(messages) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.django_db
def test_durable_database_refuses_each_setting_that_is_off(settings):
    """The PostgreSQL of the tests is not durable, so the check reports it."""
    settings.TESTING = False
    messages = durable_database(None, ["default"])
    assert ids(messages) == ["pnav.E001"] * 3
    for name, message in zip(DURABILITY, messages, strict=True):
        assert f"{name} = off" in message.msg


@pytest.mark.django_db
def test_durable_database_sees_the_setting_of_this_role(settings):
    settings.TESTING = False
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        try:
            assert len(durable_database(None, ["default"])) == 2
        finally:
            cursor.execute("RESET synchronous_commit")


@pytest.mark.django_db
def test_durable_database_is_part_of_what_migrate_runs(settings):
    settings.TESTING = False
    assert "pnav.E001" in ids(run_checks(databases=["default"]))
    assert "pnav.E001" not in ids(run_checks())  # no database was asked for, so none is opened


@pytest.mark.django_db
def test_role_without_limits_behind_a_pooler_is_told(settings):
    settings.DATABASE_POOLER = ""
    assert checks.limits_behind_a_pooler(None, ["default"]) == []
    settings.DATABASE_POOLER = "transaction"
    with connection.cursor() as cursor:
        for name in checks.LIMITS:
            cursor.execute("SELECT set_config(%s, '8s', true)", [name])
        cursor.execute("SET LOCAL jit = off")
        assert checks.limits_behind_a_pooler(None, ["default"]) == []
        cursor.execute("SET LOCAL lock_timeout = 0")
    (warning,) = checks.limits_behind_a_pooler(None, ["default"])
    assert warning.id == "pnav.W025" and "lock_timeout" in warning.msg
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '8s'")
        cursor.execute("SET LOCAL jit = on")
    (warning,) = checks.limits_behind_a_pooler(None, ["default"])
    assert warning.id == "pnav.W025" and "jit" in warning.msg
    assert checks.limits_behind_a_pooler(None, None) == []  # no database was asked for, so none is opened


def test_safe_deployment_refuses_the_demonstration_and_the_tests(settings):
    settings.DEMO = settings.TESTING = True
    settings.SITE_URL = settings.METRICS_TOKEN = ""
    assert ids(safe_deployment(None)) == ["pnav.E002", "pnav.E003", "pnav.W001", "pnav.W002"]
    settings.DEMO = settings.TESTING = False
    settings.SITE_URL, settings.METRICS_TOKEN = "https://pnav.example", "token"
    assert safe_deployment(None) == []


TLS = {"sslmode": "verify-full", "sslrootcert": "/tls/authority.pem"}


@pytest.mark.parametrize(
    ("database", "redis", "found"),
    [
        ({"HOST": "postgres", "OPTIONS": TLS}, "rediss://pnav:word@redis/0?ssl_ca_certs=/tls/authority.pem", []),
        ({"HOST": "", "OPTIONS": {"host": "/run/postgresql"}}, "unix:///run/valkey.sock", []),
        ({"HOST": "/run/postgresql", "OPTIONS": {}}, "unix:///run/valkey.sock", []),
        ({"HOST": "postgres", "OPTIONS": {}}, "redis://redis/0", ["pnav.W003", "pnav.W004", "pnav.W005"]),
        ({"HOST": "postgres", "OPTIONS": {"sslmode": "require"}}, "rediss://:word@redis", ["pnav.W003"]),
        ({"HOST": "", "OPTIONS": {"host": "postgres"}}, "rediss://pnav:w@redis?ssl_cert_reqs=none",
         ["pnav.W003", "pnav.W004"]),
        ({"HOST": "postgres", "OPTIONS": TLS}, "rediss://pnav:w@redis?ssl_check_hostname=False", ["pnav.W004"]),
        ({"HOST": "/run/a,db2", "OPTIONS": {"target_session_attrs": "read-write"}}, "unix:///v.sock", ["pnav.W003"]),
        ({"HOST": "db1,db2", "OPTIONS": TLS}, "unix:///v.sock", ["pnav.W026"]),
        ({"HOST": "db1,db2", "OPTIONS": TLS | {"target_session_attrs": "read-write"}}, "unix:///v.sock", []),
    ],
)  # fmt: skip
def test_safe_deployment_sees_connections_in_clear(settings, monkeypatch, database, redis, found):
    settings.DEMO = settings.TESTING = False
    settings.SITE_URL, settings.METRICS_TOKEN = "https://pnav.example", "token"
    monkeypatch.setitem(settings.DATABASES, "default", database)
    settings.REDIS_URL = redis
    assert ids(safe_deployment(None)) == found


def test_safe_deployment_runs_with_deploy_only():
    assert safe_deployment in registry.deployment_checks
    assert safe_deployment not in registry.registered_checks


def test_folder_in_which_nothing_can_be_made_is_told(settings, tmp_path):
    for folder in ("", str(tmp_path)):
        settings.SPOOL_DIR = folder
        assert spool_is_writable(None) == []
    settings.SPOOL_DIR = str(tmp_path / "absent")
    assert ids(spool_is_writable(None)) == ["pnav.E007"]
    assert list(tmp_path.iterdir()) == []


def test_register_that_goes_nowhere_is_told(settings):
    settings.REGISTER_DIGEST_TO = []
    assert ids(register_leaves(None)) == ["pnav.W009"]
    settings.REGISTER_DIGEST_TO = ["file:/digests/empreintes.txt"]
    assert register_leaves(None) == []


@pytest.mark.parametrize(
    ("layers", "clamd", "found"),
    [
        (["namespaces", "system_calls"], "clamd:3310", []),
        (["system_calls"], "clamd:3310", ["pnav.W027"]),
        ([], "", ["pnav.W027", "pnav.W027", "pnav.W028"]),
    ],
)
def test_what_captures_lack_is_told(settings, monkeypatch, layers, clamd, found):
    settings.CAPTURES, settings.CLAMD = True, clamd
    monkeypatch.setattr(pool, "run", lambda *_asked: (layers, b""))
    assert ids(captures_are_safe(None)) == found
    settings.CAPTURES = False
    assert captures_are_safe(None) == []


def test_keys_of_exchanges_that_lie_with_the_content_or_in_one_place_are_told(settings, monkeypatch):
    settings.EXCHANGE_KEYS, settings.DATA_KEYS_COPIES_TO = "write", []
    assert ids(keys_are_copied(None)) == ["pnav.W011", "pnav.W012"]
    settings.DATA_KEYS_COPIES_TO = ["/un"]
    monkeypatch.setitem(settings.DATABASES, "data_keys", {"HOST": "keys", "OPTIONS": TLS})
    assert ids(keys_are_copied(None)) == ["pnav.W012"]
    settings.DATA_KEYS_COPIES_TO = ["/un", "/deux"]
    assert keys_are_copied(None) == []
    settings.IDENTITY_KEYS = "read"
    assert ids(keys_are_copied(None)) == ["pnav.W030"]


def test_exchanges_without_keys_of_their_own_are_told_with_what_to_do(settings):
    settings.EXCHANGE_KEYS, settings.DATA_KEYS_COPIES_TO = "read", []
    (warning,) = keys_are_copied(None)
    assert warning.id == "pnav.W029" and "backups remember" in warning.msg
    assert "EXCHANGE_KEYS=write" in (warning.hint or "") and "read is right" in (warning.hint or "")


def test_no_id_is_used_by_two_checks():
    """Silencing one check (SILENCED_SYSTEM_CHECKS) silences no other: each id is in the source once."""
    root = Path(__file__).resolve().parents[1]
    packages = ("chat", "common", "locations", "pnav", "reports", "triage")
    sources = [path for package in packages for path in sorted((root / package).rglob("*.py"))]
    used = Counter(one for path in sources for one in re.findall(r"pnav\.[A-Z]\d{3}", path.read_text()))
    assert used["pnav.W011"] and used["pnav.W027"], "ids are found"
    assert [one for one, times in used.items() if times > 1] == []


def test_keys_are_spoken_to_like_the_content(settings, monkeypatch):
    settings.DEMO = settings.TESTING = False
    settings.SITE_URL, settings.METRICS_TOKEN = "https://pnav.example", "token"
    monkeypatch.setitem(settings.DATABASES, "default", {"HOST": "postgres", "OPTIONS": TLS})
    monkeypatch.setitem(settings.DATABASES, "data_keys", {"HOST": "keys", "OPTIONS": {}})
    settings.REDIS_URL = "unix:///run/valkey.sock"
    assert ids(safe_deployment(None)) == ["pnav.W003"]


def test_machine_that_would_write_memory_to_a_disk_is_told(monkeypatch):
    for name in ("can_dump", "dumps_are_piped", "swaps_in_clear"):
        monkeypatch.setattr(process, name, lambda: False)
    assert safe_machine(None) == []
    for name, told in (("can_dump", "W006"), ("dumps_are_piped", "W007"), ("swaps_in_clear", "W008")):
        with monkeypatch.context() as patch:
            patch.setattr(process, name, lambda: True)
            assert ids(safe_machine(None)) == [f"pnav.{told}"]


PLACES = {"demonstration_places", "own_names", "certificates_last"}


def test_checks_of_a_deployment_run_with_deploy_only():
    known = {check.__name__ for check in registry.deployment_checks}
    assert known >= PLACES
    assert not PLACES & {check.__name__ for check in registry.registered_checks}


@pytest.mark.django_db
def test_demonstration_units_that_pass_for_real_are_an_error(settings):
    settings.DEMO_NOTICE = True
    assert checks.demonstration_places(None, ["default"]) == []
    place = places.reception_point(source=Source.HAND)
    assert checks.demonstration_places(None, ["default"]) == []
    place.source = Source.DEMO
    place.save()
    assert ids(checks.demonstration_places(None, ["default"])) == ["pnav.W020"]
    settings.DEMO_NOTICE = False
    assert ids(checks.demonstration_places(None, ["default"])) == ["pnav.E004"]
    assert checks.demonstration_places(None, None) == []  # no database was asked for, so none is opened


@pytest.mark.django_db
def test_backups_that_are_kept_for_longer_than_people_are_told_are_named(settings):
    settings.BACKUP_DAYS, settings.DATA_KEYS_BACKUP_DAYS = 14, 2
    assert checks.backups_are_deleted(None, ["default"]) == []
    for name, days, found in (("content", 15, 0), ("content", 15.1, 1), ("keys", 3, 1), ("keys", 3.1, 2)):
        since = clock.now() - timedelta(days=days, seconds=-5)
        BackupStatus.objects.update_or_create(name=name, defaults={"since": since})
        warnings = checks.backups_are_deleted(None, ["default"])
        assert ids(warnings) == ["pnav.W032"] * found
    BackupStatus.objects.update(since=None)  # no base yet
    assert checks.backups_are_deleted(None, ["default"]) == []
    assert checks.backups_are_deleted(None, None) == []  # no database was asked for, so none is opened


@pytest.mark.django_db
def test_copies_of_the_keys_that_fail_are_told_by_what_the_worker_reported(settings):
    settings.DATA_KEYS_COPIES_TO = ["/un", "/deux"]
    assert checks.keys_were_copied(None, ["default"]) == []  # it has said nothing yet
    duty = WorkerDuty.objects.create(name=copies.DUTY, errors=1)
    assert ids(checks.keys_were_copied(None, ["default"])) == ["pnav.W031"]
    for minutes, found in ((170, []), (190, ["pnav.W031"])):
        duty.succeeded_at = clock.now() - timedelta(minutes=minutes)
        duty.save()
        assert ids(checks.keys_were_copied(None, ["default"])) == found
    assert checks.keys_were_copied(None, None) == []  # no database was asked for, so none is opened
    settings.DATA_KEYS_COPIES_TO = []
    assert checks.keys_were_copied(None, ["default"]) == []


@pytest.mark.parametrize(
    ("url", "host", "allowed", "found"),
    [
        ("https://pnav.example", "pnav.example", ["pnav.example"], []),
        ("https://pnav.example", "", [".example"], []),
        ("https://PNAV.example", "pnav.EXAMPLE", ["pnav.example"], []),
        ("", "pnav.example", ["pnav.example"], []),
        ("http://pnav.example", "pnav.example", ["pnav.example"], ["pnav.W021"]),
        ("https://pnav.example/", "pnav.example", ["pnav.example"], ["pnav.W021"]),
        ("https://pnav.example", "pnav.example", ["other.example"], ["pnav.W022"]),
        ("https://pnav.example", "www.pnav.example", ["pnav.example"], ["pnav.W023"]),
        ("pnav.example", "pnav.example", ["pnav.example"], ["pnav.W021", "pnav.W022", "pnav.W023"]),
    ],
)
def test_names_that_disagree_are_told(settings, url, host, allowed, found):
    settings.SITE_URL, settings.SITE_HOST, settings.ALLOWED_HOSTS = url, host, allowed
    messages = checks.own_names(None)
    assert ids(messages) == found
    assert all("example" not in message.msg for message in messages)
