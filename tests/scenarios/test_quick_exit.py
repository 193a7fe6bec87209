"""Leaving while PostgreSQL is stalled, gone, or busy with somebody else's lock: real processes, really stopped."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session

from chat.models import Conversation, Departure, EventKind
from tests.chat.sockets import visit
from tests.factories import chat as make
from tests.scenarios.conftest import PlainSite, restart_in_place

pytestmark = pytest.mark.slow
# Longer than an exit may take, and shorter than what it could wait for: a lock or a statement is given up after 8 s.
SECONDS = 4


@pytest.fixture(scope="module")
def site(tmp_path_factory, django_db_blocker) -> Iterator[PlainSite]:
    site = PlainSite(tmp_path_factory.mktemp("exit"), django_db_blocker, webs=1)
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def person(site) -> tuple[Conversation, str]:
    with site.database():
        Session.objects.all().delete()
        conversation = make.assigned()
        return conversation, visit(conversation)


def ask(site: PlainSite, method: str, path: str, key: str) -> http.client.HTTPResponse:
    line = http.client.HTTPConnection("127.0.0.1", site.webs[0].port, timeout=SECONDS)
    line.request(method, path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"})
    return line.getresponse()


def leave(site: PlainSite, key: str) -> None:
    answer = ask(site, "POST", "/quitter/", key)
    assert answer.status == 303
    assert answer.headers["Location"] == settings.QUICK_EXIT_URL
    assert f'{settings.SESSION_COOKIE_NAME}=""' in answer.headers["Set-Cookie"]


def processes(parent: int) -> list[int]:
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *(int(child) for child in children)]


@contextmanager
def stalled(site: PlainSite) -> Iterator[None]:
    """PostgreSQL is there and does not answer: its processes are stopped. The kernel still accepts what is sent."""
    assert site.postgres.process is not None
    all_of_it = processes(site.postgres.process.pid)
    for process in all_of_it:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in all_of_it:
            os.kill(process, signal.SIGCONT)


def is_forgotten_and_parked(conversation: Conversation) -> bool:
    return (
        not Session.objects.exists()
        and not Departure.objects.exists()
        and conversation.events.filter(kind=EventKind.PARKED).count() == 1
    )


def comes_true(site: PlainSite, question: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    with site.database():
        while not question():
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_leaving_while_postgres_is_stalled_and_every_page_waits_for_it(site, person):
    conversation, key = person
    ask(site, "GET", "/accessibilite/", key).read()
    with stalled(site):

        def wait_in_vain() -> None:
            with pytest.raises(TimeoutError):
                ask(site, "GET", "/tchat/", key)

        pages = [threading.Thread(target=wait_in_vain) for _each in range(settings.PAGE_THREADS)]
        for page in pages:
            page.start()
        time.sleep(0.5)
        leave(site, key)
        for page in pages:
            page.join()
    comes_true(site, lambda: is_forgotten_and_parked(conversation))


def test_leaving_while_postgres_is_gone(site, person):
    conversation, key = person
    ask(site, "GET", "/accessibilite/", key).read()
    site.postgres.process.kill()
    site.postgres.process.wait()
    leave(site, key)
    restart_in_place(site.postgres)
    comes_true(site, lambda: is_forgotten_and_parked(conversation))
