"""A page whose query hangs delays no other page and no conversation of its process."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import psycopg
import pytest
from pytest_django import DjangoDbBlocker

from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import Site

pytestmark = pytest.mark.slow

SLOW_PAGES = 4
TURNS = 10
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    """Give a site whose queries may stand still for longer than a busy machine needs for the others."""
    patient = {"DATABASE_STATEMENT_SECONDS": str(PATIENCE_SECONDS)}
    site = Site(tmp_path_factory.mktemp("slow"), django_db_blocker, 1, **patient)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def test_slow_pages_stall_neither_other_pages_nor_sockets(site):
    site.collect_static()
    with site.database():
        key = visit(make.assigned())
    address = f"http://127.0.0.1:{site.webs[0].port}"
    slow, other = f"{address}/loi/", f"{address}/mentions-legales/"  # the first one reads sections at each visit

    def status(page: str) -> int:
        with urlopen(page, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  our own server
            return answer.status

    assert status(slow) == status(other) == 200
    with (
        ThreadPoolExecutor(SLOW_PAGES) as people,
        site.line(0, "/ws/conversation/", key) as line,
        psycopg.connect(site.postgres.url) as keeper,
    ):
        line.acknowledged(line.post("avant"))
        keeper.execute("LOCK TABLE pages_contentblock IN ACCESS EXCLUSIVE MODE")
        waiting = [people.submit(status, slow) for _each in range(SLOW_PAGES)]
        stands = "SELECT count(*) FROM pg_locks WHERE relation = 'pages_contentblock'::regclass AND NOT granted"
        while (keeper.execute(stands).fetchone() or (0,))[0] < SLOW_PAGES:
            assert not any(page.done() for page in waiting)
            time.sleep(0.02)
        for _turn in range(TURNS):
            assert status(other) == 200
            line.acknowledged(line.post("toujours là"))
            time.sleep(0.1)  # slower than the pace that a socket may have
        assert not any(page.done() for page in waiting)  # all of that happened while they waited
        keeper.rollback()
        assert [page.result() for page in waiting] == [200] * SLOW_PAGES
