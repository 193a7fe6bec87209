"""Leaving while PostgreSQL hangs, is gone, or waits for another lock: real processes, really stopped."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from chat.conversations import departures
from chat.models import Conversation, Departure, EventKind
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import PlainSite, restart_in_place

pytestmark = pytest.mark.slow
# Longer than an exit may take, and shorter than what it could wait for: a lock or a statement is given up after 8 s.
SECONDS = 4
# Somebody is at the person's door. The best of three visits counts, because the machine may do something else in one.
EXIT_SECONDS = 0.3
VISITS = 3

type Visit = tuple[Conversation, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_blocker) -> Iterator[PlainSite]:
    site = PlainSite(tmp_path_factory.mktemp("exit"), django_db_blocker, webs=1)
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def visits(site) -> list[Visit]:
    """Return the visits of people in their exchanges, in a process that has served one of them a page."""
    with site.database():
        Session.objects.all().delete()
        begun = [(conversation, visit(conversation)) for conversation in (make.assigned() for _each in range(VISITS))]
    ask(site, "GET", "/accessibilite/", begun[0][1]).read()
    return begun


def ask(site: PlainSite, method: str, path: str, key: str) -> http.client.HTTPResponse:
    line = http.client.HTTPConnection("127.0.0.1", site.webs[0].port, timeout=SECONDS)
    line.request(method, path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"})
    return line.getresponse()


def leave(site: PlainSite, key: str) -> float:
    """Return the seconds until the browser is told to go elsewhere and to forget its cookie."""
    began = time.monotonic()
    answer = ask(site, "POST", "/quitter/", key)
    took = time.monotonic() - began
    assert answer.status == 303
    assert answer.headers["Location"] == settings.QUICK_EXIT_URL
    assert f'{settings.SESSION_COOKIE_NAME}=""' in answer.headers["Set-Cookie"]
    return took


def processes(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *(int(child) for child in children)]


@contextmanager
def stalled(site: PlainSite) -> Iterator[None]:
    """Stop PostgreSQL's processes: it is there and does not answer. The kernel still accepts what is sent."""
    assert site.postgres.process is not None
    all_of_it = processes(site.postgres.process.pid)
    for process in all_of_it:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in all_of_it:
            os.kill(process, signal.SIGCONT)


@contextmanager
def held(site: PlainSite, statement: str, *values: object) -> Iterator[None]:
    """Hold what this statement locks by another connection, inside."""
    with psycopg.connect(site.postgres.url) as other:
        other.execute(statement, values)
        yield
        other.rollback()


def are_forgotten_and_parked(visits: list[Visit]) -> bool:
    return (
        not Session.objects.exists()
        and not Departure.objects.exists()
        and all(conversation.events.filter(kind=EventKind.PARKED).count() == 1 for conversation, _key in visits)
    )


def comes_true(site: PlainSite, question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    with site.database():
        while not question():
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_leaving_while_postgres_is_stalled_and_every_page_waits_for_it(site, visits):
    with stalled(site):

        def wait_in_vain() -> None:
            with pytest.raises(TimeoutError):
                ask(site, "GET", "/tchat/", visits[0][1])

        pages = [threading.Thread(target=wait_in_vain) for _each in range(settings.PAGE_THREADS)]
        for page in pages:
            page.start()
        time.sleep(0.5)
        took = [leave(site, key) for _conversation, key in visits]
        for page in pages:
            page.join()
    assert min(took) < EXIT_SECONDS, took
    comes_true(site, lambda: are_forgotten_and_parked(visits))


def test_leaving_while_the_visit_is_locked(site, visits):
    with held(site, "LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE"):
        took = [leave(site, key) for _conversation, key in visits]
    assert min(took) < EXIT_SECONDS, took
    comes_true(site, lambda: are_forgotten_and_parked(visits))


def test_leaving_while_the_exchange_is_locked(site, visits):
    """The visit is forgotten under the lock; the worker, which this site has not, parks once it has gone."""
    keys = [conversation.pk for conversation, _key in visits]
    with held(site, "SELECT FROM chat_conversation WHERE id = ANY(%s) FOR UPDATE", keys):
        took = [leave(site, key) for _conversation, key in visits]
        comes_true(site, lambda: not Session.objects.exists() and Departure.objects.count() == VISITS)
    assert min(took) < EXIT_SECONDS, took
    with site.database():
        assert departures.tell_departures() == VISITS
    comes_true(site, lambda: are_forgotten_and_parked(visits))


def test_leaving_while_postgres_is_gone(site, visits):
    site.postgres.process.kill()
    site.postgres.process.wait()
    took = [leave(site, key) for _conversation, key in visits]
    assert min(took) < EXIT_SECONDS, took
    restart_in_place(site.postgres)
    comes_true(site, lambda: are_forgotten_and_parked(visits))
