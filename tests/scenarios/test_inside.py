"""The internal connections as docker-compose.yml has them: encrypted, with a certificate on both ends, and few rights.

PostgreSQL and the web process speak TLS themselves. The Valkey of the wheel is built without it, so a forwarder stands
in front of it here, which requires what `--tls-auth-clients yes` requires. Accounts and rights are Valkey's own.
"""

import asyncio
import http.client
import json
import os
import pwd
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.database_errors import failure_of
from deploy import authority
from pnav.demo.services import Postgres, Valkey, free_port
from tests.scenarios.conftest import PlainWeb
from tests.scenarios.test_production import PRODUCTION, with_keys
from tests.support import once, roles
from tests.support.fresh import manage

ROOT = Path(__file__).resolve().parents[2]
WORD = "a-password-of-redis-for-this-test"
EXAMINER = "user examiner on nopass ~* &* +@all\n"
pytestmark = pytest.mark.slow


class Guarded(Valkey):
    """A Valkey without its default account: the account `examiner` asks whether it answers."""

    @property
    def url(self) -> str:
        return f"unix://examiner@{self.sockets}/valkey.sock"


class Forwarder:
    """TLS in front of a Unix socket, in a thread, for clients with a certificate of the authority only."""

    def __init__(self, folder: Path, behind: Path) -> None:
        self.behind = behind
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
        self.context.load_verify_locations(folder / "authority.pem")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.context), self.loop
        ).result(10)
        self.port: int = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self.behind))
        await asyncio.gather(self.pass_on(reader, back), self.pass_on(there, writer))

    @staticmethod
    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class SecureWeb(PlainWeb):
    """A web process as the image starts it: the entry point `web`, with the certificate of docker-compose.yml."""

    def start(self) -> None:
        folder = self.environment["TLS"]
        own = {"WEB_PORT": str(self.port), "WEB_INTERFACE": "127.0.0.1"}
        own |= {"WEB_KEY": f"{folder}/key.pem", "WEB_CERTIFICATE": f"{folder}/certificate.pem"}
        # The name at the end is that of the application: this one needs no collected static files.
        code = f"from pnav.server import entry; entry.APPLICATION = {self.application!r}; entry.main(['web'])"
        self._spawn([sys.executable, "-c", code], cwd=ROOT, env=self.environment | own)
        self._wait_until(self._answers)


