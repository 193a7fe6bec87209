"""docker-compose.yml says true things about this repository."""

import argparse
import re
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from daphne.cli import CommandLineInterface
from django.contrib.sessions.models import Session
from django.core.management import get_commands
from django.db import ProgrammingError, connection, transaction
from django.urls import resolve, reverse
from django.utils import timezone

from pnav.pages.models import Feedback
from pnav.serving import OPTIONS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker")
BUILT_HERE = "pnav"


def words(service: str) -> list[str]:
    """The command of a service as one list of words, `sh -c` opened."""
    command = SERVICES[service]["command"]
    command = command.split() if isinstance(command, str) else command
    return command[2].split() if command[:2] == ["sh", "-c"] else command


def test_services_are_those_of_a_production():
    assert set(SERVICES) == {"postgres", "redis", "migrate", "web", "worker", "proxy"}
    assert SERVICES["web"]["deploy"]["replicas"] >= 2


@pytest.mark.parametrize("service", OURS)
def test_management_commands_exist(service):
    command = words(service)
    named = [command[index + 1] for index, word in enumerate(command) if word == "manage.py"]
    assert set(named) <= set(get_commands())
    assert named or service == "web"


def test_migrate_migrates_before_anything():
    command = words("migrate")
    assert command[command.index("manage.py") + 1] == "migrate"


def test_web_command_is_accepted_by_daphne_and_serves_our_application():
    command = words("web")
    assert command[0] == "daphne"
    options = CommandLineInterface().parser.parse_args(command[1:])
    assert options.socket_strings == ["tcp:port=8000:interface=0.0.0.0:backlog=2048"]  # inside the container
    for name, value in zip(OPTIONS[::2], OPTIONS[1::2], strict=True):
        assert command[command.index(name) + 1] == value
    module, _, name = options.application.partition(":")
    assert callable(getattr(import_module(module), name))
    assert options.verbosity == 0 and options.access_log is None  # the access log holds addresses
    assert options.websocket_timeout < 24 * 60 * 60
    # The limit also holds for what the server sends.
    assert options.websocket_max_message_size >= 1024 * 1024
    assert options.websocket_max_frame_size >= 1024 * 1024
    assert options.application_close_timeout == 60


def test_web_command_with_an_unknown_option_would_be_seen():
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        CommandLineInterface().parser.parse_args(["--websocket-time-out", "3", "pnav.asgi:application"])


def test_every_variable_is_explained():
    names = set(re.findall(r"\$\{(\w+)", TEXT)) | set(re.findall(r"\{\$(\w+)", (ROOT / "deploy/Caddyfile").read_text()))
    explained = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert names and names <= explained


@pytest.mark.parametrize("service", OURS)
def test_our_containers_get_their_secrets_from_the_environment(service):
    assert SERVICES[service]["env_file"] == ".env"
    environment = SERVICES[service]["environment"]
    assert set(environment) - {"DATABASE_STATEMENT_SECONDS"} == {"DATABASE_URL", "REDIS_URL", "POSTGRES_PASSWORD"}


def test_only_migrate_may_take_its_time():
    assert SERVICES["migrate"]["environment"]["DATABASE_STATEMENT_SECONDS"] == "0"
    assert not any("DATABASE_STATEMENT_SECONDS" in SERVICES[name]["environment"] for name in ("web", "worker"))


def test_only_migrate_owns_the_schema():
    addresses = {service: SERVICES[service]["environment"]["DATABASE_URL"] for service in OURS}
    assert "//pnav:${POSTGRES_PASSWORD:?" in addresses["migrate"]
    for service in ("web", "worker"):
        assert "//pnav_web:${POSTGRES_WEB_PASSWORD:?" in addresses[service]
        assert SERVICES[service]["environment"]["POSTGRES_PASSWORD"] == ""  # env_file would bring it
    assert "POSTGRES_WEB_PASSWORD" in SERVICES["postgres"]["environment"]


@pytest.mark.django_db
def test_role_of_the_web_reads_and_writes_lines_and_nothing_else():
    script = (ROOT / "deploy/roles.sql").read_text()
    assert r"\getenv password POSTGRES_WEB_PASSWORD" in script
    statements = re.sub(r"^\\getenv.*$", "", script, flags=re.MULTILINE).replace(":'password'", "'a password'")
    with connection.cursor() as cursor:
        cursor.execute(statements)
        cursor.execute("CREATE TABLE made_later (id bigserial PRIMARY KEY)")
        cursor.execute("SET LOCAL ROLE pnav_web")
    # Written before and after the script ran.
    session = Session.objects.create(session_key="a", session_data="b", expire_date=timezone.now())
    Session.objects.update(session_data="c")
    session.delete()
    Feedback.objects.create(rating="yes", page="other")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO made_later DEFAULT VALUES")
        for forbidden in (
            "DROP TABLE made_later",
            "ALTER TABLE made_later ADD word text",
            "TRUNCATE made_later",
            "CREATE TABLE another (id int)",
            "CREATE ROLE another",
            "SELECT pg_read_file('/etc/hostname')",
            "ALTER TABLE reports_accessrecord DISABLE TRIGGER register_keeps_its_lines",
            "SET session_replication_role = replica",
            "TRUNCATE reports_accessrecord",
        ):
            with pytest.raises(ProgrammingError, match=r"must be owner|permission denied"), transaction.atomic():
                cursor.execute(forbidden)


