"""A page whose query stands still holds up no other page and no conversation of its process."""

import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import psycopg
import pytest

from tests.chat.sockets import visit
from tests.factories import chat as make

pytestmark = pytest.mark.slow

SLOW_PAGES = 4
SECONDS = 2.0


def test_slow_pages_stall_neither_other_pages_nor_sockets(site):
    site.collect_static()
    with site.database():
        key = visit(make.assigned())
    address = f"http://127.0.0.1:{site.webs[0].port}"
    home, other = f"{address}/", f"{address}/mentions-legales/"

    def status(page: str) -> int:
        with urlopen(page, timeout=20) as answer:  # noqa: S310  our own server
            return answer.status

    assert status(home) == status(other) == 200
    with (
        ThreadPoolExecutor(SLOW_PAGES) as people,
        site.line(0, "/ws/conversation/", key) as line,
        psycopg.connect(site.postgres.url) as keeper,
    ):
        line.acknowledged(line.post("avant"))
        keeper.execute("LOCK TABLE pages_contentblock IN ACCESS EXCLUSIVE MODE")
        waiting = [people.submit(status, home) for _each in range(SLOW_PAGES)]
        time.sleep(0.3)
        slowest_page = slowest_message = 0.0
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            started = time.monotonic()
            assert status(other) == 200
            answered = time.monotonic()
            line.acknowledged(line.post("toujours là"))
            slowest_page = max(slowest_page, answered - started)
            slowest_message = max(slowest_message, time.monotonic() - answered)
            time.sleep(0.1)  # below the pace that a socket is held to
        assert not any(page.done() for page in waiting)
        keeper.rollback()
        assert [page.result() for page in waiting] == [200] * SLOW_PAGES
    # Far below what the slow pages took, on a machine that does other things too.
    assert slowest_page < SECONDS / 2
    assert slowest_message < SECONDS / 2
