"""The exchange through pgbouncer in transaction mode, as deploy/pgbouncer.ini and docs/operations.md have it.

It runs where pgbouncer is installed, or where PNAV_TEST_PGBOUNCER names it. The pooler has fewer connections to
PostgreSQL than the web process opens to it, so that one of them serves several threads in turn.
"""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from common.database_errors import failure_of
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import PlainSite
from tests.support import pooler, roles
from tests.support.fresh import manage

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 3
PEOPLE = 6
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(pooler.program() is None, reason="pgbouncer is not installed"),
]


class PooledSite(PlainSite):
    """One web process as `pnav_web`, through a pgbouncer with few connections."""

    def start(self) -> None:
        self.variables |= {"DATABASE_POOLER": "transaction", "DATABASE_PREPARED_STATEMENTS": "true"}
        super().start()

    def each(self) -> list[dict[str, str]]:
        with psycopg.connect(self.postgres.url, autocommit=True) as admin:
            admin.execute(roles.statements("unused"))  # type: ignore[arg-type]
        self.pooler = pooler.Pgbouncer(self.folder, self.postgres, default_pool_size=str(CONNECTIONS))
        self.pooler.start()
        self.environment["DATABASE_URL"] = self.pooler.address("pnav_web")
        return [{}]

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "pooler"):
            self.pooler.stop()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[PooledSite]:
    site = PooledSite(tmp_path_factory.mktemp("pooled"), django_db_blocker, webs=1)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def connections_of(site: PooledSite) -> int:
    with psycopg.connect(site.postgres.url) as admin:
        row = admin.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'pnav_web'").fetchone()
    assert row is not None
    return int(row[0])


def test_messages_of_many_pass_through_few_connections_in_order(site):
    with site.database():
        agent = make.agent()
        visits = [visit(make.assigned(agent) if n % 2 else make.waiting()) for n in range(PEOPLE)]
    lines = [site.line(0, "/ws/conversation/", key) for key in visits]
    try:
        for line in lines:
            line.send(type="sync", after=0)
            line.until(lambda frame: frame["type"] == "state")
        for turn in range(8):
            sent = [line.post(f"{turn} de {n}") for n, line in enumerate(lines)]
            for line, client_id in zip(lines, sent, strict=True):
                line.acknowledged(client_id)
        for n, line in enumerate(lines):
            bodies = [item["body"] for _seq, item in sorted(line.items.items()) if item.get("client_id")]
            assert bodies == [f"{turn} de {n}" for turn in range(8)]
    finally:
        for line in lines:
            line.socket.close()
    assert 1 <= connections_of(site) <= CONNECTIONS
    log = site.webs[0].log.read_text()
    assert "prepared statement" not in log and "the database failed" not in log, log


def test_page_and_readiness_are_served(site):
    for path in ("/health/ready", "/"):
        with urllib.request.urlopen(f"http://127.0.0.1:{site.webs[0].port}{path}", timeout=20) as answer:
            assert answer.status == 200


def test_limits_are_those_of_the_role_and_nothing_is_warned_of(site):
    done = manage(site.environment, "check", "--deploy", "--database", "default")
    assert "pnav.W025" not in done.stderr, done.stderr
    with psycopg.connect(site.pooler.address("pnav_web")) as through:
        assert through.execute("SHOW statement_timeout").fetchone() == ("8s",)
        assert through.execute("SHOW jit").fetchone() == ("off",)
    # The role of the owner has no limit and leaves `jit` on, and the check says so.
    done = manage(site.environment | {"DATABASE_URL": site.pooler.url}, "check", "--deploy", "--database", "default")
    assert done.stderr.count("pnav.W025") == 4, done.stderr


def test_process_that_does_not_know_of_the_pooler_is_told_which_variable(site):
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(site.pooler.address("pnav_web"), options="-c statement_timeout=8000")
    failure = failure_of(refused.value)
    assert failure is not None and failure.category == "start_up_option", refused.value
    done = manage(site.environment | {"DATABASE_POOLER": ""}, "migrate", "--check")
    assert done.returncode == 1 and "DATABASE_POOLER" in done.stderr