def test_env_file_is_never_committed():
    assert ".env" in (ROOT / ".gitignore").read_text().split()
    assert ".env" in (ROOT / ".dockerignore").read_text().split()


def test_images_are_pinned_to_a_major_version():
    foreign = {name: service["image"] for name, service in SERVICES.items() if service["image"] != BUILT_HERE}
    assert set(foreign) == {"postgres", "redis", "proxy"}
    for image in foreign.values():
        assert re.fullmatch(r"[a-z]+:\d+(\.\d+)*", image), image
    assert foreign["postgres"] == "postgres:18" and foreign["redis"] == "redis:8"
    for line in re.findall(r"^FROM (\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE):
        assert re.fullmatch(r"python:3\.13-slim", line), line


def test_python_of_the_image_is_the_one_of_the_project():
    assert 'requires-python = ">=3.13"' in (ROOT / "pyproject.toml").read_text()


def test_only_the_proxy_is_published():
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]


def test_data_has_no_way_out():
    assert COMPOSE["networks"]["data"]["internal"] is True
    for name in ("postgres", "redis", "migrate", "worker"):
        assert SERVICES[name]["networks"] == ["data"]
    assert "data" not in SERVICES["proxy"]["networks"]
    assert set(SERVICES["web"]["networks"]) & set(SERVICES["proxy"]["networks"])


def test_health_checks_ask_pages_that_exist():
    probe = SERVICES["web"]["healthcheck"]["test"]
    assert (ROOT / probe[2]).is_file()
    assert resolve(probe[3]).url_name == "health_ready"
    address = SERVICES["proxy"]["healthcheck"]["test"][-1].rstrip("/")
    assert f"{address} {{" in (ROOT / "deploy/Caddyfile").read_text()
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "redis", "web", "proxy"))


def test_services_wait_for_a_migrated_database():
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert SERVICES["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    assert SERVICES["proxy"]["depends_on"]["web"]["condition"] == "service_healthy"


@pytest.mark.parametrize("service", OURS)
def test_our_containers_can_do_little(service):
    container = SERVICES[service]
    assert container["read_only"] is True
    assert container["user"] not in {"0", "root"}
    assert container["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in container["security_opt"]
    user = re.search(r"^USER (\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert user is not None and user[1] == container["user"]


def test_postgresql_is_durable_and_logs_no_content():
    command = words("postgres")
    options = dict(word.split("=") for word in command if "=" in word)
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert options[name] == "on"
    assert options["log_min_error_statement"] == "panic"
    assert options["log_error_verbosity"] == "terse"
    # Since 18 the image keeps its data one level lower: a volume on …/data would stay empty.
    assert SERVICES["postgres"]["volumes"][0] == "postgres:/var/lib/postgresql"


def test_connections_fit():
    """Pools of two web processes and a worker, at their default size, stay below what PostgreSQL accepts."""
    options = dict(word.split("=") for word in words("postgres") if "=" in word)
    default = int(re.search(r"DATABASE_POOL_SIZE=(\d+)", (ROOT / ".env.example").read_text())[1])  # type: ignore[index]
    assert (SERVICES["web"]["deploy"]["replicas"] + 1) * default < int(options["max_connections"])


def test_volumes_are_declared():
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }
    assert used == set(COMPOSE["volumes"])
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            if volume.startswith("."):
                assert (ROOT / volume.split(":")[0]).is_file()


def test_proxy_logs_no_address():
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    assert "request delete" in caddyfile
    # `log` occurs once, in the global options: in a site it would open an access log.
    assert len(re.findall(r"^\s*log\b", caddyfile, re.MULTILINE)) == 1


def test_proxy_hides_the_pages_of_the_operator():
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    hidden = re.search(r"@private path (.+)\n\s+respond @private 404", caddyfile)
    assert hidden is not None
    for name in ("health_live", "health_ready", "metrics"):
        assert any(fnmatch(reverse(name), pattern) for pattern in hidden[1].split()), name


@pytest.mark.parametrize("name", ["X-Forwarded-*", "Forwarded", "Daphne-Root-Path"])
def test_proxy_drops_what_a_client_claims(name):
    assert re.search(rf"^\trequest_header -{re.escape(name)}$", (ROOT / "deploy/Caddyfile").read_text(), re.MULTILINE)


def test_dockerfile_copies_and_runs_what_exists():
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert "--require-hashes -r /build/requirements.txt" in dockerfile
    assert "--hash=sha256:" in (ROOT / "requirements.txt").read_text()
    assert (ROOT / "deploy/build.sh").is_file()
    for command in re.findall(r"manage\.py (\w+)", (ROOT / "deploy/build.sh").read_text()):
        assert command in get_commands()