class Inside:
    """The data services of a small production, and the environments of the processes that use them."""

    def __init__(self, folder: Path, made_on: datetime | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.postgres = Postgres(folder / "state")
        self.home = self.postgres.home
        self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.tls = self.home / "tls"
        me = os.geteuid()
        its = pwd.getpwnam("nobody").pw_uid if self.postgres.as_root else me
        owners = dict.fromkeys(authority.PARTS, me) | {"postgres": its}
        self.owners = owners
        authority.make(self.tls, now=made_on or datetime.now(UTC), owners=owners)
        for each in (self.tls, *self.tls.iterdir()):
            each.chmod(0o755)
        # The rules also allow the test database of another run; nothing else is changed.
        rules = (ROOT / "deploy/pg_hba.conf").read_text()
        assert "hostssl  pnav      pnav      all" in rules
        rules = rules.replace("hostssl  pnav      pnav      all", "hostssl  all       pnav      all")
        (self.home / "pg_hba.conf").write_text(rules)
        (self.home / "pg_hba.conf").chmod(0o644)
        tests = authority.users(WORD, "test-main").splitlines()[1].replace("user pnav", "user tests")
        (folder / "users.acl").write_text(f"{authority.users(WORD)}{tests} +flushdb +ttl\n{EXAMINER}")
        self.postgres.options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "hba_file": str(self.home / "pg_hba.conf"),
            "ssl": "on",
            "ssl_min_protocol_version": "TLSv1.3",
            "ssl_ca_file": str(self.tls / "postgres/authority.pem"),
            "ssl_cert_file": str(self.tls / "postgres/certificate.pem"),
            "ssl_key_file": str(self.tls / "postgres/key.pem"),
        }
        self.valkey = Guarded(folder, "--aclfile", str(folder / "users.acl"))
        self.forwarder: Forwarder | None = None

    def start(self) -> None:
        self.postgres.start()
        with self.admin("pnav") as connection:
            connection.execute(roles.statements(WORD))  # type: ignore[arg-type]
            connection.execute(sql.SQL("ALTER ROLE pnav PASSWORD {}").format(sql.Literal(WORD)))
        self.valkey.start()
        assert self.valkey.sockets is not None
        self.forwarder = Forwarder(self.tls / "redis", self.valkey.sockets / "valkey.sock")
        (self.folder / "word").write_text(WORD + "\n")

    def stop(self) -> None:
        if self.forwarder is not None:
            self.forwarder.stop()
        self.valkey.stop()
        self.postgres.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        assert self.postgres.sockets is not None
        return psycopg.connect(
            host=str(self.postgres.sockets), port=self.port, user="pnav", dbname=database, autocommit=True
        )

    def environment(self, place: str, *, account: str = "pnav") -> dict[str, str]:
        """Return the environment of a process that shows the certificate of this folder.

        It has the addresses of docker-compose.yml, and secrets in files.
        """
        role, tls = authority.PARTS[place].name, self.tls / place
        assert self.forwarder is not None
        return {
            **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}},
            **PRODUCTION,
            "DATABASE_URL": f"postgres://{role}@localhost:{self.port}/pnav?sslmode=verify-full"
            f"&sslrootcert={tls}/authority.pem&sslcert={tls}/certificate.pem&sslkey={tls}/key.pem",
            "REDIS_URL": f"rediss://{account}@localhost:{self.forwarder.port}/0"
            f"?ssl_ca_certs={tls}/authority.pem&ssl_certfile={tls}/certificate.pem&ssl_keyfile={tls}/key.pem",
            "DATABASE_PASSWORD_FILE": str(self.folder / "word"),
            "REDIS_PASSWORD_FILE": str(self.folder / "word"),
            "REDIS_PREFIX": "pnav",
            "STATIC_ROOT": str(self.folder / "static"),
            "DJANGO_SETTINGS_MODULE": "pnav.settings",
            "TLS": str(tls),
        }

    def redis(self, place: str | None = "web", **account: str) -> redis.Redis:
        assert self.forwarder is not None
        mine = {"ssl_certfile": "certificate.pem", "ssl_keyfile": "key.pem"} if place else {}
        mine = {name: str(self.tls / str(place) / file) for name, file in mine.items()}
        return redis.Redis(
            host="localhost", port=self.forwarder.port, ssl=True, ssl_ca_certs=str(self.tls / "web/authority.pem"),
            retry=Retry(NoBackoff(), 0),
            **mine, **account,
        )  # fmt: skip

    def refusals(self) -> list[dict[str, Any]]:
        """Return what Valkey refused to anybody, the last one first."""
        with redis.Redis.from_url(self.valkey.url, decode_responses=True) as examiner:
            return examiner.acl_log()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """Give the services with a migrated database, the last part of which its owner migrates over TLS.

    The rest comes from what the run of tests migrated once: migrating all of it takes eight seconds of a processor.
    """
    one = Inside(tmp_path_factory.mktemp("inside"))
    try:
        one.start()
        once.migrate_elsewhere(f"postgres://pnav@/pnav?host={one.postgres.sockets}&port={one.port}")
        with one.admin("pnav") as connection:
            connection.execute("DROP TABLE django_session")
            connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
        done = manage(one.environment("owner"), "migrate", "--verbosity=0")
        assert done.returncode == 0, done.stderr
        with one.admin("pnav") as connection:
            for table in ("django_session", "chat_message"):  # made after the rights were given
                may = connection.execute("SELECT has_table_privilege('pnav_web', %s, 'INSERT')", [table]).fetchone()
                assert may == (True,), table
        with one.admin() as connection:
            connection.execute("CREATE DATABASE migrated TEMPLATE pnav")
        (one.folder / "static").mkdir()
        yield one
    finally:
        one.stop()


# What a page, a limit and two processes use: everything that `pnav.cache` and the layer may be asked to do.
USES = """
import asyncio
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.db import connection
from common import network_limits, rate_limits
from common.client_address import Networks

assert not rate_limits.is_over("inside", limit=2, seconds=60) and rate_limits.recent("inside", seconds=60) == 1
network_limits.prepare_windows()
tallies = [network_limits.count(network_limits.REPORTS, Networks(["192.0.2.1"]), most=1) for _each in range(80)]
assert all(tally._fields for tally in tallies) and tallies[-1].is_over
tallies[0].undo()
cache.set("a", [1]); cache.set_many({"b": 2, "c": "d"}, 60); cache.touch("b", 90); cache.touch("c", None)
assert cache.get("a") == [1] and cache.has_key("b") and cache.incr("b") == 3 and cache.decr("b") == 2
assert cache.get_or_set("e", "f", 60) == "f" and not cache.add("e", "g", 60)
cache.delete("a"); cache.delete_many(["b", "c"]); cache.set("e", 1, 0)

async def ring():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("inside", channel)
    await layer.group_send("inside", {"type": "ring"})
    async with asyncio.timeout(30):
        assert await layer.receive(channel) == {"type": "ring"}
    await layer.group_discard("inside", channel)

asyncio.run(ring())
with connection.cursor() as cursor:
    cursor.execute("SELECT ssl, version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    print("RESULT", *cursor.fetchone())
"""


def test_pages_limits_and_rings_work_as_the_account_that_may_do_little(inside):
    before = len(inside.refusals())
    done = manage(inside.environment("web"), "shell", "-v", "0", "-c", USES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.partition("RESULT ")[2].split() == ["True", "TLSv1.3", "/CN=pnav_web"]
    assert inside.refusals()[: len(inside.refusals()) - before] == []


def ask(probe: dict[str, str]) -> tuple[int, str]:
    """Return the exit status of the container's own check of health, and what it says."""
    command = [sys.executable, "deploy/probe.py", "/health/ready"]
    done = subprocess.run(command, cwd=ROOT, env=probe, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_web_process_serves_over_tls_and_finds_both(inside):
    """It is asked by the probe of the container, which trusts only the authority; in clear nothing answers."""
    web = SecureWeb(inside.folder, inside.environment("web"))
    web.start()
    try:
        probe = {**inside.environment("web"), "WEB_PORT": str(web.port)}
        probe["PROBE_AUTHORITY"] = f"{inside.tls}/web/authority.pem"
        assert ask(probe) == (0, "200")
        trusting = ssl.create_default_context(cafile=f"{inside.tls}/proxy/authority.pem")
        connection = http.client.HTTPSConnection("localhost", web.port, timeout=10, context=trusting)
        connection.request("GET", "/health/ready", headers={"Host": "pnav.example"})
        no_digest_yet = {"number": 0, "age_seconds": None, "late": ["1:file"]}  # no worker runs here
        assert json.loads(connection.getresponse().read()) == {"status": "ok", "register_digest": no_digest_yet}
        # As Prometheus asks, which cannot send other headers: over TLS, nobody has to say that a proxy received it
        # encrypted.
        bearer = {"Host": "pnav.example", "Authorization": f"Bearer {PRODUCTION['METRICS_TOKEN']}"}
        connection.request("GET", "/metrics", headers=bearer)
        answer = connection.getresponse()
        assert answer.status == 200 and b"pnav_conversations_waiting" in answer.read()
        probe["PROBE_AUTHORITY"] = str(other_authority(inside.folder) / "authority.pem")
        assert ask(probe) == (1, "SSLCertVerificationError")
        clear = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
        clear.request("GET", "/health/live", headers={"Host": "pnav.example"})
        with pytest.raises((http.client.HTTPException, OSError)):
            clear.getresponse()
    finally:
        web.stop()
    log = web.log.read_text()
    # A process that gets no processor for a third of a second says so too, and that is no fault of the connection.
    faults = re.findall(r"pubsub: (?!disconnected, polling|connected again).*", log)
    assert faults == [] and "not_ready" not in log


TWO_ADMINISTRATORS = """
from pnav.accounts.models import Role
from tests.accounts.cast import make_user

for name in ("chef", "cheffe"):
    make_user(name, Role.ADMINISTRATOR)
"""


def test_check_deploy_finds_nothing(inside):
    done = manage(inside.environment("web"), "shell", "-v", "0", "-c", TWO_ADMINISTRATORS)
    assert done.returncode == 0, done.stderr
    own = with_keys(inside.environment("web"))
    done = manage(own, "check", "--deploy", "--database", "default", "--fail-level", "INFO")
    assert done.returncode == 0, done.stderr


def other_authority(folder: Path) -> Path:
    """Return the web's folder of an authority that nobody here trusts."""
    if not (folder / "other").exists():
        me = os.geteuid()
        authority.make(folder / "other", now=datetime.now(UTC), owners=dict.fromkeys(authority.PARTS, me))
    return folder / "other/web"


@pytest.mark.parametrize(
    ("change", "said", "kind"),
    [
        ({"sslmode": "disable"}, "no pg_hba.conf entry", "not_allowed"),
        ({"password": "another-password-of-twenty"}, "password authentication failed", "wrong_password"),
        ({"sslcert": "/nowhere", "sslkey": "/nowhere"}, "valid client certificate", "not_allowed"),
        ({"user": "pnav"}, "does not match|certificate authentication failed|password authentication failed",
         "not_allowed|wrong_password"),
        ({"host": "127.0.0.1"}, "does not match host name", "certificate"),
        ({"sslrootcert": "authority.pem"}, "certificate verify failed", "certificate"),
        ({"sslcert": "certificate.pem", "sslkey": "key.pem"}, "unknown ca", "certificate"),
        ({"ssl_max_protocol_version": "TLSv1.2", "ssl_min_protocol_version": "TLSv1.2"}, "protocol version",
         "certificate"),
    ],
)  # fmt: skip
def test_postgresql_lets_nobody_else_in(inside, change, said, kind):
    mine, other = inside.tls / "web", other_authority(inside.folder)
    asked = {
        "host": "localhost", "port": inside.port, "user": "pnav_web", "dbname": "pnav", "password": WORD,
        "sslmode": "verify-full", "sslrootcert": str(mine / "authority.pem"),
        "sslcert": str(mine / "certificate.pem"), "sslkey": str(mine / "key.pem"), "connect_timeout": 5,
    }  # fmt: skip
    with psycopg.connect(**asked) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    changed = {name: str(other / value) if value.endswith(".pem") else value for name, value in change.items()}
    with pytest.raises(psycopg.OperationalError, match=said) as refused:
        psycopg.connect(**(asked | changed)).close()
    assert failure_of(refused.value).category in kind.split("|"), refused.value


def test_migrate_says_that_the_password_is_wrong_and_nothing_else(inside, tmp_path):
    (tmp_path / "word").write_text("another-password-of-twenty")
    done = manage({**inside.environment("owner"), "DATABASE_PASSWORD_FILE": str(tmp_path / "word")}, "migrate")
    line = done.stderr.strip()
    assert "\n" not in line, done.stderr
    assert done.returncode == 1 and "(OperationalError sqlstate=28P01 category=wrong_password)" in line
    assert "another-password" not in line and "localhost" not in line and str(inside.port) not in line


@pytest.mark.parametrize(
    "account", [{}, {"username": "pnav", "password": "wrong"}, {"username": "default", "password": WORD}]
)
def test_valkey_lets_nobody_in_without_a_name(inside, account):
    with inside.redis(**account) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_forwarder_asks_for_a_certificate(inside):
    """It does what `--tls-auth-clients yes` does in docker-compose.yml."""
    with inside.redis(None, username="pnav", password=WORD) as client, pytest.raises(redis.ConnectionError):
        client.ping()


@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",), ("FLUSHDB",), ("KEYS", "*"), ("SCAN", "0"), ("CONFIG", "GET", "*"), ("ACL", "LIST"),
        ("MONITOR",), ("EVAL", "return 1", "0"), ("SHUTDOWN",), ("CLIENT", "LIST"), ("CLIENT", "KILL", "ID", "1"),
        ("PUBSUB", "CHANNELS"), ("PSUBSCRIBE", "*"), ("GET", "other:1"),
        ("SET", "other:1", "x"), ("PUBLISH", "other", "x"), ("RENAME", "pnav:2:a", "pnav:2:b"), ("DUMP", "pnav:2:a"),
        ("MODULE", "LIST"), ("REPLICAOF", "localhost", "1"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_account_of_pnav_may_do_nothing_else(inside, command):
    with inside.redis(username="pnav", password=WORD) as client:
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command(*command)
        assert client.set("pnav:2:mine", "x", ex=60) and client.get("pnav:2:mine") == b"x"


def test_tests_of_cache_doorbell_health_and_late_documents_pass_over_these_connections(inside):
    """They run in a process and on a database of their own, as the owner.

    The account of Valkey may empty it too, and ask when a key ends.
    """
    environment = inside.environment("owner", account="tests")
    for name in (*PRODUCTION, "STATIC_ROOT", "PNAV_TESTS_WORKER", "PYTEST_CURRENT_TEST", "REDIS_PREFIX"):
        environment.pop(name, None)
    environment[once.TEMPLATE] = "migrated"
    before = len(inside.refusals())
    files = ["tests/test_cache.py", "tests/chat/test_pubsub.py", "tests/test_health.py"]
    files.append("tests/common/offload/test_background_jobs.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not browser", *files],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert re.search(r"\d\d passed", done.stdout)
    assert inside.refusals()[: len(inside.refusals()) - before] == []
